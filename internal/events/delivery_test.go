package events_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// firsts are the IDs of the events about each file, without those that came again, in order.
func firsts(all []cloudevents.Event) map[string][]string {
	ids := map[string][]string{}
	seen := map[string]bool{}
	for _, e := range all {
		if !seen[e.ID()] {
			seen[e.ID()] = true
			ids[e.Subject()] = append(ids[e.Subject()], e.ID())
		}
	}
	return ids
}

// happened are the IDs of the changes about each file, in order.
func happened(t *testing.T, q *queue.Queue) map[string][]string {
	t.Helper()
	changes, err := q.Changes(t.Context(), "0", 1_000_000, 0)
	must(t, err)
	ids := map[string][]string{}
	for _, c := range changes {
		ids[c.Name] = append(ids[c.Name], c.ID)
	}
	return ids
}

// Two inspectors, of which each may stop at any time, and a sink that fails, hangs and answers too
// late: every event arrives, none about what did not happen, and those of a file in order.
// EVENTS_SEED repeats one round, EVENTS_ROUNDS is how many there are.
func TestNothingIsLostNorOutOfOrderWhateverTheSinkDoes(t *testing.T) {
	seed, rounds := rand.Uint64()>>16, 3
	if testing.Short() {
		rounds = 1
	}
	if text := os.Getenv("EVENTS_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		must(t, err)
		rounds = 1
	}
	if text := os.Getenv("EVENTS_ROUNDS"); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		must(t, err)
	}
	server := redistest.Start(t)
	for i := range rounds {
		seed := seed + uint64(i)
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rdb := server.Client(t)
			must(t, rdb.FlushAll(t.Context()).Err())
			rng := rand.New(rand.NewPCG(seed, 0))
			q := queue.New(rdb, list, queue.Options{})
			r := receive(t)
			var mu sync.Mutex
			r.answer = func(cloudevents.Event) int { // one at a time
				mu.Lock()
				kind := rng.IntN(10)
				mu.Unlock()
				switch kind {
				case 0, 1:
					return http.StatusInternalServerError
				case 2: // later than the sender waits, and taken all the same
					r.mu.Unlock()
					<-time.After(60 * time.Millisecond)
					r.mu.Lock()
				}
				return 0
			}
			config := fmt.Sprintf(`{sinks: [{name: a, http: {url: %q, timeout: 50ms, parallel: 3}}]}`, r.URL)
			_, stop := start(t, q, config)
			d, stopOther := start(t, q, config)
			for n := range 60 {
				name := fmt.Sprintf("%c.csv", 'a'+n%7)
				c := do(t, q, name)
				switch n % 3 {
				case 0:
					must(t, c.Complete(t.Context(), queue.Outcome{Result: name}))
				default:
					_, err := c.Fail(t.Context(), queue.Failure{Kind: queue.KindError, Reason: "no"})
					must(t, err)
				}
				if n%20 == 10 { // one inspector goes, and another one comes
					stop()
					stop = stopOther
					d, stopOther = start(t, q, config)
				}
			}
			settled(t, d)
			r.mu.Lock()
			defer r.mu.Unlock()
			got, want := firsts(r.got), happened(t, q)
			for file, ids := range want {
				if !slices.Equal(got[file], ids) {
					t.Errorf("about %q came\n%v\nwant\n%v; again: EVENTS_SEED=%d", file, got[file], ids, seed)
				}
			}
			if len(got) != len(want) {
				t.Errorf("events came about %d files, want %d", len(got), len(want))
			}
		})
	}
}

// An answer of Redis that is lost takes no event with it, and does not change their order.
func TestLostAnswersOfRedisLoseNothing(t *testing.T) {
	server := redistest.Start(t)
	for nth := int64(1); nth <= 8; nth++ {
		t.Run(fmt.Sprint(nth), func(t *testing.T) {
			own, rdb := server.Client(t), server.Client(t)
			must(t, own.FlushAll(t.Context()).Err())
			q := queue.New(own, list, queue.Options{})
			r := receive(t)
			losses := &lostAnswers{nth: nth}
			rdb.AddHook(losses)
			start(t, queue.New(rdb, list, queue.Options{}), fmt.Sprintf("{sinks: [{name: a, http: {url: %q}}]}", r.URL))
			losses.left.Store(20)
			for n := range 40 {
				name := fmt.Sprintf("%c.csv", 'a'+n%3)
				must(t, do(t, q, name).Complete(t.Context(), queue.Outcome{Result: name}))
			}
			for deadline := time.Now().Add(60 * time.Second); ; {
				states, err := q.SinkStates(t.Context(), []string{"a"})
				must(t, err)
				if states[0].Lag == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("it lags: %+v", states[0])
				}
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			if got, want := firsts(r.got), happened(t, q); !maps.EqualFunc(got, want, slices.Equal[[]string]) {
				t.Errorf("came %v, want %v", got, want)
			}
		})
	}
}

// lostAnswers has scripts be run and loses the answer of every nth one, as long as left is not used up.
type lostAnswers struct {
	nth  int64
	left atomic.Int64 // scripts
}

func (l *lostAnswers) DialHook(next redis.DialHook) redis.DialHook { return next }

func (l *lostAnswers) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (l *lostAnswers) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if !strings.HasPrefix(cmd.Name(), "eval") || err != nil {
			return err
		}
		if left := l.left.Add(-1); left >= 0 && left%l.nth == 0 {
			err = io.ErrUnexpectedEOF
			cmd.SetErr(err)
		}
		return err
	}
}

// A sink that is away holds up no other. What it cannot take is given up when it is too old, and
// counted; so is what the cap of the stream removed.
func TestSinkThatIsAwayHoldsUpOnlyItself(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{KeepChanges: 100})
	away, there := receive(t), receive(t)
	away.answer = func(cloudevents.Event) int { return http.StatusServiceUnavailable }
	d, stop := start(t, q, fmt.Sprintf(`{giveUpAfter: 24h, sinks: [{name: away, http: {url: %q}}, {name: there, http: {url: %q}}]}`, away.URL, there.URL))
	const files = 500 // more than are in hand, and more than the stream keeps
	for n := range files {
		name := fmt.Sprint(n, ".csv")
		must(t, q.Push(t.Context(), name))
		c, err := q.Claim(t.Context(), "w")
		must(t, err)
		must(t, c.Complete(t.Context(), queue.Outcome{Result: name}))
		if n%10 == 9 { // not each: changes are read at most every 50 ms
			there.wait(t, 2*n+1) // "there" keeps up, "away" does not
		}
	}
	there.wait(t, 2*files)
	all, err := d.Sinks(t.Context())
	must(t, err)
	if s := all[0]; s.Lag == 0 || s.Delivered != 0 || s.Refused == 0 || !s.Failing() || !strings.Contains(s.Error, "503") || s.Oldest.IsZero() {
		t.Errorf("the sink that is away: %+v", s)
	}
	if s := settledSink(t, d, "there"); s.Delivered != 2*files || s.Lost != 0 || s.Failing() {
		t.Errorf("the other: %+v", s)
	}
	stop()
	away.mu.Lock()
	away.answer = nil
	away.mu.Unlock()
	// The entries that it had read are gone from the stream, and so are those behind them.
	d, _ = start(t, q, fmt.Sprintf(`{sinks: [{name: away, http: {url: %q}}]}`, away.URL))
	s := settledSink(t, d, "away")
	if s.Lost == 0 || s.Delivered == 0 || s.Lost+s.Delivered != 2*files || s.Failing() {
		t.Errorf("when it is back: %+v, want %d delivered or lost", s, 2*files)
	}
}

func settledSink(t *testing.T, d *events.Dispatcher, name string) events.Status {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		all, err := d.Sinks(t.Context())
		must(t, err)
		s := all[slices.IndexFunc(all, func(s events.Status) bool { return s.Name == name })]
		if s.Lag == 0 {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("it lags: %+v", s)
		}
	}
}

func TestWhatIsTooOldIsGivenUp(t *testing.T) {
	q := queue.New(redistest.Start(t).Client(t), list, queue.Options{})
	r := receive(t)
	r.answer = func(e cloudevents.Event) int {
		if e.Subject() == "never.csv" {
			return http.StatusBadRequest
		}
		return 0
	}
	d, _ := start(t, q, fmt.Sprintf(`{giveUpAfter: 100ms, sinks: [{name: a, types: [result.done], http: {url: %q}}]}`, r.URL))
	for _, name := range []string{"never.csv", "a.csv"} {
		must(t, do(t, q, name).Complete(t.Context(), queue.Outcome{Result: name}))
	}
	r.wait(t, 1)
	if s := settledSink(t, d, "a"); s.GivenUp != 1 || s.Delivered != 1 {
		t.Errorf("%+v, want one given up, and one delivered", s)
	}
}

// A sink that is new is told of what happens from now on, or of all that is kept. One that has begun
// goes on where it was, and a Redis that lost its data is read from its beginning.
func TestWhereASinkBegins(t *testing.T) {
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	r := receive(t)
	must(t, do(t, q, "before.csv").Complete(t.Context(), queue.Outcome{}))
	configs := fmt.Sprintf(`{sinks: [{name: new, types: [result.done], http: {url: "%s/new"}}, {name: all, from: all, types: [result.done], http: {url: "%s/all"}}]}`, r.URL, r.URL)
	d, stop := start(t, q, configs)
	settled(t, d)
	stop()
	must(t, do(t, q, "between.csv").Complete(t.Context(), queue.Outcome{}))
	d, _ = start(t, q, configs)
	for _, s := range settled(t, d) {
		if want := map[string]int64{"new": 1, "all": 2}[s.Name]; s.Delivered != want || s.Lost != 0 {
			t.Errorf("%s: %+v, want %d delivered", s.Name, s, want)
		}
	}
	must(t, rdb.FlushAll(t.Context()).Err())
	must(t, do(t, q, "after.csv").Complete(t.Context(), queue.Outcome{}))
	all := r.wait(t, 5)
	for _, e := range all[3:] {
		if e.Subject() != "after.csv" {
			t.Errorf("%s came after Redis had lost its data", e.Subject())
		}
	}
}
