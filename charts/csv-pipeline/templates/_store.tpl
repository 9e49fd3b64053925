{{/* The scheme of the bucket's URL: s3, gs or azblob; empty if the files are on the volume. */}}
{{- define "csv-pipeline.bucket" -}}
{{- $scheme := regexFind "^[a-z0-9]+" .Values.store.url -}}
{{- if ne $scheme "file" }}{{ $scheme }}{{ end -}}
{{- end -}}

{{/* The environment variables of a pod that uses the files. */}}
{{- define "csv-pipeline.storeEnv" -}}
- name: STORE_URL
  value: {{ .Values.store.url | quote }}
{{- if and .Values.store.existingSecret (eq (include "csv-pipeline.bucket" .) "gs") }}
- name: GOOGLE_APPLICATION_CREDENTIALS
  value: /run/secrets/store/credentials.json
{{- end }}
{{- if .Values.store.tls.existingSecret }}
# The certificate authorities in this folder are trusted in addition to the public ones.
- name: SSL_CERT_DIR
  value: /run/secrets/store-tls
{{- end }}
{{- end -}}

{{/* The bucket's credentials, named in their Secret as the cloud's own SDK names them, as a list. Google's are a file instead. */}}
{{- define "csv-pipeline.storeEnvFrom" -}}
{{- if and .Values.store.existingSecret (ne (include "csv-pipeline.bucket" .) "gs") -}}
- secretRef:
    name: {{ .Values.store.existingSecret }}
{{- end -}}
{{- end -}}

{{/*
The mounts of the files' volume, or of what the connection to a bucket needs. The inspector's is read-only if nobody may
change files. Takes (dict "root" $ "component" "processor").
*/}}
{{- define "csv-pipeline.storeVolumeMounts" -}}
{{- $bucket := include "csv-pipeline.bucket" .root -}}
{{- if not $bucket }}
- name: data
  mountPath: /data
  {{- if and (eq .component "inspector") (not (include "csv-pipeline.authSecret" .root)) }}
  readOnly: true
  {{- end }}
{{- end }}
{{- if and (eq $bucket "gs") .root.Values.store.existingSecret }}
- name: store
  mountPath: /run/secrets/store
  readOnly: true
{{- end }}
{{- if .root.Values.store.tls.existingSecret }}
- name: store-tls
  mountPath: /run/secrets/store-tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "csv-pipeline.storeVolumes" -}}
{{- $bucket := include "csv-pipeline.bucket" . -}}
{{- if not $bucket }}
- name: data
  persistentVolumeClaim:
    claimName: {{ include "csv-pipeline.dataClaim" . }}
{{- end }}
{{- if and (eq $bucket "gs") .Values.store.existingSecret }}
- name: store
  secret:
    secretName: {{ .Values.store.existingSecret }}
    defaultMode: 0440
    items:
      - key: credentials.json
        path: credentials.json
{{- end }}
{{- with .Values.store.tls.existingSecret }}
- name: store-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- end -}}

{{/* Labels of a pod that uses the files: Azure gives workload identity only to pods that have this one. */}}
{{- define "csv-pipeline.storePodLabels" -}}
{{- range $name, $_ := .Values.store.serviceAccountAnnotations -}}
{{- if eq $name "azure.workload.identity/client-id" -}}
azure.workload.identity/use: "true"
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The ports of the bucket's service, as JSON: those given, or that of the endpoint in the URL, or 443. */}}
{{- define "csv-pipeline.storePorts" -}}
{{- $ports := list 443 -}}
{{- $url := .Values.store.url | replace "%3A" ":" | replace "%3a" ":" | replace "%2F" "/" | replace "%2f" "/" -}}
{{- with regexFind "[?&]endpoint=[^&]*" $url | trimAll "?&" | trimPrefix "endpoint=" -}}
{{- if hasPrefix "http://" . -}}
{{- $ports = list 80 -}}
{{- end -}}
{{- with regexFind ":[0-9]+(/|$)" . | trimAll ":/" -}}
{{- $ports = list (atoi .) -}}
{{- end -}}
{{- end -}}
{{- .Values.networkPolicy.storePorts | default $ports | toJson -}}
{{- end -}}
