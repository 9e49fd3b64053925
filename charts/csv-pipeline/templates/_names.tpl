{{/*
The prefix of all object names. It has at most 40 characters, so that the longest names fit: the CronJob's, which
Kubernetes limits to 52, and the Jobs' with their suffixes. A longer name is cut off and gets a hash of the whole, so
two long release names stay different.
*/}}
{{- define "csv-pipeline.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- $name = .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- $name = .Release.Name -}}
{{- else -}}
{{- $name = printf "%s-%s" .Release.Name $name -}}
{{- end -}}
{{- if gt (len $name) 40 -}}
{{- printf "%s-%s" ($name | trunc 31 | trimSuffix "-") (sha256sum $name | trunc 8) -}}
{{- else -}}
{{- $name -}}
{{- end -}}
{{- end -}}

{{- define "csv-pipeline.componentName" -}}
{{ include "csv-pipeline.fullname" .root }}-{{ .component }}
{{- end -}}

{{- define "csv-pipeline.dataClaim" -}}
{{ .Values.data.existingClaim | default (printf "%s-data" (include "csv-pipeline.fullname" .)) }}
{{- end -}}

{{/*
A component's image reference. Takes (dict "root" $ "image" .Values.redis.image). Only the images with the suffix
-buckets contain the clients of the clouds.
*/}}
{{- define "csv-pipeline.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .image.registry -}}
{{- $name := .image.repository -}}
{{- if $registry -}}
{{- $name = printf "%s/%s" $registry $name -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.image.tag | default (printf "%s%s" .root.Chart.AppVersion (include "csv-pipeline.bucket" .root | empty | ternary "" "-buckets"))) -}}
{{- end -}}
{{- end -}}

{{/* The project's own images that the release uses, if all of them are as make images builds them; otherwise empty. */}}
{{- define "csv-pipeline.builtImages" -}}
{{- $images := list -}}
{{- $others := false -}}
{{- range $service := ternary (list "generator" "processor" "inspector") (list "processor" "inspector") .Values.generator.enabled -}}
{{- $image := (index $.Values $service).image -}}
{{- $reference := include "csv-pipeline.image" (dict "root" $ "image" $image) -}}
{{- $others = or $others $image.tag $image.digest (not (hasPrefix "ghcr.io/csv-pipeline/" $reference)) -}}
{{- $images = append $images $reference -}}
{{- end -}}
{{- if not $others -}}
{{- join " " $images -}}
{{- end -}}
{{- end -}}

{{/* "true" if the chart is rendered with the cluster, so that lookup finds what is there; otherwise empty. */}}
{{- define "csv-pipeline.connected" -}}
{{- if lookup "v1" "ServiceAccount" .Release.Namespace "default" -}}
true
{{- end -}}
{{- end -}}
