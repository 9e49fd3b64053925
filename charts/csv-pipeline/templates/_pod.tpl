{{/*
What all pods have in common. Takes (dict "root" $ "component" "redis"), "data" true for a component that uses the
files, whose pods are then kept on the node of a ReadWriteOnce volume, and "user" if the image's user is not ours.
*/}}
{{- define "csv-pipeline.podDefaults" -}}
{{- $values := index .root.Values .component -}}
serviceAccountName: {{ include "csv-pipeline.componentName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- $user := .user | default 65532 | int64 }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $user }}
  runAsGroup: {{ $user }}
  fsGroup: {{ $user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{- toYaml . | nindent 4 }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels:
        {{- include "csv-pipeline.selectorLabels" $ | nindent 8 }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $affinity := deepCopy ($values.affinity | default dict) -}}
{{- if and .data (not (include "csv-pipeline.bucket" .root)) (eq .root.Values.data.accessMode "ReadWriteOnce") -}}
{{- $podAffinity := $affinity.podAffinity | default dict -}}
{{- $term := include "csv-pipeline.volumeAffinityTerm" .root | fromYaml -}}
{{- $terms := append ($podAffinity.requiredDuringSchedulingIgnoredDuringExecution | default list) $term -}}
{{- $affinity = set $affinity "podAffinity" (set $podAffinity "requiredDuringSchedulingIgnoredDuringExecution" $terms) -}}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
Every pod that mounts the files is scheduled to the node of the others. The first one matches its own term, which the
scheduler then takes as met, so no pod depends on another one being up.
*/}}
{{- define "csv-pipeline.volumeAffinityTerm" -}}
topologyKey: kubernetes.io/hostname
labelSelector:
  matchLabels:
    app.kubernetes.io/instance: {{ .Release.Name | quote }}
    app.kubernetes.io/part-of: csv-pipeline
  matchExpressions:
    - key: app.kubernetes.io/component
      operator: In
      values: [cleanup, generator, inspector, processor, test]
{{- end -}}

{{/* A component's ServiceAccount. Takes what "csv-pipeline.podDefaults" takes. */}}
{{- define "csv-pipeline.serviceAccount" -}}
{{- $annotations := dict -}}
{{- if .data -}}
{{- $annotations = .root.Values.store.serviceAccountAnnotations -}}
{{- end -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "csv-pipeline.metadata" (dict "root" .root "component" .component "annotations" $annotations) | nindent 2 }}
# Workload identity mounts tokens of its own. No pod needs one of the Kubernetes API.
automountServiceAccountToken: false
{{- end -}}

{{/* Security context of every container. */}}
{{- define "csv-pipeline.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Port and probes of a container that serves HTTP. The inspector does, and a processor with --watch. */}}
{{- define "csv-pipeline.httpServer" -}}
ports:
  - name: http
    containerPort: 8080
startupProbe:
  httpGet:
    path: /healthz
    port: http
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 120
livenessProbe:
  httpGet:
    path: /healthz
    port: http
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}

{{/*
The environment variables that say where Redis, the queue and the files are. Takes
(dict "root" $ "component" "processor"), and "client" if the pod uses another component's Redis user.
*/}}
{{- define "csv-pipeline.env" -}}
{{ include "csv-pipeline.redisEnv" (dict "root" .root "client" (.client | default .component)) }}
{{ include "csv-pipeline.storeEnv" .root }}
{{- with (index .root.Values .component).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
80 % of a container's memory limit, in bytes, for the Go runtime; empty without a limit in Ki, Mi or Gi. Takes the
container's resources.
*/}}
{{- define "csv-pipeline.goMemoryLimit" -}}
{{- $limit := dig "limits" "memory" "" (. | default dict) | toString -}}
{{- if regexMatch "^[0-9]+(Ki|Mi|Gi)$" $limit -}}
{{- $unit := get (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824) (regexFind "[KMG]i$" $limit) -}}
{{- div (mul (regexFind "^[0-9]+" $limit | int64) $unit 4) 5 -}}
{{- end -}}
{{- end -}}

{{/* Takes (dict "root" $ "component" "processor"). */}}
{{- define "csv-pipeline.volumeMounts" -}}
{{- include "csv-pipeline.storeVolumeMounts" . }}
{{- include "csv-pipeline.redisVolumeMounts" .root }}
{{- end -}}

{{/* Takes what "csv-pipeline.env" takes. */}}
{{- define "csv-pipeline.volumes" -}}
{{- include "csv-pipeline.storeVolumes" .root }}
{{- include "csv-pipeline.redisVolumes" (dict "root" .root "client" (.client | default .component)) }}
{{- end -}}
