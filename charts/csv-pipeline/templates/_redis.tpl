{{/* The Secret with Redis' passwords; empty if an external Redis needs none. */}}
{{- define "csv-pipeline.redisSecret" -}}
{{- if .Values.redis.enabled -}}
{{ .Values.redis.auth.existingSecret | default (printf "%s-redis" (include "csv-pipeline.fullname" .)) }}
{{- else -}}
{{ .Values.externalRedis.auth.existingSecret }}
{{- end -}}
{{- end -}}

{{/* Redis' maxmemory in bytes: half of the memory limit; empty without a limit. */}}
{{- define "csv-pipeline.redisMaxMemory" -}}
{{- with include "csv-pipeline.memoryLimit" .Values.redis.resources -}}
{{- div (int64 .) 2 -}}
{{- end -}}
{{- end -}}

{{/* The values of externalRedis as JSON, with what its URL says in address, database, user and TLS. */}}
{{- define "csv-pipeline.externalRedis" -}}
{{- $external := deepCopy .Values.externalRedis -}}
{{- with $external.url -}}
{{- $url := urlParse . -}}
{{- $port := regexMatch ":[0-9]+$" $url.host | ternary "" ":6379" -}}
{{- $_ := set $external "addresses" (list (printf "%s%s" $url.host $port)) -}}
{{- with trimPrefix "/" $url.path -}}
{{- $_ := set $external "database" (int64 .) -}}
{{- end -}}
{{- with $url.userinfo -}}
{{- $_ := set $external.auth "username" . -}}
{{- end -}}
{{- if eq $url.scheme "rediss" -}}
{{- $_ := set $external.tls "enabled" true -}}
{{- end -}}
{{- end -}}
{{- toJson $external -}}
{{- end -}}

{{/* "true" if clients connect to Redis with TLS, otherwise empty. */}}
{{- define "csv-pipeline.redisTLS" -}}
{{- if .Values.redis.enabled -}}
{{- if .Values.redis.tls.enabled }}true{{ end -}}
{{- else if (include "csv-pipeline.externalRedis" . | fromJson).tls.enabled -}}
true
{{- end -}}
{{- end -}}

{{/* The Secret with the certificates; empty without TLS, or if an external Redis has one of a public authority. */}}
{{- define "csv-pipeline.redisTLSSecret" -}}
{{- if .Values.redis.enabled -}}
{{- if .Values.redis.tls.enabled -}}
{{ .Values.redis.tls.existingSecret | default (printf "%s-redis-tls" (include "csv-pipeline.fullname" .)) }}
{{- end -}}
{{- else if include "csv-pipeline.redisTLS" . -}}
{{ .Values.externalRedis.tls.existingSecret }}
{{- end -}}
{{- end -}}

{{/*
Redis' host name, with its namespace because the KEDA operator connects from another one. It ends in .svc and not in
the cluster's domain, which differs between clusters.
*/}}
{{- define "csv-pipeline.redisHost" -}}
{{ include "csv-pipeline.fullname" . }}-redis.{{ .Release.Namespace }}.svc
{{- end -}}

{{/* The addresses of Redis as host:port,host:port: for KEDA, and for the services if Redis is external. */}}
{{- define "csv-pipeline.redisAddresses" -}}
{{- if .Values.redis.enabled -}}
{{ include "csv-pipeline.redisHost" . }}:6379
{{- else -}}
{{ join "," (include "csv-pipeline.externalRedis" . | fromJson).addresses }}
{{- end -}}
{{- end -}}

{{/* The ACL user of a client, empty for Redis' default user. Takes (dict "root" $ "client" "processor"). */}}
{{- define "csv-pipeline.redisUser" -}}
{{- if .root.Values.redis.enabled -}}
{{- if .root.Values.redis.auth.users }}{{ .client }}{{ end -}}
{{- else -}}
{{- with (include "csv-pipeline.externalRedis" .root | fromJson).auth }}{{ if .perClient }}{{ $.client }}{{ else }}{{ .username }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* The key of a client's password in the Secret. Takes (dict "root" $ "client" "processor"). */}}
{{- define "csv-pipeline.redisPasswordKey" -}}
{{- $auth := .root.Values.externalRedis.auth -}}
{{- $users := $auth.perClient -}}
{{- if .root.Values.redis.enabled -}}
{{- $auth = .root.Values.redis.auth -}}
{{- $users = $auth.users -}}
{{- end -}}
{{- if $users -}}
{{ .client }}-password
{{- else -}}
{{ $auth.existingSecretPasswordKey }}
{{- end -}}
{{- end -}}

{{/* The environment variables of a Redis client. Takes (dict "root" $ "client" "processor"). */}}
{{- define "csv-pipeline.redisEnv" -}}
{{- $redis := include "csv-pipeline.externalRedis" .root | fromJson -}}
{{- if .root.Values.redis.enabled -}}
- name: REDIS_HOST
  value: {{ include "csv-pipeline.redisHost" .root }}
- name: REDIS_PORT
  value: "6379"
{{- else -}}
- name: REDIS_ADDRESSES
  value: {{ include "csv-pipeline.redisAddresses" .root | quote }}
{{- with int64 $redis.database }}
- name: REDIS_DATABASE
  value: {{ . | quote }}
{{- end }}
{{- if eq $redis.mode "cluster" }}
- name: REDIS_CLUSTER
  value: "true"
{{- else if eq $redis.mode "sentinel" }}
- name: REDIS_SENTINEL_MASTER
  value: {{ $redis.sentinel.master | quote }}
{{- with $redis.sentinel.username }}
- name: REDIS_SENTINEL_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- if $redis.sentinel.existingSecretPasswordKey }}
- name: REDIS_SENTINEL_PASSWORD_FILE
  value: /run/secrets/redis/sentinel-password
{{- end }}
{{- end }}
{{- end }}
{{- with include "csv-pipeline.redisUser" . }}
- name: REDIS_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- if include "csv-pipeline.redisSecret" .root }}
- name: REDIS_PASSWORD_FILE
  value: /run/secrets/redis/password
{{- end }}
{{- if include "csv-pipeline.redisTLS" .root }}
- name: REDIS_TLS
  value: "true"
{{- if include "csv-pipeline.redisTLSSecret" .root }}
- name: REDIS_TLS_CA_FILE
  value: /run/secrets/redis-tls/ca.crt
{{- end }}
{{- if and (not .root.Values.redis.enabled) $redis.tls.clientCertificate }}
- name: REDIS_TLS_CERT_FILE
  value: /run/secrets/redis-tls/tls.crt
- name: REDIS_TLS_KEY_FILE
  value: /run/secrets/redis-tls/tls.key
{{- end }}
{{- end }}
- name: REDIS_LIST
  value: {{ .root.Values.queue.list | quote }}
- name: KEEP_EVENTS
  value: {{ int64 .root.Values.events.keep | quote }}
{{- end -}}

{{- define "csv-pipeline.redisVolumeMounts" -}}
{{- if include "csv-pipeline.redisSecret" . }}
- name: redis-password
  mountPath: /run/secrets/redis
  readOnly: true
{{- end }}
{{- if include "csv-pipeline.redisTLSSecret" . }}
- name: redis-tls
  mountPath: /run/secrets/redis-tls
  readOnly: true
{{- end }}
{{- end -}}

{{/* The volumes with a client's own password and no other. Takes (dict "root" $ "client" "processor"). */}}
{{- define "csv-pipeline.redisVolumes" -}}
{{- with include "csv-pipeline.redisSecret" .root }}
- name: redis-password
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: {{ include "csv-pipeline.redisPasswordKey" $ }}
        path: password
      {{- if and (not $.root.Values.redis.enabled) (eq $.root.Values.externalRedis.mode "sentinel") }}
      {{- with $.root.Values.externalRedis.sentinel.existingSecretPasswordKey }}
      - key: {{ . }}
        path: sentinel-password
      {{- end }}
      {{- end }}
{{- end }}
{{- with include "csv-pipeline.redisTLSSecret" .root }}
- name: redis-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
      {{- if and (not $.root.Values.redis.enabled) $.root.Values.externalRedis.tls.clientCertificate }}
      - key: tls.crt
        path: tls.crt
      - key: tls.key
        path: tls.key
      {{- end }}
{{- end }}
{{- end -}}

{{/*
The ACL rules of the chart's Redis users, one a line, without their passwords. The KEDA operator may only read lengths;
the Lua script by which it does runs with the rights of its user. Its client introduces itself by CLIENT SETINFO, which
Redis has since 7.2, and 7.0 refuses a rule that names it: hence the category.
*/}}
{{- define "csv-pipeline.redisUsers" -}}
{{- $list := .Values.queue.list -}}
{{- $all := printf "~%s ~{%s}:*" $list $list -}}
keda ~{{ $list }} ~{{ printf "{%s}:inflight" $list }} +@connection -@admin -@dangerous +eval +type +llen +zcard
generator {{ $all }} +client|setname +eval +evalsha +hdel +hget +hincrby +hlen +hset +llen +lpush +lrange +type +xadd +zcard +zrange +zrem +zscore
processor {{ $all }} +client|setname +blmove +eval +evalsha +hdel +hget +hincrby +hlen +hmget +hset +llen +lpush +rpop +rpush +time +type +xadd +zadd +zcard +zrange +zrangebyscore +zrem
inspector {{ $all }}{{ include "csv-pipeline.eventsKeys" . }} +client|setname +eval +evalsha +hdel +hget +hgetall +hincrby +hkeys +hlen +hmget +hscan +hset +llen +lpush +lrange +lrem +rpush +time +type +xack +xadd +xgroup +xpending +xrange +xread +xreadgroup +xrevrange +zcard +zrange +zrangebyscore +zrem +zscore
{{- end -}}

{{/* The names of the chart's Redis users, who each have a password, as JSON: those that have rules above. */}}
{{- define "csv-pipeline.redisClients" -}}
{{- $clients := list -}}
{{- range splitList "\n" (include "csv-pipeline.redisUsers" .) -}}
{{- $clients = append $clients (splitList " " . | first) -}}
{{- end -}}
{{- $clients | sortAlpha | toJson -}}
{{- end -}}
