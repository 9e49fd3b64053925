//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// jobs follows the Jobs that KEDA starts, by the API server's own watch: it misses none, however
// short its life.
type jobs struct {
	mu      sync.Mutex
	changed chan struct{} // closed at the next event
	byName  map[string]job
	most    int   // that ran at a time
	ended   error // why the watch is over
}

type job struct {
	finished, failed bool
	killed           bool // deleted before it had finished
}

func watchJobs(t *testing.T, namespace, scaledJob string) *jobs {
	t.Helper()
	w := &jobs{changed: make(chan struct{}), byName: map[string]job{}}
	c := exec.CommandContext(t.Context(), "kubectl", "--namespace", namespace, "get", "jobs",
		"--selector", "scaledjob.keda.sh/name="+scaledJob, "--watch", "--output-watch-events", "--output", "json")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		events := json.NewDecoder(out)
		for {
			var e jobEvent
			if err := events.Decode(&e); err != nil {
				w.end(errors.Join(err, c.Wait()))
				return
			}
			w.add(e)
		}
	}()
	t.Cleanup(func() { <-done }) // the test's context, which ends the command, is over before this
	return w
}

type jobEvent struct {
	Type   string
	Object struct {
		Metadata struct{ Name string }
		Status   struct {
			Conditions []struct{ Type, Status string }
		}
	}
}

func (w *jobs) add(e jobEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	j := w.byName[e.Object.Metadata.Name]
	for _, c := range e.Object.Status.Conditions {
		if c.Status == "True" {
			j.finished = j.finished || c.Type == "Complete" || c.Type == "Failed"
			j.failed = j.failed || c.Type == "Failed"
		}
	}
	if e.Type == "DELETED" && !j.finished {
		j.finished, j.killed = true, true
	}
	w.byName[e.Object.Metadata.Name] = j
	w.most = max(w.most, len(w.running()))
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *jobs) end(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = why
	close(w.changed)
	w.changed = make(chan struct{})
}

// running returns the names of the Jobs that have not finished; the caller holds the lock.
func (w *jobs) running() []string {
	var names []string
	for name, j := range w.byName {
		if !j.finished {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// await returns once check is true of the Jobs that run, and returns those.
func (w *jobs) await(t *testing.T, what string, patience time.Duration, check func(running []string) bool) []string {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		w.mu.Lock()
		running, changed, ended := w.running(), w.changed, w.ended
		w.mu.Unlock()
		if check(running) {
			return running
		}
		if ended != nil {
			t.Fatalf("%s: the watch of the Jobs ended: %v", what, ended)
		}
		select {
		case <-changed:
		case <-deadline.C:
			t.Fatalf("%s: not within %v; running: %v", what, patience, running)
		}
	}
}

// of returns what is known of a Job.
func (w *jobs) of(name string) job {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byName[name]
}

// verdict returns what went wrong with the Jobs so far: one killed or failed, too many at a time, or none at all.
func (w *jobs) verdict(most int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var wrong []error
	for name, j := range w.byName {
		if j.killed {
			wrong = append(wrong, fmt.Errorf("the Job %s was deleted while it ran", name))
		}
		if j.failed {
			wrong = append(wrong, fmt.Errorf("the Job %s failed", name))
		}
	}
	if w.most > most {
		wrong = append(wrong, fmt.Errorf("%d Jobs ran at a time; maxReplicaCount is %d", w.most, most))
	}
	if w.most == 0 {
		wrong = append(wrong, errors.New("no Job ever ran"))
	}
	return errors.Join(wrong...)
}

func (w *jobs) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Sprintf("%d Jobs, at most %d at a time; running: %s", len(w.byName), w.most, strings.Join(w.running(), " "))
}
