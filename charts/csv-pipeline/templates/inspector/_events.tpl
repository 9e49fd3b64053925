{{/* "true" if there are sinks of events, otherwise empty. */}}
{{- define "csv-pipeline.tellsEvents" -}}
{{- if .Values.events.sinks }}true{{ end -}}
{{- end -}}

{{/* The ConfigMap with the sinks. */}}
{{- define "csv-pipeline.eventsName" -}}
{{ include "csv-pipeline.componentName" (dict "root" . "component" "events") }}
{{- end -}}

{{/*
The file of --events-config. A …Secret of a sink becomes the file that it is mounted as, in a folder of the sink's name.
*/}}
{{- define "csv-pipeline.eventsConfig" -}}
{{- $sinks := list -}}
{{- range .Values.events.sinks -}}
{{- $sink := deepCopy . -}}
{{- $folder := printf "/run/secrets/events/%s" .name -}}
{{- range $kind := list "http" "redis" -}}
{{- with get $sink $kind -}}
{{- $given := . -}}
{{- range $secret, $field := dict "signingSecret" "signingSecretFile" "tokenSecret" "tokenFile" "caSecret" "caFile" "passwordSecret" "passwordFile" -}}
{{- if hasKey $given $secret -}}
{{- $_ := set $given $field (printf "%s/%s" $folder $field) -}}
{{- $_ := unset $given $secret -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $sinks = append $sinks $sink -}}
{{- end -}}
{{- with .Values.events -}}
{{- $source := .source | default (printf "/%s/%s" $.Release.Namespace (include "csv-pipeline.fullname" $)) -}}
{{- dict "source" $source "giveUpAfter" .giveUpAfter "stuckAfter" .stuckAfter "sinks" $sinks | toYaml -}}
{{- end -}}
{{- end -}}

{{/* The sources of the volume with the sinks' secrets, a list; empty if there are none. */}}
{{- define "csv-pipeline.eventsSecrets" -}}
{{- range $sink := .Values.events.sinks -}}
{{- $given := merge (dict) ($sink.http | default dict) ($sink.redis | default dict) -}}
{{- range $secret, $field := dict "signingSecret" "signingSecretFile" "tokenSecret" "tokenFile" "caSecret" "caFile" "passwordSecret" "passwordFile" -}}
{{- with get $given $secret }}
- secret:
    name: {{ .name }}
    items:
      - {key: {{ .key | quote }}, path: {{ printf "%s/%s" $sink.name $field }}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The keys of the pipeline's own Redis that sinks write, as ACL rules with a blank in front; empty without any. */}}
{{- define "csv-pipeline.eventsKeys" -}}
{{- range .Values.events.sinks -}}
{{- with .redis -}}
{{- if not .url }} ~{{ .list | default .stream }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The ports of the sinks, as JSON. */}}
{{- define "csv-pipeline.sinkPorts" -}}
{{- $ports := list -}}
{{- range .Values.events.sinks -}}
{{- $url := "" -}}
{{- with .http }}{{ $url = .url }}{{ end -}}
{{- with .redis }}{{ $url = .url | default "" }}{{ end -}}
{{- if $url -}}
{{- $parts := urlParse $url -}}
{{- $port := regexFind ":[0-9]+$" $parts.host | trimPrefix ":" -}}
{{- $standard := get (dict "http" "80" "https" "443" "redis" "6379" "rediss" "6379") $parts.scheme -}}
{{- $ports = append $ports (int64 ($port | default $standard)) -}}
{{- end -}}
{{- end -}}
{{- .Values.networkPolicy.sinkPorts | default ($ports | uniq) | toJson -}}
{{- end -}}
