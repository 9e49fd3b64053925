{{/* "true" if somebody may change files, otherwise empty. YAML takes off for false. */}}
{{- define "csv-pipeline.mayUpload" -}}
{{- if not (has .Values.inspector.auth.upload (list "off" false)) -}}
true
{{- end -}}
{{- end -}}

{{/* The Secret with the token and the password; empty if nobody may change files. */}}
{{- define "csv-pipeline.authSecret" -}}
{{- if include "csv-pipeline.mayUpload" . -}}
{{ .Values.inspector.auth.existingSecret | default (include "csv-pipeline.componentName" (dict "root" . "component" "inspector")) }}
{{- end -}}
{{- end -}}

{{/* "true" if the chart generates that Secret, otherwise empty. */}}
{{- define "csv-pipeline.generatesAuth" -}}
{{- with .Values.inspector.auth -}}
{{- if and (eq (toString .upload) "generated") (not .existingSecret) -}}
true
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The key of the token in the Secret; empty if it has none. */}}
{{- define "csv-pipeline.tokenKey" -}}
{{- with .Values.inspector.auth -}}
{{ .tokenKey | default (include "csv-pipeline.generatesAuth" $ | empty | ternary "" "token") }}
{{- end -}}
{{- end -}}
