{{/* One of KEDA's Redis triggers. Takes (dict "root" $ "name" "waiting" "key" "csvs-to-process" "length" 1). */}}
{{- define "csv-pipeline.redisTrigger" -}}
{{- $redis := include "csv-pipeline.externalRedis" .root | fromJson -}}
{{- $mode := "standalone" -}}
{{- if not .root.Values.redis.enabled -}}
{{- $mode = $redis.mode -}}
{{- end -}}
- type: {{ get (dict "standalone" "redis" "sentinel" "redis-sentinel" "cluster" "redis-cluster") $mode }}
  name: {{ .name }}
  metadata:
    {{ ternary "address" "addresses" (eq $mode "standalone") }}: {{ include "csv-pipeline.redisAddresses" .root | quote }}
    listName: {{ .key | quote }}
    listLength: {{ int64 .length | quote }}
    {{- with include "csv-pipeline.redisUser" (dict "root" .root "client" "keda") }}
    username: {{ . | quote }}
    {{- end }}
    {{- if not .root.Values.redis.enabled }}
    {{- with int64 $redis.database }}
    databaseIndex: {{ . | quote }}
    {{- end }}
    {{- end }}
    {{- if eq $mode "sentinel" }}
    sentinelMaster: {{ $redis.sentinel.master | quote }}
    {{- with $redis.sentinel.username }}
    sentinelUsername: {{ . | quote }}
    {{- end }}
    {{- end }}
    {{- if include "csv-pipeline.redisTLS" .root }}
    enableTLS: "true"
    {{- end }}
  {{- if or (include "csv-pipeline.redisSecret" .root) (include "csv-pipeline.redisTLSSecret" .root) }}
  authenticationRef:
    name: {{ include "csv-pipeline.componentName" (dict "root" .root "component" "processor") }}
  {{- end }}
{{- end -}}

{{/* All triggers. */}}
{{- define "csv-pipeline.triggers" -}}
{{- /* A processor takes up to this many files at once, each of which counts as one in flight. */}}
{{- $held := int64 .Values.processor.concurrency -}}
{{- if eq .Values.processor.mode "scaledjob" -}}
{{- with int64 .Values.processor.filesPerJob -}}
{{- $held = min $held . -}}
{{- end -}}
{{- end -}}
{{ include "csv-pipeline.redisTrigger" (dict "root" . "name" "waiting" "key" .Values.queue.list "length" .Values.processor.filesPerTrigger) }}
{{ include "csv-pipeline.redisTrigger" (dict "root" . "name" "inflight" "key" (printf "{%s}:inflight" .Values.queue.list) "length" $held) }}
{{- with .Values.processor.extraTriggers }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* "true" if KEDA starts the processors, otherwise empty. */}}
{{- define "csv-pipeline.keda" -}}
{{- if or (eq .Values.processor.mode "scaledjob") .Values.processor.autoscale -}}
true
{{- end -}}
{{- end -}}
