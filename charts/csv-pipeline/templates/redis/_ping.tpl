{{- define "csv-pipeline.redisCLI" -}}
REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli{{ if .Values.redis.tls.enabled }} --tls --cacert /run/secrets/redis-tls/ca.crt{{ end }}
{{- end -}}

{{- define "csv-pipeline.redisPing" -}}
exec:
  command:
    - /bin/sh
    - -ec
    - test "$({{ include "csv-pipeline.redisCLI" . }} ping)" = PONG
{{- end -}}
