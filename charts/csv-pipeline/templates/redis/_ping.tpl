{{- define "csv-pipeline.redisPing" -}}
exec:
  command:
    - /bin/sh
    - -ec
    - test "$(REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli ping)" = PONG
{{- end -}}
