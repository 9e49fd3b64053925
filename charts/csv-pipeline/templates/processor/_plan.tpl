{{/* The environment variables that say what to aggregate, for the processors and for helm test. */}}
{{- define "csv-pipeline.planEnv" -}}
- name: GROUP_BY
  value: {{ join "," .Values.processor.groupBy | quote }}
- name: AGGREGATE
  value: {{ join "," .Values.processor.aggregate | quote }}
- name: DELIMITER
  value: {{ .Values.processor.delimiter | quote }}
- name: NO_HEADER
  value: {{ .Values.processor.noHeader | quote }}
{{- end -}}
