{{/* "true" if the generator has a CronJob: one with a schedule, or the suspended template for runs on demand. */}}
{{- define "csv-pipeline.generatorCronJob" -}}
{{- with .Values.generator }}{{ if and .enabled (or .schedule .onDemand) }}true{{ end }}{{ end -}}
{{- end -}}

{{/* The names of the values that say what the files contain, as JSON. */}}
{{- define "csv-pipeline.generatorSettings" -}}
{{- list "start" "months" "days" "rows" "items" "maxQuantity" "seed" | toJson -}}
{{- end -}}

{{/* The spec of the generator's Jobs: at installation, on a schedule and on demand. */}}
{{- define "csv-pipeline.generatorJobSpec" -}}
{{- $component := dict "root" . "component" "generator" "data" true "job" true -}}
backoffLimit: {{ .Values.generator.backoffLimit | int64 }}
template:
  metadata:
    {{- include "csv-pipeline.podMetadata" $component | nindent 4 }}
  spec:
    {{- include "csv-pipeline.podDefaults" $component | nindent 4 }}
    restartPolicy: Never
    containers:
      - name: generator
        image: {{ include "csv-pipeline.image" (dict "root" . "image" .Values.generator.image) }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        securityContext:
          {{- include "csv-pipeline.securityContext" $component | nindent 10 }}
        env:
          {{- range $name := include "csv-pipeline.generatorSettings" . | fromJsonArray }}
          - name: CSV_PIPELINE_{{ snakecase $name | upper }}
            {{- /* Numbers from values files are floats: 50000000 would print as 5e+07. */}}
            {{- $value := index $.Values.generator $name }}
            {{- if not (kindIs "string" $value) }}
            {{- $value = int64 $value }}
            {{- end }}
            value: {{ $value | quote }}
          {{- end }}
          {{- include "csv-pipeline.env" $component | nindent 10 }}
        {{- with include "csv-pipeline.envFrom" $component }}
        {{- . | nindent 8 }}
        {{- end }}
        resources:
          {{- toYaml .Values.generator.resources | nindent 10 }}
        volumeMounts:
          {{- include "csv-pipeline.volumeMounts" $component | trim | nindent 10 }}
    volumes:
      {{- include "csv-pipeline.volumes" $component | trim | nindent 6 }}
{{- end -}}
