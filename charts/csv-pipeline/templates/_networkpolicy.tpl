{{/*
Egress to DNS, to any address: clusters run it in different places. What counts is the port of its pods, which is 53 in
most clusters and 5353 in OpenShift.
*/}}
{{- define "csv-pipeline.egressToDNS" -}}
- ports:
    {{- range .Values.networkPolicy.dnsPorts }}
    - {port: {{ int64 . }}, protocol: UDP}
    - {port: {{ int64 . }}, protocol: TCP}
    {{- end }}
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
    {{- range (include "csv-pipeline.externalRedis" . | fromJson).addresses }}
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

{{/* Egress to the bucket, and, without a Secret, to the service that the cloud's credentials come from. */}}
{{- define "csv-pipeline.egressToStore" -}}
{{- $bucket := include "csv-pipeline.bucket" . -}}
{{- if $bucket -}}
- ports:
    {{- range include "csv-pipeline.storePorts" . | fromJsonArray }}
    - {port: {{ int64 . }}, protocol: TCP}
    {{- end }}
  {{- with .Values.networkPolicy.storePeers }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- if not .Values.store.existingSecret }}
{{- $annotations := .Values.store.serviceAccountAnnotations }}
{{- if and (or .Values.networkPolicy.storePeers (not (has "443" (include "csv-pipeline.storePorts" . | fromJsonArray | toStrings)))) (or (hasKey $annotations "eks.amazonaws.com/role-arn") (hasKey $annotations "azure.workload.identity/client-id")) }}
# The token services of AWS and Azure, which have no fixed addresses
- ports:
    - {port: 443, protocol: TCP}
{{- end }}
{{- if eq $bucket "s3" }}
# EKS Pod Identity
- to:
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
  ports:
    - {port: 80, protocol: TCP}
{{- if .Values.store.instanceProfile }}
# The metadata server of EC2
- to:
    - ipBlock: {cidr: 169.254.169.254/32}
    - ipBlock: {cidr: "fd00:ec2::254/128"}
  ports:
    - {port: 80, protocol: TCP}
{{- end }}
{{- else if eq $bucket "gs" }}
# GKE's metadata server
- to:
    - ipBlock: {cidr: 169.254.169.252/32}
    - ipBlock: {cidr: 169.254.169.254/32}
  ports:
    - {port: 80, protocol: TCP}
    - {port: 988, protocol: TCP}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Egress of a component that uses the queue and the files. Takes (dict "root" $ "component" "processor"). */}}
{{- define "csv-pipeline.egress" -}}
{{ include "csv-pipeline.egressToDNS" .root }}
{{ include "csv-pipeline.egressToRedis" .root }}
{{- with include "csv-pipeline.egressToStore" .root }}
{{ . }}
{{- end }}
{{- with concat (.root.Values.networkPolicy.extraEgress | default list) (include "csv-pipeline.podValues" . | fromYaml).extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The policy of a component that opens connections and accepts none. Takes (dict "root" $ "component" "processor"). */}}
{{- define "csv-pipeline.clientNetworkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "csv-pipeline.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "csv-pipeline.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- with (include "csv-pipeline.podValues" . | fromYaml).extraIngress }}
  ingress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  egress:
    {{- include "csv-pipeline.egress" . | nindent 4 }}
{{- end -}}
