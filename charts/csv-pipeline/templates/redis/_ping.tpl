{{- define "csv-pipeline.redisCLI" -}}
REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli{{ if .Values.redis.tls.enabled }} --tls --cacert /run/secrets/redis-tls/ca.crt{{ end }}
{{- end -}}

{{- define "csv-pipeline.redisPing" -}}
exec:
  command:
    - /bin/sh
    - -ec
    # Redis knows the password that it started with. With another one in the Secret it still answers, with NOAUTH.
    - case "$({{ include "csv-pipeline.redisCLI" . }} ping 2>&1)" in *PONG|*NOAUTH*) ;; *) exit 1 ;; esac
{{- end -}}
