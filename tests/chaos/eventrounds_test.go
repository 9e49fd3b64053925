//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// sinkTimeout is how long an inspector waits for the receiver's answer.
const sinkTimeout = 400 * time.Millisecond

// TestEventRounds runs random rounds: files are done, fail, are retried and dropped, while inspectors are killed and
// stopped, Redis too, the networks around them break, and the receiver fails, hangs and answers too late. In the end
// it has every event of the stream, none else, and those about a file in order.
func TestEventRounds(t *testing.T) {
	seed := firstSeed(t)
	rounds := setting("CHAOS_EVENT_ROUNDS", 3)
	t.Logf("CHAOS_SEED=%d CHAOS_EVENT_ROUNDS=%d", seed, rounds)
	var events, deliveries, deaths atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d rounds, %d events, %d deliveries, %d inspectors died", rounds, events.Load(), deliveries.Load(), deaths.Load())
	})
	for round := range rounds {
		seed := seed + uint64(round)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			defer func() {
				if t.Failed() {
					t.Logf("again: CHAOS_EVENT_ROUNDS=1 CHAOS_SEED=%d", seed)
				}
			}()
			r := newEventRound(t, random(seed))
			r.run()
			events.Add(r.happened())
			deliveries.Add(int64(r.receiver.deliveries()))
			deaths.Add(r.deaths.Load())
		})
	}
}

// TestReceiverIsAwayForLong has a receiver be away for CHAOS_SINK_AWAY while files are done, and then gives it
// two minutes, twice the longest pause between two tries.
func TestReceiverIsAwayForLong(t *testing.T) {
	t.Parallel()
	away := 3 * time.Second
	if text := os.Getenv("CHAOS_SINK_AWAY"); text != "" {
		var err error
		if away, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	files := min(10_000, int(away/(10*time.Millisecond)))
	r := newEventRound(t, random(1))
	r.toSink.set(cut)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var keeper sync.WaitGroup
	keeper.Go(func() { r.keep(ctx, 0, nil) })
	for began, n := time.Now(), 0; n < files; n++ {
		name := fmt.Sprintf("%d.csv", n%100)
		if err := r.queue.Push(ctx, name); err != nil {
			t.Fatal(err)
		}
		c, err := r.queue.Claim(ctx, "w")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Complete(ctx, queue.Outcome{Result: name}); err != nil {
			t.Fatal(err)
		}
		moment(time.Until(began.Add(away * time.Duration(n) / time.Duration(files))))
	}
	if n := r.receiver.deliveries(); n > 0 {
		t.Errorf("%d events came through a network that was cut", n)
	}
	peak := regexp.MustCompile(`VmHWM:\s*(.*)`)
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.victim(random(1)).cmd.Process.Pid))
	t.Logf("away for %v; the inspector's peak until then: %s", away, peak.FindSubmatch(status)[1])
	r.toSink.set(sound)
	back := time.Now()
	r.settle()
	t.Logf("all %d events came within %v", r.happened(), time.Since(back).Round(time.Second))
	cancel()
	keeper.Wait()
	r.check()
}

// eventRound is a queue whose changes two inspectors deliver to a receiver, with networks in between.
type eventRound struct {
	*testing.T
	rng             *rand.Rand
	folder, config  string
	redis           *redistest.Server
	queue           *queue.Queue
	toRedis, toSink *proxy
	receiver        *unsteady
	deaths          atomic.Int64 // of inspectors

	mu         sync.Mutex
	inspectors [2]*process
}

func newEventRound(t *testing.T, rng *rand.Rand) *eventRound {
	r := &eventRound{T: t, rng: rng, folder: t.TempDir(), receiver: newUnsteady(t)}
	r.config = filepath.Join(r.folder, "events.yaml")
	// Always: what Redis has answered it must not forget, or events would be lost with it.
	r.redis = redistest.StartIn(t, t.TempDir(), "--appendonly", "yes", "--appendfsync", "always")
	r.queue = queue.New(r.redis.Client(t), list, queue.Options{Lease: lease})
	r.toRedis = newProxy(t, r.redis.Addr())
	r.toSink = newProxy(t, r.receiver.server.Listener.Addr().String())
	sink := fmt.Sprintf("sinks: [{name: a, from: all, http: {url: 'http://%s', timeout: %v, parallel: 3}}]", r.toSink.listener.Addr(), sinkTimeout)
	if err := os.WriteFile(r.config, []byte(sink), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *eventRound) run() {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	source := func() *rand.Rand { return rand.New(rand.NewPCG(r.rng.Uint64(), r.rng.Uint64())) }
	var keepers, actors sync.WaitGroup
	for place := range r.inspectors {
		mine := source()
		keepers.Go(func() { r.keep(ctx, place, mine) })
	}
	for range 2 {
		mine := source()
		actors.Go(func() { r.work(mine) })
	}
	for range 6 {
		when, what, mine := about(r.rng, 3*time.Second), eventFaults[r.rng.IntN(len(eventFaults))], source()
		actors.Go(func() {
			moment(when)
			what(r, mine)
		})
	}
	actors.Wait()
	r.receiver.set(attentive)
	r.settle()
	cancel()
	keepers.Wait()
	r.check()
}

// keep keeps an inspector running. Every second one is killed at a step of an event's way; without rng none is.
func (r *eventRound) keep(ctx context.Context, place int, rng *rand.Rand) {
	steps := []faultpoint.Step{faultpoint.EventTaken, faultpoint.EventDelivered, faultpoint.EventSettled}
	_, port, _ := strings.Cut(r.toRedis.listener.Addr().String(), ":")
	env := []string{"REDIS_PORT=" + port, "EVENTS_CONFIG=" + r.config, "LISTEN=127.0.0.1:0", "STORE_URL=file://" + r.folder, "REDIS_TIMEOUT=40s"}
	faulty := rng != nil && rng.IntN(2) == 0
	for ctx.Err() == nil {
		fault := "FAULTPOINT="
		if faulty {
			fault += fmt.Sprintf("%s#%d=kill", steps[rng.IntN(len(steps))], 1+rng.IntN(8))
		}
		p := start(r.T, r.folder, "inspector", append(env, fault))
		r.mu.Lock()
		r.inspectors[place] = p
		r.mu.Unlock()
		select {
		case <-p.ended:
			if !p.status.Signaled() || p.status.Signal() != syscall.SIGKILL {
				r.Errorf("%s ended with %s", p.name, describe(p.status))
			}
			r.deaths.Add(1)
			faulty = rng != nil && !faulty
		case <-ctx.Done():
			p.signal(syscall.SIGTERM)
			p.awaitEnd(r.T, patience)
		}
	}
}

// work does to a few files what workers and people do. What Redis does not answer is left as it is: the stream says
// what happened.
func (r *eventRound) work(rng *rand.Rand) {
	ctx := context.Background()
	for range 60 {
		name := fmt.Sprintf("%c.csv", 'a'+rng.IntN(6))
		_ = r.queue.Push(ctx, name)
		if c, err := r.queue.Claim(ctx, "w"); err == nil {
			switch rng.IntN(3) {
			case 0:
				_ = c.Complete(ctx, queue.Outcome{Result: name})
			default:
				_, _ = c.Fail(ctx, queue.Failure{Kind: queue.KindMalformed, Reason: "no", Version: "1"})
			}
		}
		switch letters, err := r.queue.DeadLetters(ctx); {
		case err != nil || len(letters) == 0:
		case rng.IntN(4) == 0:
			_, _ = r.queue.Requeue(ctx, letters[0].Name)
		case rng.IntN(4) == 0:
			_, _ = r.queue.Drop(ctx, letters[0])
		}
		moment(about(rng, 100*time.Millisecond))
	}
}

// eventFaults are the things that go wrong.
var eventFaults = []func(*eventRound, *rand.Rand){
	func(r *eventRound, rng *rand.Rand) { r.victim(rng).signal(syscall.SIGKILL) },
	func(r *eventRound, rng *rand.Rand) {
		stopped := r.victim(rng)
		stopped.signal(syscall.SIGSTOP)
		moment(about(rng, 3*time.Second))
		stopped.signal(syscall.SIGCONT)
	},
	func(r *eventRound, rng *rand.Rand) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.redis.Kill()
		moment(about(rng, 700*time.Millisecond))
		r.redis.Restart(r.T)
	},
	func(r *eventRound, rng *rand.Rand) { r.disturb(rng, r.toRedis) },
	func(r *eventRound, rng *rand.Rand) { r.disturb(rng, r.toSink) },
	func(r *eventRound, rng *rand.Rand) { // the receiver is dead for longer than others
		r.toSink.set(cut)
		moment(time.Second + about(rng, 3*time.Second))
		r.toSink.set(sound)
	},
	func(r *eventRound, rng *rand.Rand) {
		r.receiver.set([]mood{failing, hanging, late}[rng.IntN(3)])
		moment(about(rng, 2*time.Second))
		r.receiver.set(attentive)
	},
}

// victim is one of the inspectors.
func (r *eventRound) victim(rng *rand.Rand) *process {
	for {
		r.mu.Lock()
		p := r.inspectors[rng.IntN(len(r.inspectors))]
		r.mu.Unlock()
		if p != nil {
			return p
		}
		moment(time.Millisecond)
	}
}

func (r *eventRound) disturb(rng *rand.Rand, between *proxy) {
	between.set([]network{cut, frozen, slow, oneSided, torn, refusing}[rng.IntN(6)])
	moment(about(rng, 1500*time.Millisecond))
	between.set(sound)
}

// settle waits until the receiver has been told of everything.
func (r *eventRound) settle() {
	for deadline := time.Now().Add(2 * patience); ; moment(20 * time.Millisecond) {
		states, err := r.queue.SinkStates(context.Background(), []string{"a"})
		if err == nil && states[0].Lag == 0 {
			if states[0].Lost > 0 {
				r.Errorf("events were lost: %+v", states[0])
			}
			return
		}
		if time.Now().After(deadline) {
			r.Fatalf("the receiver is not told of everything: %+v, %v", states, err)
		}
	}
}

func (r *eventRound) changes() []queue.Change {
	changes, err := r.queue.Changes(context.Background(), "0", 100_000, 0)
	if err != nil {
		r.Fatal(err)
	}
	return changes
}

func (r *eventRound) happened() int64 { return int64(len(r.changes())) }

// check compares what came with what happened.
func (r *eventRound) check() {
	want := map[string][]string{}
	for _, c := range r.changes() {
		want[c.Name] = append(want[c.Name], c.Type+" "+c.ID)
	}
	got := r.receiver.firsts()
	for name, events := range want {
		if !slices.Equal(got[name], events) {
			r.Errorf("about %q came\n%q\nwant\n%q", name, got[name], events)
		}
	}
	for name, events := range got {
		if want[name] == nil {
			r.Errorf("about %q came %q, and nothing happened", name, events)
		}
	}
}

// mood is what a receiver does with an event.
type mood int

const (
	attentive mood = iota
	failing        // it answers 500, and has not taken it
	hanging        // it answers nothing until its mood changes, and has not taken it
	late           // it has taken it, and answers when nobody listens any more
)

// unsteady is a receiver of events with moods.
type unsteady struct {
	server *httptest.Server

	mu      sync.Mutex
	mood    mood
	changed chan struct{} // closed when the mood changes
	came    [][2]string   // file and event, in the order of their arrival
}

func newUnsteady(t *testing.T) *unsteady {
	u := &unsteady{changed: make(chan struct{})}
	u.server = httptest.NewServer(u)
	t.Cleanup(func() {
		u.set(attentive)
		u.server.Close()
	})
	return u
}

func (u *unsteady) set(m mood) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.mood = m
	close(u.changed)
	u.changed = make(chan struct{})
}

func (u *unsteady) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var e struct{ ID, Type, Subject string }
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // its sender is gone
	}
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	u.mu.Lock()
	now, changed := u.mood, u.changed
	if now == attentive || now == late {
		u.came = append(u.came, [2]string{e.Subject, e.Type + " " + e.ID})
	}
	u.mu.Unlock()
	switch now {
	case hanging:
		<-changed
		fallthrough
	case failing:
		w.WriteHeader(http.StatusInternalServerError)
	case late:
		moment(sinkTimeout + sinkTimeout/2)
	}
}

func (u *unsteady) deliveries() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.came)
}

// firsts are the events of each file, each where it came first.
func (u *unsteady) firsts() map[string][]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	got, seen := map[string][]string{}, map[[2]string]bool{}
	for _, e := range u.came {
		if !seen[e] {
			seen[e] = true
			got[e[0]] = append(got[e[0]], e[1])
		}
	}
	return got
}
