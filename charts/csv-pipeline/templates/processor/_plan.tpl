{{/* The environment variables that say how files are read and what is asked of them, for the processors and for helm test. */}}
{{- define "csv-pipeline.planEnv" -}}
{{- with .Values.processor -}}
{{- if .select -}}
- name: SELECT
  value: {{ join "," .select | quote }}
{{- else -}}
- name: GROUP_BY
  value: {{ join "," .groupBy | quote }}
- name: AGGREGATE
  value: {{ join "," .aggregate | quote }}
{{- end }}
- name: WHERE
  value: {{ .where | quote }}
- name: HAVING
  value: {{ .having | quote }}
- name: ORDER_BY
  value: {{ join "," .orderBy | quote }}
- name: LIMIT
  value: {{ .limit | int64 | quote }}
- name: OUTPUT_FORMAT
  value: {{ .output.format | quote }}
- name: DATASETS
  value: {{ empty .datasets | ternary "" (toJson .datasets) | quote }}
{{- range $key := list "delimiter" "quoteChar" "escapeChar" "encoding" "commentPrefix" "raggedRows" "decimalChar" "groupChar" "timeZone" "onBadRow" }}
- name: {{ include "csv-pipeline.variable" $key }}
  value: {{ get $.Values.processor.input $key | quote }}
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
  value: {{ include "csv-pipeline.csv" (get $.Values.processor.input $key) | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The environment variable of a setting: that of decimalChar is DECIMAL_CHAR. */}}
{{- define "csv-pipeline.variable" -}}
{{- regexReplaceAll "([A-Z])" . "_${1}" | upper -}}
{{- end -}}

{{/* A list as one record of CSV. */}}
{{- define "csv-pipeline.csv" -}}
{{- range $i, $item := (. | default list) }}{{ if $i }},{{ end }}"{{ $item | toString | replace "\"" "\"\"" }}"{{ end -}}
{{- end -}}
