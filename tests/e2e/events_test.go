//go:build e2e

package e2e

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const receiverManifest = `
apiVersion: v1
kind: Secret
metadata: {name: receiver}
stringData: {signing: SIGNING}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: receiver}
spec:
  selector: {matchLabels: {run: receiver}}
  template:
    metadata: {labels: {run: receiver}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: receiver
          image: IMAGE
          env: [{name: SECRET, valueFrom: {secretKeyRef: {name: receiver, key: signing}}}]
          readinessProbe: {tcpSocket: {port: 8080}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: receiver}
spec: {selector: {run: receiver}, ports: [{port: 8080}]}
`

// TestResultsStartTheNextPipeline: the results of a pipeline are pushed on the list of a second one, which has the
// first one's folder of results as its raw/, and a receiver in the cluster is told of each, signed.
func TestResultsStartTheNextPipeline(t *testing.T) {
	first := newRelease(t, forVolumes.build(t))
	second := first.beside("second")
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	manifest := strings.NewReplacer("SIGNING", "whsec_"+base64.StdEncoding.EncodeToString(key), "IMAGE", receiver(t).String()).Replace(receiverManifest)
	runWith(t, manifest, "kubectl", "--namespace", first.namespace, "apply", "--filename", "-")

	second.set("generator.enabled", false)
	second.set("processor.groupBy", []string{"filename() as file"})
	second.set("processor.aggregate", []string{"sum(total_quantity) as sold"})
	second.set("inspector.sweepInterval", "1h") // what starts it is the events
	for _, component := range []string{"processor", "inspector"} {
		second.set(component+".extraVolumes", []map[string]any{{"name": "results", "persistentVolumeClaim": map[string]any{"claimName": first.name + "-data"}}})
		second.set(component+".extraVolumeMounts", []map[string]any{{"name": "results", "mountPath": "/data/raw", "subPath": "processed"}})
	}
	second.set("networkPolicy.redisFrom", []map[string]any{{"podSelector": map[string]any{"matchLabels": map[string]string{
		"app.kubernetes.io/instance": first.name, "app.kubernetes.io/component": "inspector"}}}})

	first.set("events.sinks", []map[string]any{
		{"name": "receiver", "http": map[string]any{"url": "http://receiver." + first.namespace + ".svc:8080", "signingSecret": map[string]string{"name": "receiver", "key": "signing"}}},
		{"name": "second", "from": "all", "redis": map[string]any{"url": "redis://generator@second-redis." + first.namespace + ".svc:6379", "list": "csvs-to-process",
			"passwordSecret": map[string]string{"name": "second-redis", "key": "generator-password"}}},
	})
	first.helm(t, "install")
	second.helm(t, "install")
	for _, r := range []*release{first, second} {
		r.kubectl(t, "wait", "--for=condition=Available", "--timeout=300s", "deployment/"+r.name+"-inspector")
	}
	files := halfYear(2022)
	page := forward(t, first.namespace, first.name+"-inspector")
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	next := forward(t, second.namespace, second.name+"-inspector")
	eventually(t, "all results of the second pipeline", patience, func() error {
		if done := second.redis(t, "HGET '{csvs-to-process}:stats' completed"); done != fmt.Sprint(len(files)) {
			return fmt.Errorf("%s of %d are done", done, len(files))
		}
		return nil
	})
	if sum := next.get(t, "/files/processed/20220101_aggregated_sales_aggregated_sales.csv"); !strings.HasPrefix(sum, "file,sold\n20220101_aggregated_sales.csv,") {
		t.Errorf("its first result is %q", sum)
	}
	eventually(t, "the receiver told of each result", patience, func() error {
		told := map[string]bool{}
		for line := range strings.Lines(first.kubectl(t, "logs", "deployment/receiver", "--tail", "-1")) {
			if strings.HasPrefix(line, "wrong:") {
				t.Fatal("the receiver says ", line)
			}
			if name, ok := strings.CutPrefix(strings.TrimSpace(line), "io.github.csv-pipeline.result.done.v1 "); ok {
				told[name] = true
			}
		}
		if len(told) != len(files) {
			return fmt.Errorf("it was told of %d", len(told))
		}
		return nil
	})
	for _, r := range []*release{first, second} {
		if denied := r.redis(t, "ACL LOG"); denied != "" {
			t.Errorf("the Redis of %s denied something to a user of the chart's:\n%s", r.name, denied)
		}
	}
}

// receiver builds the image of the program in testdata/receiver, and copies it to the cluster's nodes.
func receiver(t *testing.T) image {
	t.Helper()
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(folder, "receiver"), "./tests/e2e/testdata/receiver")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	text := "FROM " + cmp.Or(os.Getenv("BASE_IMAGE"), "gcr.io/distroless/static:nonroot") + "\nCOPY receiver /receiver\nENTRYPOINT [\"/receiver\"]\n"
	if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	is := image{"localhost", "csv-pipeline/receiver", "e2e"}
	run(t, "docker", "build", "--quiet", "--tag", is.String(), folder)
	loadImages(t, []string{is.String()})
	return is
}
