{{/* What is aggregated: told to the processors, and to the test that checks what they do. */}}
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
