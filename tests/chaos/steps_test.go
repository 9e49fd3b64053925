//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/queue"
)

// steps are those of a file's way.
var steps = []faultpoint.Step{faultpoint.Claimed, faultpoint.Reading, faultpoint.Written, faultpoint.Renamed, faultpoint.Completed}

// atEveryStep runs a test for each step, in a plant with one good file that waits.
func atEveryStep(t *testing.T, test func(t *testing.T, p *plant, step faultpoint.Step)) {
	for i, step := range steps {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			p := newPlant(t, false)
			p.deliver("a.csv", sales(random(uint64(i)), 100))
			test(t, p, step)
		})
	}
}

// deliver puts a file there and pushes its name.
func (p *plant) deliver(name string, content []byte) {
	p.t.Helper()
	if err := p.inputs.put(name, content, time.Time{}); err != nil {
		p.t.Fatal(err)
	}
	p.push(name)
}

func (p *plant) counts() queue.Counts {
	p.t.Helper()
	c, err := p.queue.Counts(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// finish ends a scenario: all must be at rest and right.
func (p *plant) finish() {
	p.t.Helper()
	p.rest()
	p.stop()
	p.check()
}

func TestKilledAtAnyStepItsFileIsFinishedByAnother(t *testing.T) {
	t.Parallel()
	atEveryStep(t, func(t *testing.T, p *plant, step faultpoint.Step) {
		victim := p.processorAt(string(step) + "=kill")
		if s := victim.awaitEnd(t, patience); !s.Signaled() {
			t.Fatalf("it was not killed at the step: %s", describe(s))
		}
		died := time.Now()
		p.processor() // nothing else is in the queue, and nobody else runs
		p.rest()
		if took, most := time.Since(died), lease+5*time.Second; took > most {
			t.Errorf("another finished after %v, want at most %v", took, most)
		}
		p.finish()
		if c := p.counts(); c.Totals["completed"] != 1 || c.Failed != 0 {
			t.Errorf("it completed %d times, failed %d times", c.Totals["completed"], c.Failed)
		}
	})
}

func TestStoppedAtAnyStepTheLateFinisherDoesNoHarm(t *testing.T) {
	t.Parallel()
	atEveryStep(t, func(t *testing.T, p *plant, step faultpoint.Step) {
		late := p.processorAt(string(step) + "=stop")
		late.awaitStop(t)
		p.processor()
		p.rest() // another has finished it
		late.signal(syscall.SIGCONT)
		if s := late.awaitEnd(t, patience); s.ExitStatus() != 0 {
			t.Errorf("the late one ended with %s", describe(s))
		}
		p.finish()
		if c := p.counts(); c.Totals["completed"] != 1 {
			t.Errorf("it completed %d times", c.Totals["completed"])
		} else if step == faultpoint.Renamed && c.Totals["refused"] != 1 {
			t.Errorf("the late completion was refused %d times", c.Totals["refused"])
		}
	})
}

func TestToldToStopAtAnyStepItEndsWellAndNothingStaysInFlight(t *testing.T) {
	t.Parallel()
	atEveryStep(t, func(t *testing.T, p *plant, step faultpoint.Step) {
		if s := p.processorAt(string(step)+"=term").awaitEnd(t, patience); s.ExitStatus() != 0 {
			t.Errorf("it ended with %s", describe(s))
		}
		if c := p.counts(); c.InFlight != 0 || c.Totals["crashed"] != 0 {
			t.Errorf("in flight %d, crashed %d", c.InFlight, c.Totals["crashed"])
		}
		p.processor()
		p.finish()
	})
}

func TestWithoutTimeToFinishItGivesTheFileBack(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	p.deliver("a.csv", sales(random(1), 100))
	if s := p.processorAt("reading=hold", "--grace=0s").awaitEnd(t, patience); s.ExitStatus() != 0 {
		t.Errorf("it ended with %s", describe(s))
	}
	// Another worker of the process that was just about to claim may take it, and gives it back as well.
	if c := p.counts(); c.Waiting != 1 || c.InFlight != 0 || c.Totals["released"] == 0 || c.Totals["released"] != c.Totals["claimed"] {
		t.Errorf("it is not back in the list: %+v", c)
	}
	p.processor()
	p.finish()
}

// The result of an input that is no more must not stay in the place of the new
// one's, however late it is published.
func TestLateFinisherOfAReplacedInputIsHealed(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	p.deliver("a.csv", sales(random(1), 100))
	late := p.processorAt("written=stop")
	late.awaitStop(t)
	p.deliver("a.csv", sales(random(2), 100))
	p.processor().awaitEnd(t, patience) // it would take what the sweep finds below
	p.rest()
	late.signal(syscall.SIGCONT)
	late.awaitEnd(t, patience)
	if err := p.right("a.csv", "a_aggregated_sales.csv", p.inputs.files["a.csv"], nil); err == nil {
		t.Fatal("the late finisher changed nothing: this tests nothing")
	}
	p.inspector()
	p.eventually("the sweep sees it", patience, func() error {
		if c := p.counts(); c.Waiting != 1 {
			return fmt.Errorf("%d files wait", c.Waiting)
		}
		return nil
	})
	p.processor()
	p.finish()
}

func TestPoisonStopsAfterThreeDeathsAndStopsNobody(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	p.inspector()
	p.deliver("poison.csv", sales(random(1), 10))
	for range 3 {
		p.processorAt("reading=kill").awaitEnd(t, patience)
	}
	p.deliver("good.csv", sales(random(2), 10))
	p.processor().awaitEnd(t, patience) // it would take what the sweep finds below
	p.rest()
	letters, err := p.letters()
	if err != nil {
		t.Fatal(err)
	}
	if l := letters["poison.csv"]; len(letters) != 1 || l.Kind != queue.KindPoison || l.Crashes != 3 {
		t.Fatalf("dead letters: %+v", letters)
	}
	// Another file of that name is another matter.
	if err := p.inputs.put("poison.csv", sales(random(3), 10), time.Time{}); err != nil {
		t.Fatal(err)
	}
	p.eventually("the new file is queued", patience, func() error {
		if c := p.counts(); c.Waiting+c.Failed != 1 || c.Waiting != 1 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	p.processor()
	p.finish()
	if c := p.counts(); c.Failed != 0 {
		t.Errorf("%d dead letters are left", c.Failed)
	}
}

// A file that kills its process kills the work on other files there; these must not
// be taken for poison with it.
func TestPoisonTakesNoOtherFileWithIt(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	for i := range 8 {
		p.deliver(fmt.Sprintf("good-%d.csv", i), sales(random(uint64(i)), 10))
		if i == 3 {
			p.deliver("poison.csv", sales(random(9), 10))
		}
	}
	deaths := 0
	for ; deaths < 20; deaths++ {
		if s := p.processorAt("reading@poison.csv=kill", "--concurrency=4").awaitEnd(t, patience); !s.Signaled() {
			break
		}
	}
	letters, err := p.letters()
	if err != nil {
		t.Fatal(err)
	}
	if l := letters["poison.csv"]; deaths != 3 || len(letters) != 1 || l.Crashes != 3 {
		t.Errorf("after %d deaths the dead letters are %+v, want that of the poison alone after 3", deaths, letters)
	}
	p.finish()
}

// A worker that is taken for dead three times may still publish its result.
func TestResultAfterAllWithdrawsTheDeadLetter(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	p.deliver("a.csv", sales(random(1), 10))
	late := p.processorAt("written=stop")
	late.awaitStop(t)
	for range 2 {
		p.processorAt("reading=kill").awaitEnd(t, patience)
	}
	p.inspector()
	p.eventually("it is taken for poison", patience, func() error {
		if c := p.counts(); c.Totals["failed:poison"] != 1 {
			return fmt.Errorf("%+v", c)
		}
		return nil
	})
	late.signal(syscall.SIGCONT)
	late.awaitEnd(t, patience)
	p.finish()
	if c := p.counts(); c.Failed != 0 {
		t.Errorf("%d dead letters are left", c.Failed)
	}
}

func TestFullOrReadOnlyVolumeCostsNoFileItsTries(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(p *plant) (mend func()){
		"volume-full": func(p *plant) func() { return p.fill(p.folder) },
		"volume-read-only": func(p *plant) func() {
			set := func(flags uintptr) {
				if err := syscall.Mount("", p.folder, "", syscall.MS_REMOUNT|flags, ""); err != nil {
					p.t.Fatal(err)
				}
			}
			set(syscall.MS_RDONLY)
			return func() { set(0) }
		},
	} {
		if !slices.Contains(faultNames(), name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlant(t, true)
			for i := range 3 {
				p.deliver(fmt.Sprintf("%d.csv", i), sales(random(uint64(i)), 1000))
			}
			mend := breakIt(p)
			for range 7 { // tries, more than a file has
				if s := p.processor().awaitEnd(t, patience); s.ExitStatus() != 0 {
					t.Fatalf("it ended with %s", describe(s))
				}
				if c := p.counts(); c.Delayed != 3 || c.Failed != 0 {
					t.Fatalf("delayed %d, failed %d: %+v", c.Delayed, c.Failed, c.Totals)
				}
				p.hasten()
			}
			mend()
			p.processor()
			p.finish()
			if c := p.counts(); c.Totals["completed"] != 3 {
				t.Errorf("%d completed", c.Totals["completed"])
			}
		})
	}
}

func TestFileThatIsStillCopiedIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	p.inspector()
	if err := p.inputs.copySlowly(random(1), "a.csv", sales(random(2), 1000), func() {}); err != nil {
		t.Fatal(err)
	}
	p.eventually("it is queued", patience, func() error {
		if c := p.counts(); c.Totals["offered"] != 1 {
			return errors.New("not yet")
		}
		return nil
	})
	p.processor()
	p.finish()
	if c := p.counts(); c.Totals["claimed"] != 1 {
		t.Errorf("it was claimed %d times", c.Totals["claimed"])
	}
}

func TestEmptyRedisIsRebuiltFromTheFiles(t *testing.T) {
	t.Parallel()
	p := newPlant(t, false)
	rng := random(1)
	for i := range 50 {
		p.deliver(fmt.Sprintf("%d.csv", i), mixture(rng))
	}
	working := p.processorAt("written#20=stop")
	working.awaitStop(t)
	p.redis.Kill()
	if err := os.RemoveAll(filepath.Join(p.redis.Dir, "appendonlydir")); err != nil {
		t.Fatal(err)
	}
	p.redis.Restart(t)
	if c := p.counts(); c.Waiting != 0 || len(c.Totals) != 0 {
		t.Fatalf("Redis remembers: %+v", c)
	}
	working.signal(syscall.SIGCONT) // its claim is gone
	p.inspector()
	p.eventually("the sweep fills the queue", patience, func() error {
		if c := p.counts(); c.Totals["offered"] == 0 {
			return errors.New("not yet")
		}
		return nil
	})
	p.processor()
	p.processor()
	p.finish()
}
