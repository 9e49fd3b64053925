{{/* The pod template of a processor, whatever kind of object starts it. */}}
{{- define "csv-pipeline.processorPodTemplate" -}}
{{- $component := dict "root" . "component" "processor" "data" true -}}
metadata:
  {{- include "csv-pipeline.podMetadata" $component | nindent 2 }}
spec:
  {{- include "csv-pipeline.podDefaults" $component | nindent 2 }}
  restartPolicy: Never
  terminationGracePeriodSeconds: {{ int64 .Values.processor.terminationGracePeriodSeconds }}
  containers:
    - name: processor
      image: {{ include "csv-pipeline.image" (dict "root" . "image" .Values.processor.image) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      securityContext:
        {{- include "csv-pipeline.securityContext" . | nindent 8 }}
      env:
        - name: LEASE
          value: {{ .Values.processor.lease | quote }}
        - name: FILES_PER_JOB
          value: {{ int64 .Values.processor.filesPerJob | quote }}
        - name: CONCURRENCY
          value: {{ int64 .Values.processor.concurrency | quote }}
        {{- include "csv-pipeline.planEnv" . | nindent 8 }}
        - name: MAX_ERRORS
          value: {{ int64 .Values.processor.maxErrors | quote }}
        - name: STALE_AFTER
          value: {{ .Values.processor.staleAfter | quote }}
        - name: GRACE
          value: {{ printf "%ds" (sub (int64 .Values.processor.terminationGracePeriodSeconds) 5) }}
        {{- with include "csv-pipeline.goMemoryLimit" .Values.processor.resources }}
        - name: GOMEMLIMIT
          value: {{ . | quote }}
        {{- end }}
        {{- include "csv-pipeline.env" $component | nindent 8 }}
      {{- with include "csv-pipeline.storeEnvFrom" . }}
      {{- . | nindent 6 }}
      {{- end }}
      resources:
        {{- toYaml .Values.processor.resources | nindent 8 }}
      volumeMounts:
        {{- include "csv-pipeline.volumeMounts" $component | trim | nindent 8 }}
        - name: tmp
          mountPath: /tmp
  volumes:
    {{- include "csv-pipeline.volumes" $component | trim | nindent 4 }}
    - name: tmp
      emptyDir:
        sizeLimit: {{ .Values.processor.tmpSize }}
{{- end -}}
