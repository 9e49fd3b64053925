package chart

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// variants are installations that every general rule below is checked on.
var variants = map[string]installation{
	"defaults":        {golden: true},
	"name like chart": {name: "csv-pipeline"},
	"long names":      {name: strings.Repeat("very-", 8) + "long"},
	"longest names":   {name: strings.Repeat("very-", 10) + "lon"},
	"everything set": {golden: true, values: `
global: {imageRegistry: registry.example}
image: {pullPolicy: Always, pullSecrets: [one, two]}
queue: {list: other-list}
data: {existingClaim: mine, accessMode: ReadWriteMany}
processor: &all
  extraEnv: [{name: SOME, value: thing}]
  podAnnotations: {some: annotation}
  podLabels: {some: label}
  priorityClassName: high
  nodeSelector: {disk: fast}
  tolerations: [{key: batch, operator: Exists}]
  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: zone}]}}
generator: {<<: *all, schedule: "0 3 * * *"}
cleanup: {<<: *all, enabled: true, keepDays: 90}
inspector:
  <<: *all
  replicas: 3
  basePath: /csv/
  auth: {existingSecret: web, user: me, read: true}
  ingress: {enabled: true, className: nginx, hosts: [csv.example], tlsSecret: web, annotations: {some: annotation}}
  httpRoute: {enabled: true, parentRefs: [{name: gateway}], hosts: [csv.example]}
test: *all
monitoring:
  serviceMonitor: {enabled: true, labels: {release: prometheus}}
  prometheusRule: {enabled: true, labels: {release: prometheus}}
  dashboard: {enabled: true, annotations: {folder: some}}
networkPolicy:
  inspectorFrom: [{namespaceSelector: {matchLabels: {some: label}}}]
  redisFrom: [{podSelector: {matchLabels: {some: producer}}}]
  extraEgress: [{ports: [{port: 443}]}]
redis:
  <<: *all
  podDisruptionBudget: true
  tls: {enabled: true, existingSecret: certificates}
  auth: {existingSecret: theirs, existingSecretPasswordKey: pass}
  persistence: {existingClaim: redis-data}
  config: "maxmemory 200mb"
`},
	"kept":           {set: []string{"data.keep=true", "redis.persistence.keep=true", "data.annotations.some=thing", "data.storageClass=a", "redis.persistence.storageClass=b"}},
	"no generator":   {set: []string{"generator.enabled=false"}},
	"redis with TLS": {golden: true, set: []string{"redis.tls.enabled=true"}},
	"one redis user": {set: []string{"redis.auth.users=false"}},
	"external redis": {set: []string{"redis.enabled=false", "externalRedis.addresses={redis.example:6380}"}},
	"sentinel": {golden: true, values: `
redis: {enabled: false}
externalRedis:
  mode: sentinel
  addresses: ["a.example:26379", "b.example:26379"]
  sentinel: {master: orders, username: watcher, existingSecretPasswordKey: sentinel}
  auth: {existingSecret: theirs, username: us}
  tls: {enabled: true, existingSecret: certificates}
networkPolicy: {externalRedisPorts: [6379], externalRedisPeers: [{ipBlock: {cidr: 10.0.0.0/8}}]}
`},
	"cluster": {golden: true, values: `
redis: {enabled: false}
externalRedis:
  mode: cluster
  addresses: ["a.example:6379", "b.example:6380"]
  auth: {existingSecret: theirs, perClient: true}
  tls: {enabled: true, existingSecret: certificates, clientCertificate: true}
`},
	"command": {golden: true, values: `
processor:
  image: {registry: registry.example, repository: mine/totals, tag: "1"}
  command: [python3, -c, "print('$$ of ' + \"it's\")"]
  commandEnv: [{name: MODEL, value: small}]
`},
	"bucket": {golden: true, values: `
store: {url: "s3://sales/eu?region=eu-central-1&endpoint=https%3A%2F%2Fminio.minio.svc%3A9000", existingSecret: bucket, tls: {existingSecret: bucket-tls}}
networkPolicy: {storePeers: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: minio}}}]}
`},
	"events": {golden: true, values: `
events:
  source: /sales/pipeline
  sinks:
    - name: billing
      types: [result.done, file.failed]
      http:
        url: https://billing.example:8443/events
        signingSecret: {name: webhooks, key: billing}
        tokenSecret: {name: webhooks, key: token}
        caSecret: {name: authority, key: ca.crt}
    - {name: next, redis: {list: second-list}}
    - {name: kept, redis: {url: "rediss://user@redis.other:6380/1", stream: told, maxLen: 1000, passwordSecret: {name: other, key: password}}}
networkPolicy: {sinkPeers: [{ipBlock: {cidr: 10.0.0.0/8}}]}
`},
	"bucket of Google":   {set: []string{"store.url=gs://sales", "store.existingSecret=bucket"}},
	"bucket by identity": {set: []string{"store.url=azblob://sales", `store.serviceAccountAnnotations.azure\.workload\.identity/client-id=a12`}},
	"cleaned up":         {set: []string{"cleanup.enabled=true"}},
	"nothing on a volume": {values: `
cleanup: {enabled: true}
store: {url: s3://sales, serviceAccountAnnotations: {eks.amazonaws.com/role-arn: arn}}
redis: {enabled: false}
externalRedis: {addresses: ["a:1"]}
monitoring: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}}
`},
	"processors that stay":        {set: []string{"processor.mode=deployment", "redis.tls.enabled=true"}},
	"processors that KEDA scales": {set: []string{"processor.mode=deployment", "processor.autoscale=true", "processor.command=cat", "processor.image.tag=v1"}},
	"OpenShift":                   {apis: []string{"security.openshift.io/v1"}},
	"nobody uploads":              {set: []string{"inspector.auth.upload=off"}},
	"no policies":                 {set: []string{"networkPolicy.enabled=false"}},
	"paused":                      {set: []string{"processor.paused=true", "processor.activeDeadlineSeconds=60"}},
}

// rendered has the variants that forEachVariant has rendered. Its checks must not change them.
var rendered sync.Map

func forEachVariant(t *testing.T, check func(t *testing.T, r release)) {
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		t.Run(name, func(t *testing.T) {
			r, known := rendered.Load(name)
			if !known {
				r = render(t, variants[name])
				rendered.Store(name, r)
			}
			check(t, r.(release))
		})
	}
}
