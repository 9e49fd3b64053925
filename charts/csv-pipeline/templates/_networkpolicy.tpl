{{/* Egress that finds addresses: DNS, wherever the cluster has it. */}}
{{- define "csv-pipeline.egressToDNS" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
{{- end -}}

{{/* Egress to Redis: the chart's own pod, or the ports of the external one. */}}
{{- define "csv-pipeline.egressToRedis" -}}
{{- if .Values.redis.enabled -}}
- to:
    - podSelector:
        matchLabels:
          {{- include "csv-pipeline.selectorLabels" (dict "root" . "component" "redis") | nindent 10 }}
  ports:
    - {port: redis, protocol: TCP}
{{- else -}}
- ports:
    {{- $ports := list }}
    {{- range .Values.externalRedis.addresses }}
    {{- $ports = append $ports (regexFind "[0-9]+$" .) }}
    {{- end }}
    {{- range concat $ports .Values.networkPolicy.externalRedisPorts | uniq }}
    - {port: {{ . | toString | atoi }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.externalRedisPeers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
{{- end -}}

{{/* The policy of a component that only asks and is not asked. Takes (dict "root" $ "component" "processor"). */}}
{{- define "csv-pipeline.clientNetworkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "csv-pipeline.componentName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "csv-pipeline.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "csv-pipeline.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress: []
  egress:
    {{- include "csv-pipeline.egressToDNS" .root | nindent 4 }}
    {{- include "csv-pipeline.egressToRedis" .root | nindent 4 }}
    {{- with .root.Values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
