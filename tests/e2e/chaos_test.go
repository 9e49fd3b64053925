//go:build e2e && chaos

package e2e

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestChaos takes parts of a running pipeline away, one after the other, while files are processed.
// After each, all results are there and right, the queue is empty and no Job runs.
//
//	KEDA_STOP, KEDA_START  commands that take KEDA's operator away and bring it back
//	NODE_STOP, NODE_START  commands that stop a node on which processors run and bring it back
//
// What needs a command that is not given is left out, and the log says so.
func TestChaos(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	processor, inspectorName := r.name+"-processor", r.name+"-inspector"
	watched := watchJobs(t, r.namespace, processor)
	const slow = "10m" // of a CPU: so that there is something to interrupt
	r.set("processor.resources.requests.cpu", slow)
	r.set("processor.resources.limits.cpu", slow)
	r.set("processor.lease", "5s")

	var files []time.Time
	year := 2000
	verb := "install"
	// order has the generator make the files of another half year.
	order := func(t *testing.T) {
		t.Helper()
		more := halfYear(year)
		year++
		files = append(files, more...)
		r.set("generator.start", more[0].Format(time.DateOnly))
		r.helm(t, verb)
		verb = "upgrade"
	}
	// deliver returns once some of them are being processed.
	deliver := func(t *testing.T) {
		t.Helper()
		order(t)
		watched.await(t, "Jobs", patience, func(running []string) bool { return len(running) >= 2 })
	}
	// finish waits for rest and checks the files that came last.
	finish := func(t *testing.T) {
		t.Helper()
		r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+inspectorName)
		page := forward(t, r.namespace, inspectorName)
		eventually(t, "all results", 2*patience, func() error { return page.complete(len(files)) })
		watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
		checkResults(t, page, files[len(files)-len(halfYear(year-1)):])
	}
	remove := func(t *testing.T, component string) {
		t.Helper()
		r.kubectl(t, "delete", "pods", "--grace-period=0", "--force", "--selector", "app.kubernetes.io/component="+component)
	}

	for _, fault := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"processors are deleted", func(t *testing.T) {
			remove(t, "processor")
			watched.await(t, "other Jobs", patience, func(running []string) bool { return len(running) >= 1 })
			remove(t, "processor")
		}},
		{"Redis is deleted", func(t *testing.T) { remove(t, "redis") }},
		{"Redis' volume is deleted", func(t *testing.T) {
			claim := "persistentvolumeclaim/" + r.name + "-redis"
			r.kubectl(t, "delete", claim, "--wait=false")
			remove(t, "redis")
			r.kubectl(t, "wait", "--for=delete", "--timeout=120s", claim)
			r.helm(t, "upgrade") // makes the volume that is not there
		}},
		{"the inspector is deleted", func(t *testing.T) { remove(t, "inspector") }},
		{"Jobs reach their deadline", func(t *testing.T) {
			r.set("processor.activeDeadlineSeconds", 10)
			r.helm(t, "upgrade")
			t.Cleanup(func() { r.set("processor.activeDeadlineSeconds", nil) })
		}},
	} {
		if !t.Run(fault.name, func(t *testing.T) {
			deliver(t)
			fault.do(t)
			finish(t)
		}) {
			t.FailNow() // each goes on from where the last one ended
		}
	}

	if stop, start := os.Getenv("KEDA_STOP"), os.Getenv("KEDA_START"); stop == "" || start == "" {
		t.Log("left out, as KEDA_STOP and KEDA_START are not given: KEDA is away")
	} else {
		t.Run("KEDA is away", func(t *testing.T) {
			run(t, "sh", "-c", stop)
			order(t)
			r.started(t, r.generatorJob(t))
			run(t, "sh", "-c", start)
			finish(t)
		})
	}
	if stop, start := os.Getenv("NODE_STOP"), os.Getenv("NODE_START"); stop == "" || start == "" {
		t.Log("left out, as NODE_STOP and NODE_START are not given: a node is away")
	} else {
		t.Run("a node is away", func(t *testing.T) {
			deliver(t)
			run(t, "sh", "-c", stop)
			eventually(t, "the node is seen to be away", patience, func() error {
				if ready := run(t, "kubectl", "get", "nodes", "--no-headers"); !strings.Contains(ready, "NotReady") {
					return errors.New(ready)
				}
				return nil
			})
			run(t, "sh", "-c", start)
			finish(t)
		})
	}
	t.Log(watched)
}
