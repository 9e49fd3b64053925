//go:build e2e

package e2e

import (
	"cmp"
	"os"
	"strings"
	"testing"
)

// someonesRedis is a Redis that is not the chart's: IMAGE stands for its image.
const someonesRedis = `
apiVersion: v1
kind: Secret
metadata: {name: someones}
stringData: {redis-password: not guessed}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: someones}
spec:
  selector: {matchLabels: {run: someones}}
  template:
    metadata: {labels: {run: someones}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: redis
          image: IMAGE
          command: [redis-server, --save, "", --dir, /tmp, --requirepass, $(PASSWORD)]
          env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: someones, key: redis-password}}}]
          readinessProbe: {tcpSocket: {port: 6379}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: someones}
spec: {selector: {run: someones}, ports: [{port: 6379}]}
`

// TestARedisByItsURL: a URL and a Secret with the password are all that the chart needs of an external Redis, KEDA
// included.
func TestARedisByItsURL(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	manifest := strings.ReplaceAll(someonesRedis, "IMAGE", cmp.Or(os.Getenv("REDIS_IMAGE"), "docker.io/library/redis:8-alpine"))
	runWith(t, manifest, "kubectl", "--namespace", r.namespace, "apply", "--filename", "-")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/someones")
	r.set("redis.enabled", false)
	r.set("externalRedis.url", "redis://default@someones."+r.namespace+".svc/2")
	r.set("externalRedis.auth.existingSecret", "someones")
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")
	files := halfYear(2022)
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	checkResults(t, page, files)
	if stats := r.kubectl(t, "exec", "deployment/someones", "--", "sh", "-c",
		"REDISCLI_AUTH=\"$PASSWORD\" redis-cli -n 2 HGET '{csvs-to-process}:stats' completed"); stats != "181" {
		t.Errorf("database 2 counts %q completed files", stats)
	}
}
