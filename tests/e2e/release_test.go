//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// release is the chart in a namespace of its own.
type release struct {
	namespace, name string
	chart           string // its folder, from the repository's
	values          map[string]any
}

const currentChart = "charts/csv-pipeline"

// newRelease makes the namespace, with the strictest of Kubernetes' Pod Security Standards, and
// removes it with the test.
func newRelease(t *testing.T, images map[string]image) *release {
	t.Helper()
	r := &release{namespace: "csv-pipeline-e2e-" + strings.ToLower(rand.Text()[:6]), name: "csv-pipeline", chart: currentChart, values: map[string]any{}}
	for service, is := range images {
		r.set(service+".image", is)
	}
	if redis := os.Getenv("REDIS_IMAGE"); redis != "" {
		r.set("redis.image", parseImage(redis))
	}
	run(t, "kubectl", "create", "namespace", r.namespace)
	t.Cleanup(func() {
		if t.Failed() {
			r.dump(t)
		}
		if os.Getenv("E2E_KEEP") != "" {
			t.Logf("the namespace %s stays, because E2E_KEEP is set", r.namespace)
			return
		}
		if _, err := tryRun(contextOf(t), "", "kubectl", "delete", "namespace", r.namespace, "--timeout=120s"); err != nil {
			t.Error(err)
		}
	})
	run(t, "kubectl", "label", "namespace", r.namespace,
		"pod-security.kubernetes.io/enforce=restricted", "pod-security.kubernetes.io/warn=restricted")
	return r
}

// set sets a value of the chart for the next install or upgrade; nil takes it away again.
func (r *release) set(path string, value any) {
	keys := strings.Split(path, ".")
	in := r.values
	for _, key := range keys[:len(keys)-1] {
		inner, ok := in[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			in[key] = inner
		}
		in = inner
	}
	last := keys[len(keys)-1]
	if value == nil {
		delete(in, last)
		return
	}
	in[last] = value
}

// helm runs helm install or upgrade with the values as they are now, and returns when it began.
func (r *release) helm(t *testing.T, verb string) time.Time {
	t.Helper()
	text, err := json.Marshal(r.values)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	runWith(t, string(text), "helm", verb, r.name, r.chart, "--namespace", r.namespace, "--values", "-")
	return began
}

func (r *release) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, "kubectl", append([]string{"--namespace", r.namespace}, args...)...)
}

// generatorJob returns the name of the generator's Job that Helm installed.
func (r *release) generatorJob(t *testing.T) string {
	t.Helper()
	return r.kubectl(t, "get", "jobs", "--output", "name",
		"--selector", "app.kubernetes.io/component=generator,app.kubernetes.io/managed-by=Helm")
}

// started returns when the generator of a Job started, to the second below.
func (r *release) started(t *testing.T, job string) time.Time {
	t.Helper()
	r.kubectl(t, "wait", "--for=condition=Complete", "--timeout=180s", job)
	_, name, _ := strings.Cut(job, "/")
	text := r.kubectl(t, "get", "pods", "--selector", "batch.kubernetes.io/job-name="+name, "--output",
		"jsonpath={.items[*].status.containerStatuses[0].state.terminated.startedAt}")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("the generator of %s did not start just once: %v", job, err)
	}
	return at
}

// lastResult returns when Redis was told of the last result.
func (r *release) lastResult(t *testing.T) time.Time {
	t.Helper()
	text := r.redis(t, "XREVRANGE '{csvs-to-process}:completed' + - COUNT 1")
	milliseconds, err := strconv.ParseInt(regexp.MustCompile(`\d{13}`).FindString(text), 10, 64)
	if err != nil {
		t.Fatalf("no result is in the stream of what completed: %q", text)
	}
	return time.UnixMilli(milliseconds)
}

// password returns the password of Redis' default user, as the Secret has it.
func (r *release) password(t *testing.T) string {
	t.Helper()
	return r.kubectl(t, "get", "secret", r.name+"-redis", "--output", `jsonpath={.data.redis-password}`)
}

// redis runs a command of redis-cli where Redis is.
func (r *release) redis(t *testing.T, command string) string {
	t.Helper()
	return r.kubectl(t, "exec", r.name+"-redis-0", "--", "sh", "-c",
		"REDISCLI_AUTH=$(cat /run/secrets/redis/password) redis-cli "+command)
}

// restarts returns an error if a container had to be started again.
func (r *release) restarts(t *testing.T) error {
	t.Helper()
	text := r.kubectl(t, "get", "pods", "--output",
		`jsonpath={range .items[*]}{.metadata.name}{" "}{.status.containerStatuses[0].restartCount}{"\n"}{end}`)
	for line := range strings.Lines(text) {
		if name, count, _ := strings.Cut(strings.TrimSpace(line), " "); name != "" && count != "0" {
			return fmt.Errorf("the container of %s was restarted %s times", name, count)
		}
	}
	return nil
}

// leftovers returns the names of every object of the release that is still there.
func (r *release) leftovers(t *testing.T) map[string]bool {
	t.Helper()
	text := r.kubectl(t, "get", "all,configmaps,secrets,serviceaccounts,persistentvolumeclaims,scaledjobs,triggerauthentications,networkpolicies,poddisruptionbudgets",
		"--selector", "app.kubernetes.io/instance="+r.name, "--output", "name")
	left := map[string]bool{}
	for line := range strings.Lines(text) {
		left[strings.TrimSpace(line)] = true
	}
	return left
}

// awaitLeftovers waits until just these objects are left.
func (r *release) awaitLeftovers(t *testing.T, want ...string) {
	t.Helper()
	wanted := map[string]bool{}
	for _, name := range want {
		wanted[name] = true
	}
	eventually(t, "what helm uninstall leaves", 90*time.Second, func() error {
		if left := r.leftovers(t); !maps.Equal(left, wanted) {
			return fmt.Errorf("it is %v, not %v", left, wanted)
		}
		return nil
	})
}

// dump logs what helps to see why a test failed.
func (r *release) dump(t *testing.T) {
	for _, args := range [][]string{
		{"get", "all,pvc,scaledjobs", "--output", "wide"},
		{"get", "events", "--sort-by=.lastTimestamp"},
		{"describe", "scaledjobs"},
		{"logs", "--selector", "app.kubernetes.io/component=generator", "--tail=20", "--prefix"},
		{"logs", "--selector", "app.kubernetes.io/component=processor", "--tail=20", "--prefix"},
		{"logs", "--selector", "app.kubernetes.io/component=inspector", "--tail=50", "--prefix"},
		{"logs", "--selector", "app.kubernetes.io/component=redis", "--tail=20", "--prefix"},
	} {
		out, err := tryRun(contextOf(t), "", "kubectl", append([]string{"--namespace", r.namespace}, args...)...)
		if err != nil {
			out = err.Error()
		}
		t.Logf("kubectl %s:\n%s", strings.Join(args, " "), out)
	}
}
