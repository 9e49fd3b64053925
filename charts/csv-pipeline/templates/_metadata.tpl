{{/*
The metadata of all objects, Job templates and pod templates is made here. To add a label or an annotation to all of
them, change "csv-pipeline.labelsAndAnnotations"; to add one to a single object, pass it in its call.
*/}}

{{/* The metadata of an object that starts pods: with the component's workloadAnnotations. Takes what "csv-pipeline.metadata" takes. */}}
{{- define "csv-pipeline.workloadMetadata" -}}
{{- $annotations := include "csv-pipeline.merged" (list (include "csv-pipeline.podValues" . | fromYaml).workloadAnnotations (.annotations | default dict)) | fromYaml -}}
{{- include "csv-pipeline.metadata" (merge (dict "annotations" $annotations) .) -}}
{{- end -}}

{{/* The metadata of an object. Takes (dict "root" $ "component" "redis"), "name" if it is not the component's, and additional "labels" and "annotations". */}}
{{- define "csv-pipeline.metadata" -}}
{{- $name := .name | default (include "csv-pipeline.componentName" .) -}}
{{- $labels := merge (include "csv-pipeline.labels" . | fromYaml) (.labels | default dict) -}}
{{- $rest := include "csv-pipeline.labelsAndAnnotations" (dict "root" .root "labels" $labels "annotations" .annotations) | fromYaml -}}
{{- merge (dict "name" $name "namespace" .root.Release.Namespace) $rest | toYaml -}}
{{- end -}}

{{/* The metadata of a CronJob's Job template. Takes (dict "root" $ "component" "generator"). */}}
{{- define "csv-pipeline.jobMetadata" -}}
{{- include "csv-pipeline.labelsAndAnnotations" (dict "root" .root "labels" (include "csv-pipeline.groupLabels" . | fromYaml)) -}}
{{- end -}}

{{/* The metadata of a pod template. Takes what "csv-pipeline.podLabels" takes, and "annotations" of the chart's own. */}}
{{- define "csv-pipeline.podMetadata" -}}
{{- $annotations := include "csv-pipeline.merged" (list (include "csv-pipeline.podValues" . | fromYaml).podAnnotations (.annotations | default dict)) | fromYaml -}}
{{- include "csv-pipeline.labelsAndAnnotations" (dict "root" .root "labels" (include "csv-pipeline.podLabels" . | fromYaml) "annotations" $annotations) -}}
{{- end -}}

{{- define "csv-pipeline.labelsAndAnnotations" -}}
{{- $metadata := dict "labels" (include "csv-pipeline.merged" (list .root.Values.commonLabels .labels) | fromYaml) -}}
{{- with include "csv-pipeline.merged" (list .root.Values.commonAnnotations (.annotations | default dict)) | fromYaml -}}
{{- $_ := set $metadata "annotations" . -}}
{{- end -}}
{{- toYaml $metadata -}}
{{- end -}}

{{/* The annotation that makes helm uninstall keep an object. Takes values with "keep". */}}
{{- define "csv-pipeline.keepAnnotations" -}}
{{- if .keep -}}
helm.sh/resource-policy: keep
{{- end -}}
{{- end -}}

{{/* What all pods of this pipeline have and no others: a release may have several, under aliases of the chart. */}}
{{- define "csv-pipeline.releaseLabels" -}}
{{- dict
  "app.kubernetes.io/name" (.Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/instance" .Release.Name | toYaml -}}
{{- end -}}

{{/* What selects a component's pods. Kubernetes refuses an upgrade that changes it. Takes (dict "root" $ "component" "redis"). */}}
{{- define "csv-pipeline.selectorLabels" -}}
{{- set (include "csv-pipeline.releaseLabels" .root | fromYaml) "app.kubernetes.io/component" .component | toYaml -}}
{{- end -}}

{{/* The chart's own labels of Job templates and pods. They name no version: pods are replaced only for a reason. */}}
{{- define "csv-pipeline.groupLabels" -}}
{{- set (include "csv-pipeline.selectorLabels" . | fromYaml) "app.kubernetes.io/part-of" "csv-pipeline" | toYaml -}}
{{- end -}}

{{/* The chart's own labels of objects: those of pods, and the versions that made the object, which pods do not have. */}}
{{- define "csv-pipeline.labels" -}}
{{- merge (include "csv-pipeline.groupLabels" . | fromYaml) (dict
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")) | toYaml -}}
{{- end -}}

{{/*
The labels of a pod, where the chart's own win over podLabels. Takes (dict "root" $ "component" "redis"), and
"data" true for a component that uses the files.
*/}}
{{- define "csv-pipeline.podLabels" -}}
{{- $labels := include "csv-pipeline.groupLabels" . | fromYaml -}}
{{- if .data -}}
{{- $labels = merge $labels (include "csv-pipeline.storePodLabels" .root | fromYaml) -}}
{{- end -}}
{{- merge $labels (include "csv-pipeline.podValues" . | fromYaml).podLabels | toYaml -}}
{{- end -}}
