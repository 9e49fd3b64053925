{{/* The environment variables that say how files are read and what is asked of them, for the processors and for helm test. */}}
{{- define "csv-pipeline.planEnv" -}}
{{- with .Values.processor -}}
{{- if .select -}}
- name: SELECT
  value: {{ join "," .select | replace "$" "$$" | quote }}
{{- else -}}
- name: GROUP_BY
  value: {{ join "," .groupBy | replace "$" "$$" | quote }}
- name: AGGREGATE
  value: {{ join "," .aggregate | replace "$" "$$" | quote }}
{{- end }}
- name: WHERE
  value: {{ .where | default "" | replace "$" "$$" | quote }}
- name: HAVING
  value: {{ .having | default "" | replace "$" "$$" | quote }}
- name: ORDER_BY
  value: {{ join "," .orderBy | replace "$" "$$" | quote }}
- name: LIMIT
  value: {{ .limit | int64 | quote }}
- name: OUTPUT_FORMAT
  value: {{ .output.format | replace "$" "$$" | quote }}
- name: DATASETS
  value: {{ empty .datasets | ternary "" (toJson .datasets) | replace "$" "$$" | quote }}
{{- if .command }}
- name: COMMAND
  value: {{ include "csv-pipeline.words" .command | replace "$" "$$" | quote }}
{{- end }}
{{- if include "csv-pipeline.hasCommand" $ }}
- name: COMMAND_INPUT
  value: {{ .commandInput | replace "$" "$$" | quote }}
- name: COMMAND_TIMEOUT
  value: {{ .commandTimeout | replace "$" "$$" | quote }}
- name: COMMAND_MAX_OUTPUT
  value: {{ int64 .commandMaxOutput | quote }}
{{- $names := list }}
{{- range .commandEnv }}
{{- $names = append $names .name }}
{{- end }}
- name: COMMAND_ENV
  value: {{ join "," $names | replace "$" "$$" | quote }}
{{- end }}
{{- range $key := list "delimiter" "quoteChar" "escapeChar" "encoding" "commentPrefix" "raggedRows" "decimalChar" "groupChar" "timeZone" "onBadRow" }}
- name: {{ include "csv-pipeline.variable" $key }}
  value: {{ get $.Values.processor.input $key | default "" | replace "$" "$$" | quote }}
{{- end }}
{{- range $key := list "skipRows" "skipRowsAfterHeader" "skipFooter" "maxExpansion" }}
- name: {{ include "csv-pipeline.variable" $key }}
  value: {{ get $.Values.processor.input $key | int64 | quote }}
{{- end }}
{{- range $key := list "trim" "bareNumber" "lenient" "maxBadShare" }}
- name: {{ include "csv-pipeline.variable" $key }}
  value: {{ get $.Values.processor.input $key | toString | quote }}
{{- end }}
- name: HEADER
  value: {{ kindIs "slice" .input.header | ternary (join "," .input.header) (.input.header | toString) | quote }}
{{- range $key := list "missingValues" "dateFormats" }}
- name: {{ include "csv-pipeline.variable" $key }}
  value: {{ include "csv-pipeline.csv" (get $.Values.processor.input $key) | replace "$" "$$" | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Not empty if a program of the user's own makes results. */}}
{{- define "csv-pipeline.hasCommand" -}}
{{- $has := .Values.processor.command -}}
{{- range .Values.processor.datasets -}}
{{- $has = or $has .command -}}
{{- end -}}
{{- if $has -}}true{{- end -}}
{{- end -}}

{{/* A program and its arguments as one text, which a shell would split into them again. */}}
{{- define "csv-pipeline.words" -}}
{{- if kindIs "string" . -}}
{{- . -}}
{{- else -}}
{{- $quoted := list -}}
{{- range . -}}
{{- $quoted = append $quoted (printf "'%s'" (toString . | replace "'" "'\\''")) -}}
{{- end -}}
{{- join " " $quoted -}}
{{- end -}}
{{- end -}}

{{/* The environment variable of a setting: that of decimalChar is DECIMAL_CHAR. */}}
{{- define "csv-pipeline.variable" -}}
{{- regexReplaceAll "([A-Z])" . "_${1}" | upper -}}
{{- end -}}

{{/* A list as one record of CSV. */}}
{{- define "csv-pipeline.csv" -}}
{{- range $i, $item := (. | default list) }}{{ if $i }},{{ end }}"{{ $item | toString | replace "\"" "\"\"" }}"{{ end -}}
{{- end -}}
