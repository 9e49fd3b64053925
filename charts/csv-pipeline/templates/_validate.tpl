{{/* Refuses values that are each valid and make no sense together. */}}
{{- define "csv-pipeline.validate" -}}
{{- with .Values.redis.auth -}}
{{- if and .password .existingSecret -}}
{{- fail (printf "redis.auth: set password or existingSecret (%s), not both" .existingSecret) -}}
{{- end -}}
{{- end -}}
{{- with .Values.generator -}}
{{- if and .enabled (not .months) (not .days) -}}
{{- fail "generator: months and days are both 0, so it has nothing to write; set one of them or enabled: false" -}}
{{- end -}}
{{- end -}}
{{- end -}}
