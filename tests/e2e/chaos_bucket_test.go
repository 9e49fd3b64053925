//go:build e2e && chaos

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// TestChaosNodeWithBucket stops a node while processors on it and on others work on 2,000 files of a
// bucket. It stays away: the others finish.
//
//	NODE_STOP, NODE_START  commands that stop a node and bring it back
//	NODE_STOPPED  its name
//
// KEDA and the bucket's own pods, if there are any, have to be on another node.
func TestChaosNodeWithBucket(t *testing.T) {
	b := givenBucket(t)
	stop, start, stopped := os.Getenv("NODE_STOP"), os.Getenv("NODE_START"), os.Getenv("NODE_STOPPED")
	if stop == "" || start == "" || stopped == "" {
		t.Skip("NODE_STOP, NODE_START and NODE_STOPPED are not given")
	}
	r := newRelease(t, forBuckets.build(t))
	b.use(t, r)
	elsewhere := map[string]any{"nodeAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": map[string]any{
		"nodeSelectorTerms": []any{map[string]any{"matchExpressions": []any{
			map[string]any{"key": "kubernetes.io/hostname", "operator": "NotIn", "values": []any{stopped}}}}}}}}
	for _, component := range []string{"redis", "inspector", "generator"} {
		r.set(component+".affinity", elsewhere)
	}
	files := daysFrom(2000, 2000)
	r.set("generator.start", files[0].Format(time.DateOnly))
	r.set("generator.days", len(files))
	r.set("processor.pollingInterval", 1)
	r.set("processor.maxReplicaCount", 8)
	r.set("processor.lease", "5s")
	const slow = "10m" // of a CPU: so that there is something to interrupt
	r.set("processor.resources.requests.cpu", slow)
	r.set("processor.resources.limits.cpu", slow)
	r.set("processor.topologySpreadConstraints", []any{map[string]any{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}})
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")

	eventually(t, "processors on the node "+stopped+" and on others", patience, func() error {
		text := r.kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/component=processor", "--field-selector", "status.phase=Running",
			"--output", `jsonpath={range .items[*]}{.spec.nodeName}{"\n"}{end}`)
		there := strings.Count(text+"\n", stopped+"\n")
		if all := len(strings.Fields(text)); there == 0 || there == all {
			return fmt.Errorf("%d of %d run there", there, all)
		}
		return nil
	})
	t.Cleanup(func() {
		if _, err := tryRun(contextOf(t), "", "sh", "-c", start); err != nil {
			t.Error(err)
		}
	})
	run(t, "sh", "-c", stop)
	began := time.Now()
	eventually(t, "all results without the node", 2*patience, func() error { return page.complete(len(files)) })
	t.Logf("all %d results, %.1f s after the node was stopped", len(files), time.Since(began).Seconds())
	checkResults(t, page, files)
}
