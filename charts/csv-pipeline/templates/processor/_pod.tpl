{{/* The pod template of a processor, whatever kind of object starts it. */}}
{{- define "csv-pipeline.processorPodTemplate" -}}
{{- $stays := eq .Values.processor.mode "deployment" -}}
{{- $component := dict "root" . "component" "processor" "data" true "job" (not $stays) -}}
{{- $command := include "csv-pipeline.hasCommand" . -}}
{{- if $command -}}
{{- $component = set $component "initContainers" (include "csv-pipeline.installContainer" $component) -}}
{{- end -}}
metadata:
  {{- include "csv-pipeline.podMetadata" $component | nindent 2 }}
spec:
  {{- include "csv-pipeline.podDefaults" $component | nindent 2 }}
  {{- if not $stays }}
  restartPolicy: Never
  {{- end }}
  terminationGracePeriodSeconds: {{ int64 .Values.processor.terminationGracePeriodSeconds }}
  containers:
    - name: processor
      image: {{ include "csv-pipeline.image" (dict "root" . "image" .Values.processor.image) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- if $command }}
      command: [/csv-pipeline/processor]
      {{- end }}
      securityContext:
        {{- include "csv-pipeline.securityContext" $component | nindent 8 }}
      env:
        {{- include "csv-pipeline.withoutEmptyValues" (include "csv-pipeline.processorEnv" $component | fromYamlArray) | nindent 8 }}
      {{- with include "csv-pipeline.envFrom" $component }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- if $stays }}
      {{- include "csv-pipeline.httpServer" . | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml .Values.processor.resources | nindent 8 }}
      volumeMounts:
        {{- include "csv-pipeline.volumeMounts" $component | trim | nindent 8 }}
        - name: tmp
          mountPath: /tmp
        {{- if $command }}
        - name: program
          mountPath: /csv-pipeline
          readOnly: true
        {{- end }}
    {{- if $stays }}
    {{- with (include "csv-pipeline.podValues" $component | fromYaml).sidecars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- end }}
  volumes:
    {{- include "csv-pipeline.volumes" $component | trim | nindent 4 }}
    - name: tmp
      emptyDir:
        sizeLimit: {{ .Values.processor.tmpSize }}
    {{- if $command }}
    - name: program
      emptyDir:
        sizeLimit: 128Mi
    {{- end }}
{{- end -}}

{{/* Copies the processor into the image of the user's command. Takes what "csv-pipeline.podDefaults" takes. */}}
{{- define "csv-pipeline.installContainer" -}}
{{- $processor := .root.Values.processor -}}
- name: install
  image: {{ include "csv-pipeline.image" (dict "root" .root "image" $processor.binaryImage) }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: [install, /csv-pipeline]
  securityContext:
    {{- include "csv-pipeline.securityContext" . | nindent 4 }}
  resources:
    {{- toYaml $processor.resources | nindent 4 }}
  volumeMounts:
    - name: program
      mountPath: /csv-pipeline
{{- end -}}

{{/* The environment variables of a processor. Takes what "csv-pipeline.podDefaults" takes. */}}
{{- define "csv-pipeline.processorEnv" -}}
{{- $stays := eq .root.Values.processor.mode "deployment" -}}
{{- $command := include "csv-pipeline.hasCommand" .root -}}
- name: LEASE
  value: {{ .root.Values.processor.lease | quote }}
{{- if $stays }}
- name: WATCH
  value: "true"
{{- else }}
- name: FILES_PER_JOB
  value: {{ int64 .root.Values.processor.filesPerJob | quote }}
{{- end }}
- name: CONCURRENCY
  value: {{ int64 .root.Values.processor.concurrency | quote }}
{{- include "csv-pipeline.planEnv" .root | nindent 0 }}
- name: MAX_ERRORS
  value: {{ int64 .root.Values.processor.maxErrors | quote }}
- name: STALE_AFTER
  value: {{ .root.Values.processor.staleAfter | quote }}
- name: GRACE
  value: {{ printf "%ds" (sub (int64 .root.Values.processor.terminationGracePeriodSeconds) 5) }}
{{- with include "csv-pipeline.goMemoryLimit" .root.Values.processor.resources }}
- name: GOMEMLIMIT
  value: {{ . | quote }}
{{- end }}
{{- if $command }}
# The image of the user does not set it.
- name: TEMP_DIR
  value: /tmp
{{- with .root.Values.processor.commandEnv }}
{{- toYaml . | nindent 0 }}
{{- end }}
{{- end }}
{{- include "csv-pipeline.env" . | nindent 0 }}
{{- end -}}

{{/*
Environment variables, without the values of those that are empty, which mean the same. KEDA writes a ScaledJob without
them, and Argo CD would show it as out of sync for ever.
*/}}
{{- define "csv-pipeline.withoutEmptyValues" -}}
{{- range . -}}
{{- if and (hasKey . "value") (empty .value) -}}
{{- $_ := unset . "value" -}}
{{- end -}}
{{- end -}}
{{- toYaml . -}}
{{- end -}}
