//go:build e2e && scale

package e2e

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestManyJobs has KEDA start 500 Jobs at once, for as many names in the list, on nodes that
// kwok pretends to have (https://kwok.sigs.k8s.io): Kubernetes' and KEDA's part of the work is real, and
// the pods' is none. It prints how long each part took, and what the API server had to do.
//
//	KWOK  the program, sigs.k8s.io/kwok/cmd/kwok; otherwise it is looked for on PATH
//
// The pods need a store that does not tie them to a node: see TestBucket for how to name one.
func TestManyJobs(t *testing.T) {
	const jobs, nodes, podsOfANode = 500, 10, 110
	b := givenBucket(t)
	startKwok(t, nodes, podsOfANode)
	r := newRelease(t, forVolumes.build(t))
	b.use(t, r)
	r.set("generator.enabled", false)
	r.set("processor.maxReplicaCount", jobs)
	r.set("processor.successfulJobsHistoryLimit", jobs)
	r.set("processor.nodeSelector", map[string]any{"type": "kwok"})
	r.set("processor.tolerations", []any{map[string]any{"key": "kwok.x-k8s.io/node", "operator": "Exists", "effect": "NoSchedule"}})
	watched := watchJobs(t, r.namespace, r.name+"-processor")
	r.helm(t, "install")
	r.kubectl(t, "rollout", "status", "--timeout=180s", "statefulset/"+r.name+"-redis")
	r.kubectl(t, "wait", "--for=condition=Ready", "--timeout=180s", "scaledjob/"+r.name+"-processor")

	before := apiServer(t)
	began := time.Now()
	r.redis(t, fmt.Sprintf("EVAL 'for i=1,%d do redis.call(\"LPUSH\", KEYS[1], i .. \".csv\") end' 1 csvs-to-process", jobs))
	watched.await(t, "the first Job", patience, func(running []string) bool { return len(running) > 0 })
	first := time.Since(began)
	watched.await(t, "all Jobs", 3*patience, func(running []string) bool { return len(running) >= jobs })
	all := time.Since(began)
	pods := func(phase string, want int) func() error {
		return func() error {
			text := r.kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/component=processor", "--field-selector", "status.phase="+phase, "--output", "name")
			if n := strings.Count(text+"\n", "pod/"); n < want {
				return fmt.Errorf("%d pods are %s", n, phase)
			}
			return nil
		}
	}
	eventually(t, "all pods run", 3*patience, pods("Running", jobs))
	run := time.Since(began)

	r.redis(t, "DEL csvs-to-process")
	finish := time.Now()
	r.kubectl(t, "annotate", "pods", "--selector", "app.kubernetes.io/component=processor", "csv-pipeline.test/finish=yes")
	watched.await(t, "scaling to zero", 3*patience, func(running []string) bool { return len(running) == 0 })
	finished := time.Since(finish)
	after := apiServer(t)

	if err := watched.verdict(jobs); err != nil {
		t.Error(err)
	}
	t.Logf("%d names: the first Job after %.1f s, the last after %.1f s (%.0f Jobs/s), all pods running after %.1f s, all Jobs complete %.1f s after being told to",
		jobs, first.Seconds(), all.Seconds(), jobs/(all-first).Seconds(), run.Seconds(), finished.Seconds())
	t.Logf("API server: %.0f requests, %.1f s of CPU, %.0f MB resident", after.requests-before.requests, after.cpu-before.cpu, after.resident/1e6)
	t.Log(watched)
}

// startKwok makes the nodes, and has kwok keep them and their pods alive until the test ends.
func startKwok(t *testing.T, nodes, pods int) {
	t.Helper()
	program, err := exec.LookPath(cmp.Or(os.Getenv("KWOK"), "kwok"))
	if err != nil {
		t.Fatalf("this test needs kwok ('go install sigs.k8s.io/kwok/cmd/kwok@latest'), on PATH or named by KWOK: %v", err)
	}
	var manifests strings.Builder
	for n := range nodes {
		fmt.Fprintf(&manifests, `
apiVersion: v1
kind: Node
metadata:
  name: kwok-%d
  annotations: {kwok.x-k8s.io/node: fake, node.alpha.kubernetes.io/ttl: "0"}
  labels: {type: kwok, kubernetes.io/os: linux, kubernetes.io/arch: amd64, kubernetes.io/hostname: kwok-%[1]d}
spec:
  taints: [{key: kwok.x-k8s.io/node, value: fake, effect: NoSchedule}]
status:
  allocatable: {cpu: "32", memory: 256Gi, ephemeral-storage: 1Ti, pods: "%[2]d"}
  capacity: {cpu: "32", memory: 256Gi, ephemeral-storage: 1Ti, pods: "%[2]d"}
---`, n, pods)
	}
	runWith(t, manifests.String(), "kubectl", "apply", "--filename", "-")
	t.Cleanup(func() {
		if _, err := tryRun(contextOf(t), "", "kubectl", "delete", "nodes", "--selector", "type=kwok"); err != nil {
			t.Error(err)
		}
	})
	c := exec.CommandContext(t.Context(), program, "--config", "testdata/kwok-stages.yaml", "--kubeconfig", os.Getenv("KUBECONFIG"),
		"--manage-nodes-with-annotation-selector", "kwok.x-k8s.io/node=fake", "--node-lease-duration-seconds", "40", "--node-ip", "10.0.0.1", "--cidr", "10.250.0.0/16")
	complaints, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var last string
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(complaints); lines.Scan(); {
			last = lines.Text()
		}
		_ = c.Wait() // it ends with the test's context
	}()
	t.Cleanup(func() {
		<-done
		if t.Failed() {
			t.Log("kwok's last words: ", last)
		}
	})
	run(t, "kubectl", "wait", "--for=condition=Ready", "--timeout=60s", "nodes", "--selector", "type=kwok")
}

type apiServerUse struct{ requests, cpu, resident float64 }

// apiServer reads the API server's own metrics: requests answered, seconds of CPU, bytes resident.
func apiServer(t *testing.T) (use apiServerUse) {
	t.Helper()
	text := run(t, "kubectl", "get", "--raw", "/metrics")
	for pattern, sum := range map[string]*float64{
		`apiserver_request_total`:       &use.requests,
		`process_cpu_seconds_total`:     &use.cpu,
		`process_resident_memory_bytes`: &use.resident,
	} {
		for _, found := range regexp.MustCompile(`(?m)^`+pattern+`(?:\{.*\})? (\S+)$`).FindAllStringSubmatch(text, -1) {
			n, err := strconv.ParseFloat(found[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			*sum += n
		}
	}
	return use
}
