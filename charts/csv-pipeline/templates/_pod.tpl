{{/*
The values of a component's pods as one map: those of "common", with the component's own. Lists are joined, maps are
merged, and what is null is taken out. Takes (dict "root" $ "component" "redis").
*/}}
{{- define "csv-pipeline.podValues" -}}
{{- $own := index .root.Values .component -}}
{{- $common := .root.Values.common -}}
{{- $all := dict -}}
{{- range $key := list "extraEnv" "extraEnvFrom" "extraVolumes" "extraVolumeMounts" "initContainers" "sidecars" "hostAliases" "tolerations" "topologySpreadConstraints" "extraIngress" "extraEgress" -}}
{{- $_ := set $all $key (concat (index $common $key | default list) (index $own $key | default list) | default list) -}}
{{- end -}}
{{- /* What is null here takes a field of the chart's own away later. */ -}}
{{- range $key := list "podSecurityContext" "securityContext" -}}
{{- $context := dict -}}
{{- range $map := list (index $common $key | default dict) (index $own $key | default dict) -}}
{{- range $field, $value := $map -}}
{{- $_ := set $context $field $value -}}
{{- end -}}
{{- end -}}
{{- $_ := set $all $key $context -}}
{{- end -}}
{{- range $key := list "workloadAnnotations" "podAnnotations" "podLabels" "dnsConfig" "nodeSelector" "affinity" "serviceAccount" -}}
{{- $_ := set $all $key (include "csv-pipeline.merged" (list (index $common $key | default dict) (index $own $key | default dict)) | fromYaml) -}}
{{- end -}}
{{- range $key := list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" "revisionHistoryLimit" -}}
{{- $_ := set $all $key (index $own $key | default (index $common $key)) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* Maps merged, the last one winning; what it has as null is taken out. */}}
{{- define "csv-pipeline.merged" -}}
{{- $all := dict -}}
{{- range $map := . -}}
{{- range $key, $value := $map -}}
{{- if kindIs "invalid" $value -}}
{{- $_ := unset $all $key -}}
{{- else -}}
{{- $_ := set $all $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* "true" if OpenShift assigns the users and groups of pods, which then must name none; otherwise empty. */}}
{{- define "csv-pipeline.openshift" -}}
{{- $openshift := .Values.openshift | toString -}}
{{- if or (eq $openshift "true") (and (eq $openshift "auto") (.Capabilities.APIVersions.Has "security.openshift.io/v1")) -}}
true
{{- end -}}
{{- end -}}

{{/*
What all pods have in common. Takes (dict "root" $ "component" "redis"), "data" true for a component that uses the
files, whose pods are then kept on the node of a ReadWriteOnce volume, "user" if the image's user is not ours,
"initContainers", a YAML list of the chart's own, and "job" true for pods that have to end.
*/}}
{{- define "csv-pipeline.podDefaults" -}}
{{- $values := include "csv-pipeline.podValues" . | fromYaml -}}
serviceAccountName: {{ include "csv-pipeline.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- $user := ternary .user 65532 (hasKey . "user") }}
{{- $context := dict "runAsNonRoot" true "fsGroupChangePolicy" "OnRootMismatch" "seccompProfile" (dict "type" "RuntimeDefault") }}
{{- if and $user (not (include "csv-pipeline.openshift" .root)) }}
{{- $context = merge $context (dict "runAsUser" (int64 $user) "runAsGroup" (int64 $user) "fsGroup" (int64 $user)) }}
{{- end }}
securityContext:
  {{- include "csv-pipeline.merged" (list $context $values.podSecurityContext) | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ ternary . (dict "name" .) (kindIs "map" .) | dig "name" "" }}
  {{- end }}
{{- end }}
{{- range $key := list "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" }}
{{- with index $values $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- range $key := list "nodeSelector" "tolerations" "hostAliases" "dnsConfig" }}
{{- with index $values $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
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
{{- $affinity := deepCopy $values.affinity -}}
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
{{- $initContainers := concat (.initContainers | default "[]" | fromYamlArray) $values.initContainers }}
{{- if .job }}
{{- /* A container that does not end would keep a Job from ending. Kubernetes stops these after the others. */}}
{{- range $values.sidecars }}
{{- $initContainers = append $initContainers (merge (dict "restartPolicy" "Always") .) }}
{{- end }}
{{- end }}
{{- with $initContainers }}
initContainers:
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
    {{- include "csv-pipeline.releaseLabels" . | nindent 4 }}
  matchExpressions:
    - key: app.kubernetes.io/component
      operator: In
      values: [cleanup, generator, inspector, processor, test]
{{- end -}}

{{/* The name of a component's ServiceAccount. Takes (dict "root" $ "component" "redis"). */}}
{{- define "csv-pipeline.serviceAccountName" -}}
{{- $account := (include "csv-pipeline.podValues" . | fromYaml).serviceAccount -}}
{{- $account.name | default (ternary (include "csv-pipeline.componentName" .) "default" $account.create) -}}
{{- end -}}

{{/* A component's ServiceAccount. Takes what "csv-pipeline.podDefaults" takes. */}}
{{- define "csv-pipeline.serviceAccount" -}}
{{- $account := (include "csv-pipeline.podValues" . | fromYaml).serviceAccount -}}
{{- if $account.create -}}
{{- $annotations := $account.annotations -}}
{{- if .data -}}
{{- $annotations = include "csv-pipeline.merged" (list .root.Values.store.serviceAccountAnnotations $annotations) | fromYaml -}}
{{- end -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "csv-pipeline.metadata" (dict "root" .root "component" .component "name" $account.name "annotations" $annotations) | nindent 2 }}
# Workload identity mounts tokens of its own. No pod needs one of the Kubernetes API.
automountServiceAccountToken: false
{{- end -}}
{{- end -}}

{{/* Security context of every container. Takes (dict "root" $ "component" "redis"). */}}
{{- define "csv-pipeline.securityContext" -}}
{{- $context := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- include "csv-pipeline.merged" (list $context (include "csv-pipeline.podValues" . | fromYaml).securityContext) -}}
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
{{- with (include "csv-pipeline.podValues" . | fromYaml).extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where further environment variables of a component that uses the files come from. */}}
{{- define "csv-pipeline.envFrom" -}}
{{- with concat (include "csv-pipeline.storeEnvFrom" .root | fromYamlArray) (include "csv-pipeline.podValues" . | fromYaml).extraEnvFrom -}}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{/*
80 % of a container's memory limit, in bytes, for the Go runtime; empty without a limit. Takes the
container's resources.
*/}}
{{- define "csv-pipeline.goMemoryLimit" -}}
{{- with include "csv-pipeline.memoryLimit" . -}}
{{- div (mul (int64 .) 4) 5 -}}
{{- end -}}
{{- end -}}

{{/* A container's memory limit in bytes; empty without one. Takes the container's resources. */}}
{{- define "csv-pipeline.memoryLimit" -}}
{{- include "csv-pipeline.bytes" (dig "limits" "memory" "" (. | default dict) | toString) -}}
{{- end -}}

{{/* A quantity as a number of bytes; empty if it is none, or in units beyond T. Large numbers of YAML come as 1e+09. */}}
{{- define "csv-pipeline.bytes" -}}
{{- if regexMatch "^[0-9]+([.][0-9]+)?(e[+]?[0-9]+|[KMGT]i|[kMGT])?$" . -}}
{{- $unit := get (dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000) (regexFind "[kKMGTi]+$" .) | default 1 -}}
{{- mulf (regexFind "^[0-9.e+]+" .) $unit | int64 -}}
{{- end -}}
{{- end -}}

{{/* Takes (dict "root" $ "component" "processor"). */}}
{{- define "csv-pipeline.volumeMounts" -}}
{{- include "csv-pipeline.storeVolumeMounts" . }}
{{- include "csv-pipeline.redisVolumeMounts" .root }}
{{- include "csv-pipeline.extraVolumeMounts" . }}
{{- end -}}

{{- define "csv-pipeline.extraVolumeMounts" -}}
{{- with (include "csv-pipeline.podValues" . | fromYaml).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "csv-pipeline.extraVolumes" -}}
{{- with (include "csv-pipeline.podValues" . | fromYaml).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Takes what "csv-pipeline.env" takes. */}}
{{- define "csv-pipeline.volumes" -}}
{{- include "csv-pipeline.storeVolumes" .root }}
{{- include "csv-pipeline.redisVolumes" (dict "root" .root "client" (.client | default .component)) }}
{{- include "csv-pipeline.extraVolumes" . }}
{{- end -}}
