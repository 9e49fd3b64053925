package queue_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// model is what the queue is meant to be, in memory.
type model struct {
	waiting  []string // the next to be claimed is the last
	inflight map[string]*held
	history  map[string]tries  // of names that wait or are delayed, as far as there is any
	expired  []string          // in flight, in the order in which their leases ran out
	delayed  map[string]bool   // by name: due
	due      []string          // in the order in which they became so
	failed   map[string]string // version, by name
	totals   map[string]int64
	told     []string // kind and name of each change, in order
}

type tries struct{ errors, crashes int64 }

type held struct {
	tries
	claim   *queue.Claim
	again   bool
	version string
}

const (
	modelMaxErrors  = 3
	modelMaxCrashes = 3
)

func newModel() *model {
	return &model{inflight: map[string]*held{}, history: map[string]tries{}, delayed: map[string]bool{}, failed: map[string]string{}, totals: map[string]int64{}}
}

func (m *model) tell(kind, name string) {
	m.told = append(m.told, strings.TrimSuffix("io.github.csv-pipeline."+kind+".v1 "+name, " "))
	m.totals["changes"]++
}

func (m *model) tellIfEmpty() {
	if len(m.waiting)+len(m.inflight)+len(m.delayed) == 0 {
		m.tell("queue.empty", "")
	}
}

// forget removes a dead letter and reports whether there was one.
func (m *model) forget(name string) bool {
	_, failed := m.failed[name]
	delete(m.failed, name)
	return failed
}

func (m *model) claim() (string, tries, bool) {
	for len(m.waiting) > 0 {
		name := m.waiting[len(m.waiting)-1]
		m.waiting = m.waiting[:len(m.waiting)-1]
		if h := m.inflight[name]; h != nil {
			h.again = true
			m.totals["merged"]++
			continue
		}
		delete(m.delayed, name)
		m.due = slices.DeleteFunc(m.due, func(n string) bool { return n == name })
		if m.forget(name) {
			m.tell("file.retried", name)
		}
		m.totals["claimed"]++
		t := m.history[name]
		delete(m.history, name)
		return name, t, true
	}
	return "", tries{}, false
}

// drop ends what is in flight.
func (m *model) drop(name string) {
	delete(m.inflight, name)
	m.expired = slices.DeleteFunc(m.expired, func(n string) bool { return n == name })
}

func (m *model) first(name string) { m.waiting = slices.Insert(m.waiting, 0, name) } // LPUSH
func (m *model) next(name string)  { m.waiting = append(m.waiting, name) }           // RPUSH

func (m *model) complete(name string) {
	again := m.inflight[name].again
	m.drop(name)
	m.totals["completed"]++
	m.tell("result.done", name)
	if again {
		m.first(name)
	}
	m.tellIfEmpty()
}

func (m *model) release(name string) {
	if t := m.inflight[name].tries; t != (tries{}) {
		m.history[name] = t
	}
	m.drop(name)
	m.next(name)
	m.totals["released"]++
}

// fail is for all ways of not working out.
func (m *model) fail(name, version string, permanent, counts bool) queue.State {
	h := m.inflight[name]
	m.drop(name)
	if counts {
		h.errors++
	}
	switch {
	case h.again:
		m.first(name)
		m.totals["repeated"]++
		return queue.Waiting
	case !permanent && (!counts || h.errors < modelMaxErrors):
		m.delayed[name] = false
		m.history[name] = h.tries
		m.totals["retried"]++
		return queue.Delayed
	}
	m.failed[name] = version
	m.totals["failed"]++
	m.totals["failed:error"]++
	m.tell("file.failed", name)
	m.tellIfEmpty()
	return queue.Failed
}

func (m *model) tidy() (moved queue.Tidied) {
	for _, name := range m.due {
		delete(m.delayed, name)
		m.next(name)
		moved.Due++
	}
	for _, name := range m.expired {
		h := m.inflight[name]
		delete(m.inflight, name)
		m.totals["crashed"]++
		if h.crashes++; h.crashes >= modelMaxCrashes && h.again {
			m.first(name)
			moved.Reclaimed++
			continue
		}
		if h.crashes >= modelMaxCrashes {
			m.failed[name] = h.version
			m.totals["failed"]++
			m.totals["failed:poison"]++
			m.tell("file.failed", name)
			moved.Poison++
			continue
		}
		m.next(name)
		m.history[name] = h.tries
		moved.Reclaimed++
	}
	m.due, m.expired = nil, nil
	if moved.Poison > 0 {
		m.tellIfEmpty()
	}
	return moved
}

func (m *model) offer(name, version string) bool {
	_, delayed := m.delayed[name]
	known, failed := m.failed[name]
	if m.inflight[name] != nil || delayed {
		return false
	}
	if failed && (known == "" || known == version) {
		m.failed[name] = version
		return false
	}
	if m.forget(name) {
		m.tell("file.retried", name)
	}
	m.first(name)
	m.totals["offered"]++
	return true
}

func (m *model) enqueue(name string, again bool) bool {
	_, delayed := m.delayed[name]
	held := m.inflight[name] != nil
	if !again && (held || delayed) {
		return false
	}
	m.first(name)
	if !held {
		delete(m.delayed, name)
		m.due = slices.DeleteFunc(m.due, func(n string) bool { return n == name })
		if m.forget(name) {
			m.tell("file.retried", name)
		}
		delete(m.history, name)
	}
	return true
}

// modelRun applies one random sequence to a queue and to the model.
type modelRun struct {
	*testing.T
	rng   *rand.Rand
	rdb   *redis.Client
	q     *queue.Queue
	m     *model
	stale []*queue.Claim // of claims that are over
	clock float64        // makes what is due and what ran out come in an order
}

// TestRandomSequencesKeepToTheModel applies one random sequence of everything that
// can happen to the queue and to the model, and compares them after every step.
// QUEUE_MODEL_SEED repeats one sequence.
func TestRandomSequencesKeepToTheModel(t *testing.T) {
	seed, sequences := rand.Uint64()>>16, 15
	if testing.Short() {
		sequences = 5
	}
	if text := os.Getenv("QUEUE_MODEL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
		sequences = 1
	}
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		for i := range sequences {
			seed := seed + uint64(i)
			if err := rdb.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			run := &modelRun{T: t, rng: rand.New(rand.NewPCG(seed, 0)), rdb: rdb, m: newModel(),
				q: queue.New(rdb, list, queue.Options{Lease: time.Hour, MaxErrors: modelMaxErrors, MaxCrashes: modelMaxCrashes})}
			for step := range 150 {
				what := run.step()
				run.compare(what)
				if t.Failed() {
					t.Fatalf("at step %d, %s; again: QUEUE_MODEL_SEED=%d", step, what, seed)
				}
			}
		}
	})
}

func (r *modelRun) name() string { return fmt.Sprintf("%c.csv", 'a'+r.rng.IntN(5)) }

func (r *modelRun) version() string { return fmt.Sprintf("v%d", r.rng.IntN(3)) }

// held returns a name that is in flight.
func (r *modelRun) held() (string, *held) {
	if len(r.m.inflight) == 0 {
		return "", nil
	}
	name := pick(r.rng, slices.Sorted(maps.Keys(r.m.inflight)))
	return name, r.m.inflight[name]
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

func (r *modelRun) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r *modelRun) step() (what string) {
	r.Helper()
	ctx, m := r.Context(), r.m
	key := func(state string) string { return "{" + list + "}:" + state }
	op := r.rng.IntN(17)
	switch name, h := r.held(); {
	case op < 3:
		name := r.name()
		push(r.T, r.rdb, name)
		m.first(name)
		return "push " + name
	case op < 6:
		want, before, ok := m.claim()
		c, err := r.q.Claim(ctx, "w")
		if !ok {
			if !errors.Is(err, queue.ErrEmpty) {
				r.Errorf("claim from an empty list: %+v, %v", c, err)
			}
			return "claim from an empty list"
		}
		r.must(err)
		if c.Name != want || c.Errors != before.errors || c.Crashes != before.crashes {
			r.Errorf("claimed %+v, want %s with %+v", c, want, before)
		}
		m.inflight[want] = &held{tries: before, claim: c}
		return "claim " + want
	case op == 6:
		want := m.tidy()
		got, err := r.q.Tidy(ctx)
		r.must(err)
		if got != want {
			r.Errorf("tidied %+v, want %+v", got, want)
		}
		return "tidy"
	case op == 7:
		name, version := r.name(), r.version()
		want := m.offer(name, version)
		n, err := r.q.Offer(ctx, []queue.Offer{{Name: name, Version: version}})
		r.must(err)
		if (n == 1) != want {
			r.Errorf("offered %d, want %v", n, want)
		}
		return "offer " + name
	case op == 8 && len(m.failed) > 0:
		name := pick(r.rng, slices.Sorted(maps.Keys(m.failed)))
		_, err := r.q.Requeue(ctx, name)
		r.must(err)
		m.forget(name)
		m.tell("file.retried", name)
		delete(m.history, name)
		m.first(name)
		return "requeue " + name
	case op == 16:
		name, version := r.name(), r.version()
		known, failed := m.failed[name]
		n, err := r.q.Drop(ctx, queue.DeadLetter{Name: name, Version: version})
		r.must(err)
		if (n == 1) != (failed && known == version) {
			r.Errorf("dropped %d of %s with %s, want %v", n, version, known, failed)
		}
		if n == 1 {
			m.forget(name)
			m.tell("file.dropped", name)
			delete(m.history, name)
		}
		return "drop " + name
	case op == 15:
		name, again := r.name(), r.rng.IntN(2) == 0
		_, wasFailed := m.failed[name]
		want := m.enqueue(name, again)
		did, err := r.q.Enqueue(ctx, []string{name}, again)
		r.must(err)
		if (did.Queued == 1) != want || (did.DeadLetters == 1) != wasFailed {
			r.Errorf("enqueued %+v, want %v, a dead letter: %v", did, want, wasFailed)
		}
		return "enqueue " + name
	case op == 9 && len(m.delayed) > 0:
		name := pick(r.rng, slices.Sorted(maps.Keys(m.delayed)))
		if !m.delayed[name] {
			r.clock++
			r.must(r.rdb.ZAdd(ctx, key("delayed"), redis.Z{Score: r.clock, Member: name}).Err())
			m.delayed[name] = true
			m.due = append(m.due, name)
		}
		return "due " + name
	case op == 10 && len(r.stale) > 0:
		r.lost(pick(r.rng, r.stale))
		return "a stale claim"
	case h == nil:
		return "nothing"
	case op == 11:
		r.clock++
		r.must(r.rdb.ZAdd(ctx, key("inflight"), redis.Z{Score: r.clock, Member: name}).Err())
		m.expired = append(slices.DeleteFunc(m.expired, func(n string) bool { return n == name }), name)
		r.stale = append(r.stale, h.claim) // once the housekeeping has seen it
		return "lease of " + name + " runs out"
	case op == 12 && r.rng.IntN(2) == 0:
		h.version = r.version()
		r.must(h.claim.Renew(ctx, queue.Progress{Version: h.version}))
		m.expired = slices.DeleteFunc(m.expired, func(n string) bool { return n == name })
		return "renew " + name
	case op == 12:
		r.must(h.claim.Release(ctx))
		m.release(name)
		r.stale = append(r.stale, h.claim)
		return "release " + name
	case op == 13:
		r.must(h.claim.Complete(ctx, queue.Outcome{}))
		m.complete(name)
		r.stale = append(r.stale, h.claim)
		return "complete " + name
	default:
		f, kind := queue.Failure{Kind: queue.KindError, Version: r.version()}, r.rng.IntN(4)
		want := m.fail(name, f.Version, kind == 0, kind != 1)
		end := h.claim.Retry
		switch kind {
		case 0:
			end = h.claim.Fail
		case 1:
			end = h.claim.Postpone
		}
		got, err := end(ctx, f)
		r.must(err)
		if got != want {
			r.Errorf("failing %s made it %s, want %s", name, got, want)
		}
		if got == queue.Delayed { // until its time comes by a step
			r.must(r.rdb.ZAdd(ctx, key("delayed"), redis.Z{Score: 1e15, Member: name}).Err())
		}
		r.stale = append(r.stale, h.claim)
		return "fail " + name
	}
}

// lost tries everything with a claim that is over, unless it is not yet.
func (r *modelRun) lost(c *queue.Claim) {
	r.Helper()
	if h := r.m.inflight[c.Name]; h != nil && h.claim == c {
		return
	}
	r.m.totals["refused"] += 4
	_, failErr := c.Fail(r.Context(), queue.Failure{Kind: queue.KindError})
	_, retryErr := c.Retry(r.Context(), queue.Failure{Kind: queue.KindError})
	for _, err := range []error{c.Renew(r.Context(), queue.Progress{}), c.Complete(r.Context(), queue.Outcome{}), c.Release(r.Context()), failErr, retryErr} {
		if !errors.Is(err, queue.ErrLost) {
			r.Errorf("a stale claim of %s: %v, want ErrLost", c.Name, err)
		}
	}
}

// compare compares every state and every counter.
func (r *modelRun) compare(what string) {
	r.Helper()
	ctx, m := r.Context(), r.m
	keys := func(state string) string { return "{" + list + "}:" + state }
	waiting := r.rdb.LRange(ctx, list, 0, -1).Val()
	inflight := r.rdb.ZRange(ctx, keys("inflight"), 0, -1).Val()
	delayed := r.rdb.ZRange(ctx, keys("delayed"), 0, -1).Val()
	failed := r.rdb.HKeys(ctx, keys("failed")).Val()
	for _, names := range [][]string{inflight, delayed, failed} {
		slices.Sort(names)
	}
	got := fmt.Sprint(waiting, inflight, delayed, failed)
	want := fmt.Sprint(m.waiting, slices.Sorted(maps.Keys(m.inflight)), slices.Sorted(maps.Keys(m.delayed)), slices.Sorted(maps.Keys(m.failed)))
	if got != want {
		r.Errorf("after %s:\ngot  %s\nwant %s", what, got, want)
	}
	seen := map[string]int{}
	for _, name := range slices.Concat(inflight, delayed, failed) {
		if seen[name]++; seen[name] > 1 {
			r.Errorf("after %s, %s is in two states: %s", what, name, got)
		}
	}
	letters, err := r.q.DeadLetters(ctx)
	r.must(err)
	for _, l := range letters {
		if l.Version != m.failed[l.Name] {
			r.Errorf("after %s, the dead letter of %s is of %q, want %q", what, l.Name, l.Version, m.failed[l.Name])
		}
	}
	changes, err := r.q.Changes(ctx, "0", 10_000, 0)
	r.must(err)
	var told []string
	for _, c := range changes {
		told = append(told, strings.TrimSuffix(c.Type+" "+c.Name, " "))
	}
	if !slices.Equal(told, m.told) {
		r.Errorf("after %s:\ntold %q\nwant %q", what, told, m.told)
	}
	c, err := r.q.Counts(ctx)
	r.must(err)
	for _, rows := range []string{"rows", "bytes", "busy_us"} {
		delete(c.Totals, rows)
	}
	if !maps.Equal(c.Totals, m.totals) {
		r.Errorf("after %s:\ngot  %v\nwant %v", what, c.Totals, m.totals)
	}
}
