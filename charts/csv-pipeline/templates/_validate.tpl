{{/*
Refuses values that are valid one by one and make no sense together. templates/validate/first/validate.yaml calls this
before anything else is rendered, because Helm renders the deepest templates first.
*/}}
{{- define "csv-pipeline.validate" -}}
{{- include "csv-pipeline.validateComplete" . -}}
{{- with .Values.redis.auth -}}
{{- if and .password .existingSecret -}}
{{- fail (printf "redis.auth: set password or existingSecret (%s), not both" .existingSecret) -}}
{{- end -}}
{{- end -}}
{{- include "csv-pipeline.validateExternalRedis" . -}}
{{- include "csv-pipeline.validateStore" . -}}
{{- with .Values.generator -}}
{{- if and .enabled (not .months) (not .days) -}}
{{- fail "generator: months and days are both 0, so there is nothing to write; set one of them, or enabled: false" -}}
{{- end -}}
{{- end -}}
{{- with .Values.processor -}}
{{- $own := and (eq .image.repository .binaryImage.repository) (eq .image.registry .binaryImage.registry) -}}
{{- if and (not $own) (not .image.tag) (not .image.digest) (include "csv-pipeline.hasCommand" $) -}}
{{- fail (printf "processor.image: the tag of %s is not set, and that of the chart's own images is not meant; set processor.image.tag or digest" .image.repository) -}}
{{- end -}}
{{- end -}}
{{- with .Values.test -}}
{{- if ne (empty .input) (empty .expected) -}}
{{- fail "test: input and expected are a file and its result; set both or neither" -}}
{{- end -}}
{{- end -}}
{{- include "csv-pipeline.validateGenerated" . -}}
{{- include "csv-pipeline.validateProcessor" . -}}
{{- with .Values.common.serviceAccount -}}
{{- if and .create .name -}}
{{- fail (printf "common.serviceAccount: every component would create %s; set create: false if it is there, or a name for each component" .name) -}}
{{- end -}}
{{- end -}}
{{- with .Values.inspector.auth -}}
{{- if and (or .user .read) (not (include "csv-pipeline.mayUpload" $)) -}}
{{- fail "inspector.auth: user and read need a password or a token, and upload is off; set upload to generated or existingSecret" -}}
{{- end -}}
{{- if and (eq (toString .upload) "existingSecret") (not .existingSecret) -}}
{{- fail "inspector.auth.upload is existingSecret: set inspector.auth.existingSecret to the Secret that has the token or the password" -}}
{{- end -}}
{{- if and .existingSecret (not .tokenKey) (not .user) -}}
{{- fail (printf "inspector.auth: existingSecret (%s) is set without tokenKey or user, so nobody could use it" .existingSecret) -}}
{{- end -}}
{{- end -}}
{{- with .Values.inspector.ingress -}}
{{- if and .enabled (not .hosts) -}}
{{- fail "inspector.ingress: enabled without hosts; set hosts to its host names" -}}
{{- end -}}
{{- end -}}
{{- with .Values.inspector.httpRoute -}}
{{- if and .enabled (not .parentRefs) -}}
{{- fail "inspector.httpRoute: enabled without parentRefs; set parentRefs to the Gateway to attach it to" -}}
{{- end -}}
{{- end -}}
{{- with .Values.monitoring -}}
{{- if and .prometheusRule.enabled (not .serviceMonitor.enabled) (not .prometheusRule.scrapedOtherwise) -}}
{{- fail "monitoring.prometheusRule: enabled without monitoring.serviceMonitor, so the alerts would have no metrics; enable it as well, or set scrapedOtherwise: true" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* With secrets.generate: never, every Secret that the chart would generate has to be given. */}}
{{- define "csv-pipeline.validateGenerated" -}}
{{- if eq .Values.secrets.generate "never" -}}
{{- $missing := list -}}
{{- with .Values.redis -}}
{{- if and .enabled (not .auth.existingSecret) (or .auth.users (not .auth.password)) -}}
{{- $missing = append $missing "redis.auth.existingSecret, for the passwords of Redis" -}}
{{- end -}}
{{- if and .enabled .tls.enabled (not .tls.existingSecret) -}}
{{- $missing = append $missing "redis.tls.existingSecret, for the certificate of Redis" -}}
{{- end -}}
{{- end -}}
{{- if include "csv-pipeline.generatesAuth" . -}}
{{- $missing = append $missing "inspector.auth.existingSecret, for the token of uploads (or inspector.auth.upload: off)" -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "secrets.generate is never, so the chart generates no Secret; create one and set %s" (join "; and another one and set " $missing)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What is in /tmp counts towards a pod's limit of ephemeral storage. Takes (dict "of" "processor" "values" .Values.processor). */}}
{{- define "csv-pipeline.validateTmp" -}}
{{- $limit := dig "limits" "ephemeral-storage" "" (.values.resources | default dict) | toString -}}
{{- $most := include "csv-pipeline.bytes" $limit -}}
{{- $size := include "csv-pipeline.bytes" (.values.tmpSize | toString) -}}
{{- if and $most $size (gt (int64 $size) (int64 $most)) -}}
{{- fail (printf "%s.tmpSize is %v, and Kubernetes evicts the pod at %s of ephemeral storage: set %s.resources.limits.ephemeral-storage to more than tmpSize" .of .values.tmpSize $limit .of) -}}
{{- end -}}
{{- end -}}

{{- define "csv-pipeline.validateProcessor" -}}
{{- range $of := list "processor" "inspector" -}}
{{- include "csv-pipeline.validateTmp" (dict "of" $of "values" (get $.Values $of)) -}}
{{- end -}}
{{- with .Values.processor -}}
{{- if and (eq .mode "scaledjob") .autoscale -}}
{{- fail "processor.autoscale is for processor.mode: deployment; a ScaledJob always scales" -}}
{{- end -}}
{{- if gt (int64 .minReplicaCount) (int64 .maxReplicaCount) -}}
{{- fail (printf "processor.minReplicaCount is %d and maxReplicaCount %d: expected a smaller one" (int64 .minReplicaCount) (int64 .maxReplicaCount)) -}}
{{- end -}}
{{- if and .autoscale (gt (int64 .replicas) (int64 .maxReplicaCount)) -}}
{{- fail (printf "processor.replicas is %d and maxReplicaCount %d: expected a smaller one" (int64 .replicas) (int64 .maxReplicaCount)) -}}
{{- end -}}
{{- end -}}
{{- if include "csv-pipeline.keda" . -}}
{{- $known := .Capabilities.APIVersions.Has "keda.sh/v1alpha1" -}}
{{- /* Rendered without the cluster, nothing is known of KEDA. */ -}}
{{- if and (not $known) (include "csv-pipeline.connected" .) -}}
{{- fail "the cluster has no KEDA, which starts the processors: install it with helm install keda keda --repo https://kedacore.github.io/charts --namespace keda --create-namespace --wait, or set processor.mode=deployment to do without" -}}
{{- end -}}
{{- if and $known (eq .Values.processor.mode "scaledjob") -}}
{{- $name := include "csv-pipeline.componentName" (dict "root" . "component" "processor") -}}
{{- if dig "metadata" "deletionTimestamp" "" (lookup "keda.sh/v1alpha1" "ScaledJob" .Release.Namespace $name) -}}
{{- fail (printf "KEDA is still removing the ScaledJob %s of a release before, and would remove the new one with it: wait for it with kubectl -n %s wait --for=delete scaledjob/%s, and try again" $name .Release.Namespace $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "csv-pipeline.validateExternalRedis" -}}
{{- if and .Values.externalRedis.url .Values.externalRedis.addresses -}}
{{- fail "externalRedis: set url or addresses, not both" -}}
{{- end -}}
{{- if and .Values.externalRedis.url (ne .Values.externalRedis.mode "standalone") -}}
{{- fail (printf "externalRedis.url names one server, and externalRedis.mode is %s: list the servers in externalRedis.addresses" .Values.externalRedis.mode) -}}
{{- end -}}
{{- $external := include "csv-pipeline.externalRedis" . | fromJson -}}
{{- if .Values.redis.enabled -}}
{{- if $external.addresses -}}
{{- fail (printf "externalRedis names %s and redis.enabled is true: set redis.enabled: false to use the external one" (join "," $external.addresses)) -}}
{{- end -}}
{{- else -}}
{{- if not $external.addresses -}}
{{- fail "redis.enabled is false and externalRedis names no Redis: set externalRedis.url, or externalRedis.addresses to host:port of your Redis" -}}
{{- end -}}
{{- if and (eq $external.mode "standalone") (gt (len $external.addresses) 1) -}}
{{- fail (printf "externalRedis.addresses has %d entries and the mode standalone takes one; set externalRedis.mode to sentinel or cluster" (len $external.addresses)) -}}
{{- end -}}
{{- if ne (eq $external.mode "sentinel") (ne $external.sentinel.master "") -}}
{{- fail "externalRedis.sentinel.master is the master that the Sentinels monitor: set it if, and only if, externalRedis.mode is sentinel" -}}
{{- end -}}
{{- if and (eq $external.mode "sentinel") .Values.networkPolicy.enabled (not .Values.networkPolicy.externalRedisPorts) -}}
{{- fail "networkPolicy.externalRedisPorts is empty: set it to the ports of the Redis servers behind the Sentinels, such as [6379], as the pods may connect to no others" -}}
{{- end -}}
{{- if and (eq $external.mode "cluster") (int64 $external.database) -}}
{{- fail (printf "externalRedis.database is %d, and a cluster has only 0" (int64 $external.database)) -}}
{{- end -}}
{{- with $external.auth -}}
{{- if and (or .username .perClient) (not .existingSecret) -}}
{{- fail "externalRedis.auth: a user needs a password; set existingSecret to the Secret with the password" -}}
{{- end -}}
{{- if and .username .perClient -}}
{{- fail "externalRedis.auth: set username or perClient, not both" -}}
{{- end -}}
{{- end -}}
{{- if and $external.sentinel.existingSecretPasswordKey (not $external.auth.existingSecret) -}}
{{- fail "externalRedis.sentinel.existingSecretPasswordKey is a key of externalRedis.auth.existingSecret, which is not set" -}}
{{- end -}}
{{- with $external.tls -}}
{{- if and .existingSecret (not .enabled) -}}
{{- fail "externalRedis.tls: existingSecret is set and enabled is false; set enabled: true" -}}
{{- end -}}
{{- if and .clientCertificate (not .existingSecret) -}}
{{- fail "externalRedis.tls: clientCertificate needs existingSecret with tls.crt and tls.key" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Kubernetes refuses some changes of a PVC, but only after others of the upgrade were made. Takes (dict "root" $ "name" "the PVC" "path" "data" "mode" "ReadWriteOnce" "values" .Values.data). */}}
{{- define "csv-pipeline.validateClaim" -}}
{{- with lookup "v1" "PersistentVolumeClaim" .root.Release.Namespace .name -}}
{{- $out := printf "Kubernetes changes it in no PVC. Copy the files to a PVC of your own and set %s.existingClaim, or uninstall the release, which deletes them, and install it again" $.path -}}
{{- if and $.mode .spec.accessModes (not (has $.mode .spec.accessModes)) -}}
{{- fail (printf "%s.accessMode is %s, and the PVC %s has %s: %s" $.path $.mode $.name (join ", " .spec.accessModes) $out) -}}
{{- end -}}
{{- if and $.values.storageClass .spec.storageClassName (ne $.values.storageClass .spec.storageClassName) -}}
{{- fail (printf "%s.storageClass is %s, and the PVC %s has %s: %s" $.path $.values.storageClass $.name .spec.storageClassName $out) -}}
{{- end -}}
{{- $now := include "csv-pipeline.bytes" (dig "spec" "resources" "requests" "storage" "" .) -}}
{{- $then := include "csv-pipeline.bytes" $.values.size -}}
{{- if and $now $then (lt (int64 $then) (int64 $now)) -}}
{{- fail (printf "%s.size is %s, and the PVC %s has %s: a PVC cannot become smaller; set it to the size that it has" $.path $.values.size $.name .spec.resources.requests.storage) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "csv-pipeline.validateStore" -}}
{{- if not (or .Values.data.existingClaim (include "csv-pipeline.bucket" .)) -}}
{{- include "csv-pipeline.validateClaim" (dict "root" . "name" (include "csv-pipeline.dataClaim" .) "path" "data" "mode" .Values.data.accessMode "values" .Values.data) -}}
{{- end -}}
{{- with .Values.redis -}}
{{- if and .enabled .persistence.enabled (not .persistence.existingClaim) -}}
{{- $name := include "csv-pipeline.componentName" (dict "root" $ "component" "redis") -}}
{{- include "csv-pipeline.validateClaim" (dict "root" $ "name" $name "path" "redis.persistence" "mode" "" "values" .persistence) -}}
{{- end -}}
{{- end -}}
{{- $bucket := include "csv-pipeline.bucket" . -}}
{{- with .Values.store -}}
{{- if and (not $bucket) (or .existingSecret .serviceAccountAnnotations .tls.existingSecret) -}}
{{- fail (printf "store: existingSecret, serviceAccountAnnotations and tls are for a bucket, and url is %s, the volume; set url to the URL of the bucket" .url) -}}
{{- end -}}
{{- if and .existingSecret .serviceAccountAnnotations -}}
{{- fail (printf "store: existingSecret (%s) and serviceAccountAnnotations are two sources of credentials, and the Secret would be used; set only one of them" .existingSecret) -}}
{{- end -}}
{{- end -}}
{{- if and $bucket .Values.data.existingClaim -}}
{{- fail (printf "store.url is a bucket and data.existingClaim is %s: the files are in one of them" .Values.data.existingClaim) -}}
{{- end -}}
{{- /* An upgrade that no longer needs the chart's own PVC, or gives it another name, would delete it, with every file. */ -}}
{{- $needed := printf "%s-data" (include "csv-pipeline.fullname" .) -}}
{{- $why := "nameOverride or fullnameOverride gives it another name" -}}
{{- if or $bucket .Values.data.existingClaim -}}
{{- $needed = "" -}}
{{- $why = "store.url or data.existingClaim replaces it" -}}
{{- end -}}
{{- range (lookup "v1" "PersistentVolumeClaim" .Release.Namespace "").items -}}
{{- $name := .metadata.name -}}
{{- $annotations := .metadata.annotations | default dict -}}
{{- if and (hasSuffix "-data" $name) (ne $name $needed) (eq (get $annotations "meta.helm.sh/release-name") $.Release.Name) (ne (get $annotations "helm.sh/resource-policy") "keep") -}}
{{- fail (printf "the files would be lost: this upgrade deletes the PVC %s, because %s; keep it with kubectl annotate pvc %s helm.sh/resource-policy=keep, or delete it first" $name $why $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/*
Refuses the values of an earlier version of the chart, before a template fails on what they lack. That is what
helm upgrade --reuse-values comes with.
*/}}
{{- define "csv-pipeline.validateComplete" -}}
{{- range $path := include "csv-pipeline.neededValues" . | trim | splitList "\n" -}}
{{- $value := $.Values -}}
{{- range $key := splitList "." $path -}}
{{- if kindIs "map" $value -}}
{{- $value = index $value $key -}}
{{- end -}}
{{- end -}}
{{- if kindIs "invalid" $value -}}
{{- fail (printf "%s is missing, as in the values of an earlier version of the chart: upgrade with --reset-then-reuse-values in place of --reuse-values, and set no value to null that has a default" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Made from values.yaml by go test -run TestValuesOfAnEarlierVersion -update: the sections, and the values whose default is not empty. */}}
{{- define "csv-pipeline.neededValues" -}}
cleanup
cleanup.keepDays
cleanup.schedule
common
common.serviceAccount
common.serviceAccount.create
data
data.accessMode
data.size
events
events.giveUpAfter
events.keep
events.stuckAfter
externalRedis
externalRedis.auth
externalRedis.auth.existingSecretPasswordKey
externalRedis.mode
externalRedis.sentinel
externalRedis.tls
generator
generator.backoffLimit
generator.enabled
generator.image
generator.image.registry
generator.image.repository
generator.items
generator.maxQuantity
generator.months
generator.onDemand
generator.rows
generator.seed
generator.start
generator.ttlSecondsAfterFinished
global
image
image.pullPolicy
inspector
inspector.auth
inspector.auth.passwordKey
inspector.auth.tokenKey
inspector.auth.upload
inspector.basePath
inspector.httpRoute
inspector.image
inspector.image.registry
inspector.image.repository
inspector.ingress
inspector.maxUpload
inspector.replicas
inspector.service
inspector.service.port
inspector.service.type
inspector.settle
inspector.sweepInterval
inspector.tmpSize
monitoring
monitoring.dashboard
monitoring.prometheusRule
monitoring.prometheusRule.backlogFor
monitoring.prometheusRule.oldestWaitingSeconds
monitoring.prometheusRule.volumeFreeShare
monitoring.serviceMonitor
monitoring.serviceMonitor.interval
networkPolicy
networkPolicy.dnsPorts
networkPolicy.enabled
networkPolicy.kedaNamespace
openshift
processor
processor.aggregate
processor.backoffLimit
processor.binaryImage
processor.binaryImage.registry
processor.binaryImage.repository
processor.commandInput
processor.commandMaxOutput
processor.commandTimeout
processor.concurrency
processor.failedJobsHistoryLimit
processor.filesPerTrigger
processor.groupBy
processor.image
processor.image.registry
processor.image.repository
processor.input
processor.input.bareNumber
processor.input.dateFormats
processor.input.delimiter
processor.input.encoding
processor.input.escapeChar
processor.input.header
processor.input.maxBadShare
processor.input.maxExpansion
processor.input.onBadRow
processor.input.quoteChar
processor.input.raggedRows
processor.lease
processor.maxErrors
processor.maxReplicaCount
processor.mode
processor.output
processor.output.format
processor.pollingInterval
processor.replicas
processor.rollout
processor.staleAfter
processor.successfulJobsHistoryLimit
processor.terminationGracePeriodSeconds
processor.tmpSize
processor.ttlSecondsAfterFinished
queue
queue.list
redis
redis.auth
redis.auth.existingSecretPasswordKey
redis.auth.users
redis.enabled
redis.image
redis.image.registry
redis.image.repository
redis.image.tag
redis.persistence
redis.persistence.enabled
redis.persistence.size
redis.tls
secrets
secrets.generate
store
store.tls
store.url
test
test.activeDeadlineSeconds
test.enabled
test.patience
{{- end -}}
