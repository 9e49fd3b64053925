package queue_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

const list = "csvs-to-process"

// onEveryRedis runs a test on the embedded Redis and on a real one.
func onEveryRedis(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Run("embedded", func(t *testing.T) { test(t, redistest.Embedded(t)) })
	t.Run("redis-server", func(t *testing.T) { test(t, redistest.Start(t).Client(t)) })
}

// counts is the four states and the named totals in one comparable line.
func counts(t *testing.T, q *queue.Queue, totals ...string) string {
	t.Helper()
	c, err := q.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("waiting %d, in flight %d, delayed %d, failed %d", c.Waiting, c.InFlight, c.Delayed, c.Failed)
	for _, name := range totals {
		line += fmt.Sprintf(", %s %d", name, c.Totals[name])
	}
	return line
}

func expect(t *testing.T, q *queue.Queue, want string, totals ...string) {
	t.Helper()
	if got := counts(t, q, totals...); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func push(t *testing.T, rdb *redis.Client, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := rdb.LPush(t.Context(), list, name).Err(); err != nil { // as any program does
			t.Fatal(err)
		}
	}
}

func claim(t *testing.T, q *queue.Queue, worker string) *queue.Claim {
	t.Helper()
	c, err := q.Claim(t.Context(), worker)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return c
}

// tidyUntil does the housekeeping until it has moved something.
func tidyUntil(t *testing.T, q *queue.Queue) queue.Tidied {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		moved, err := q.Tidy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if moved != (queue.Tidied{}) {
			return moved
		}
	}
	t.Fatal("the housekeeping never moved anything")
	return queue.Tidied{}
}

func TestNamesAreTakenInTheOrderTheyCame(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		push(t, rdb, "a.csv", "b.csv", "c.csv")
		var got []string
		for range 3 {
			c := claim(t, q, "w1")
			got = append(got, c.Name)
			if err := c.Complete(t.Context(), queue.Outcome{Rows: 200, Bytes: 4000, Took: time.Millisecond, Checksum: "c-" + c.Name}); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"a.csv", "b.csv", "c.csv"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		if _, err := q.Claim(t.Context(), "w1"); !errors.Is(err, queue.ErrEmpty) {
			t.Errorf("an empty queue: got %v, want ErrEmpty", err)
		}
		expect(t, q, "waiting 0, in flight 0, delayed 0, failed 0, claimed 3, completed 3, rows 600, bytes 12000, busy_us 3000",
			"claimed", "completed", "rows", "bytes", "busy_us")
		done, err := q.Completed(t.Context(), 2)
		if err != nil || len(done) != 2 {
			t.Fatalf("completed: %v, %v", done, err)
		}
		if d := done[0]; d.Name != "c.csv" || d.Rows != 200 || d.Bytes != 4000 || d.Seconds != 0.001 || d.Worker != "w1" || d.Checksum != "c-c.csv" || time.Since(d.At).Abs() > time.Minute {
			t.Errorf("latest completion: %+v", d)
		}
	})
}

func TestDeadWorkersNameReturnsAndItsTokenIsWorthless(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{Lease: 30 * time.Millisecond})
		push(t, rdb, "a.csv")
		dead := claim(t, q, "dead")
		expect(t, q, "waiting 0, in flight 1, delayed 0, failed 0")
		if moved := tidyUntil(t, q); moved != (queue.Tidied{Reclaimed: 1}) {
			t.Fatalf("moved %+v", moved)
		}
		heir := claim(t, q, "heir")
		if heir.Name != "a.csv" || heir.Crashes != 1 {
			t.Errorf("heir got %+v", heir)
		}
		for what, err := range map[string]error{
			"renew":    dead.Renew(t.Context(), queue.Progress{}),
			"complete": dead.Complete(t.Context(), queue.Outcome{}),
			"release":  dead.Release(t.Context()),
			"fail":     second(dead.Fail(t.Context(), queue.Failure{})),
			"retry":    second(dead.Retry(t.Context(), queue.Failure{})),
		} {
			if !errors.Is(err, queue.ErrLost) {
				t.Errorf("%s with an outdated token: %v, want ErrLost", what, err)
			}
		}
		expect(t, q, "waiting 0, in flight 1, delayed 0, failed 0, refused 4, completed 0", "refused", "completed")
		if err := heir.Complete(t.Context(), queue.Outcome{}); err != nil {
			t.Error(err)
		}
		if err := heir.Complete(t.Context(), queue.Outcome{}); !errors.Is(err, queue.ErrLost) {
			t.Errorf("completing twice: %v", err)
		}
		expect(t, q, "waiting 0, in flight 0, delayed 0, failed 0, completed 1, crashed 1", "completed", "crashed")
	})
}

func second[T any](_ T, err error) error { return err }

func TestHeldClaimOutlivesItsLeaseAndALostOneEndsTheWork(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		const lease = time.Second // a busy machine may come late
		q := queue.New(rdb, list, queue.Options{Lease: lease})
		push(t, rdb, "a.csv")
		c := claim(t, q, "w1")
		ctx, stop := c.Hold(t.Context(), func() queue.Progress { return queue.Progress{Bytes: 7, Rows: 3} })
		defer stop()
		first := inFlight(t, q)[0].Deadline
		for inFlight(t, q)[0].Deadline.Sub(first) <= lease { // renewed for longer than a lease
			if moved, err := q.Tidy(t.Context()); err != nil || moved != (queue.Tidied{}) {
				t.Fatalf("a held claim was taken away: %+v, %v", moved, err)
			}
		}
		if l := inFlight(t, q)[0]; l.Bytes != 7 || l.Rows != 3 || l.Worker != "w1" || l.Attempt != 1 {
			t.Errorf("the lease shows %+v", l)
		}
		rdb.Del(t.Context(), "{"+list+"}:claims") // Redis lost it
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), queue.ErrLost) {
			t.Errorf("cause %v, want ErrLost", context.Cause(ctx))
		}
	})
}

func inFlight(t *testing.T, q *queue.Queue) []queue.Lease {
	t.Helper()
	leases, err := q.InFlight(t.Context())
	if err != nil || len(leases) != 1 {
		t.Fatalf("in flight: %+v, %v", leases, err)
	}
	return leases
}

func TestPoisonStopsAfterThreeDeaths(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{Lease: time.Millisecond})
		push(t, rdb, "a.csv")
		var moved []queue.Tidied
		for i := range 3 {
			claim(t, q, fmt.Sprint("victim", i))
			moved = append(moved, tidyUntil(t, q))
		}
		if want := []queue.Tidied{{Reclaimed: 1}, {Reclaimed: 1}, {Poison: 1}}; !slices.Equal(moved, want) {
			t.Errorf("moved %+v, want %+v", moved, want)
		}
		letters, err := q.DeadLetters(t.Context())
		if err != nil || len(letters) != 1 {
			t.Fatalf("dead letters: %+v, %v", letters, err)
		}
		if l := letters[0]; l.Kind != "poison" || l.Crashes != 3 || !strings.Contains(l.Reason, "died 3 times") || !strings.Contains(l.Reason, "victim2") {
			t.Errorf("dead letter %+v", l)
		}
		expect(t, q, "waiting 0, in flight 0, delayed 0, failed 1, failed:poison 1, crashed 3", "failed:poison", "crashed")
	})
}

func TestErrorsAreRetriedWithGrowingDelayAndThenGivenUp(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{MaxErrors: 3})
		push(t, rdb, "a.csv")
		var states []queue.State
		for i := range int64(3) {
			c := claim(t, q, "w1")
			if c.Errors != i || c.Crashes != 0 {
				t.Errorf("try %d has %d errors, %d crashes", i, c.Errors, c.Crashes)
			}
			before, err := rdb.Time(t.Context()).Result()
			if err != nil {
				t.Fatal(err)
			}
			state, err := c.Retry(t.Context(), queue.Failure{Reason: "disk on fire", Kind: queue.KindError, Version: "v1"})
			if err != nil {
				t.Fatal(err)
			}
			states = append(states, state)
			if state != queue.Delayed {
				break
			}
			due := rdb.ZScore(t.Context(), "{"+list+"}:delayed", "a.csv").Val()
			wait := time.UnixMilli(int64(due)).Sub(before)
			if full := time.Second << i; wait < full/2-10*time.Millisecond || wait > full+5*time.Second {
				t.Errorf("try %d waits %v, want between %v and %v", i, wait, full/2, full)
			}
			if n := rdb.LLen(t.Context(), list).Val(); n != 0 {
				t.Errorf("a delayed name is in the list")
			}
			// due at once, instead of waiting for it
			rdb.ZAdd(t.Context(), "{"+list+"}:delayed", redis.Z{Score: 1, Member: "a.csv"})
			if moved := tidyUntil(t, q); moved != (queue.Tidied{Due: 1}) {
				t.Fatalf("moved %+v", moved)
			}
		}
		if want := []queue.State{queue.Delayed, queue.Delayed, queue.Failed}; !slices.Equal(states, want) {
			t.Errorf("states %q, want %q", states, want)
		}
		letters, _ := q.DeadLetters(t.Context())
		if len(letters) != 1 || letters[0].Reason != "disk on fire" || letters[0].Errors != 3 || letters[0].Version != "v1" {
			t.Errorf("dead letters %+v", letters)
		}
		if n, err := q.Requeue(t.Context(), "a.csv", "unknown.csv"); n != 1 || err != nil {
			t.Errorf("requeue: %d, %v", n, err)
		}
		if c := claim(t, q, "w1"); c.Errors != 0 {
			t.Errorf("a requeued dead letter has %d errors, want fresh tries", c.Errors)
		}
	})
}

func TestDeadLetterTellsThePlace(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		long := strings.Repeat("x", 1<<20)
		for name, c := range map[string]struct{ given, kept queue.Place }{
			"none.csv": {},
			"all.csv": {
				queue.Place{Line: 123456789012, Column: "a \"b\"", Field: "</script>\x00", Excerpt: queue.Excerpt{Before: "1,", Bad: "é\xe9\n", After: "\u2028"}},
				queue.Place{Line: 123456789012, Column: "a \"b\"", Field: "</script>\x00", Excerpt: queue.Excerpt{Before: "1,", Bad: "é\ufffd\n", After: "\u2028"}},
			},
			"long.csv": {
				queue.Place{Line: 1, Field: long, Excerpt: queue.Excerpt{Before: long}},
				queue.Place{Line: 1, Field: long[:997] + "…", Excerpt: queue.Excerpt{Before: long[:997] + "…"}},
			},
		} {
			push(t, rdb, name)
			if _, err := claim(t, q, "w1").Fail(t.Context(), queue.Failure{Reason: "bad", Kind: queue.KindMalformed, Place: c.given}); err != nil {
				t.Fatal(err)
			}
			standings, err := q.Standings(t.Context(), []string{name})
			if err != nil {
				t.Fatal(err)
			}
			if l := standings[0].Failed; l == nil || l.Place != c.kept || l.Reason != "bad" || l.Worker != "w1" {
				t.Errorf("%s: %+v, want %+v", name, l, c.kept)
			}
		}
		// as versions before this one wrote it
		old := `{"reason":"old.csv:3: bad","kind":"malformed","errors":1,"crashes":0,"at":1700000000000,"worker":"w0","version":"v1"}`
		rdb.HSet(t.Context(), "{"+list+"}:failed", "old.csv", old)
		standings, err := q.Standings(t.Context(), []string{"old.csv"})
		if err != nil {
			t.Fatal(err)
		}
		if l := standings[0].Failed; l == nil || l.Reason != "old.csv:3: bad" || l.Place != (queue.Place{}) {
			t.Errorf("an old dead letter: %+v", l)
		}
	})
}

func TestReleasedNameIsNextAndKeepsItsCounts(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		push(t, rdb, "a.csv", "b.csv")
		if err := claim(t, q, "w1").Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := claim(t, q, "w2"); c.Name != "a.csv" || c.Crashes != 0 || c.Errors != 0 {
			t.Errorf("got %+v", c)
		}
		expect(t, q, "waiting 1, in flight 1, delayed 0, failed 0, released 1", "released")
	})
}

func TestNamePushedWhileInFlightRunsOnceMore(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		for how, end := range map[string]func(*queue.Claim) error{
			"completed": func(c *queue.Claim) error { return c.Complete(t.Context(), queue.Outcome{}) },
			"failed":    func(c *queue.Claim) error { return second(c.Fail(t.Context(), queue.Failure{Kind: queue.KindError})) },
		} {
			q := queue.New(rdb, list, queue.Options{})
			push(t, rdb, "a.csv")
			c := claim(t, q, "w1")
			push(t, rdb, "a.csv", "a.csv", "a.csv")
			if _, err := q.Claim(t.Context(), "w2"); !errors.Is(err, queue.ErrEmpty) {
				t.Errorf("%s: a second worker got the name that is in flight: %v", how, err)
			}
			if err := end(c); err != nil {
				t.Fatal(err)
			}
			expect(t, q, "waiting 1, in flight 0, delayed 0, failed 0")
			if err := claim(t, q, "w1").Complete(t.Context(), queue.Outcome{}); err != nil {
				t.Fatal(err)
			}
			expect(t, q, "waiting 0, in flight 0, delayed 0, failed 0")
		}
	})
}

func TestOfferTakesOnlyWhatIsNowhere(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		offer := func(want int, name, version string) {
			t.Helper()
			if n, err := q.Offer(t.Context(), []queue.Offer{{Name: name, Version: version}}); n != want || err != nil {
				t.Errorf("offer %s of %s: %d, %v; want %d", version, name, n, err, want)
			}
		}
		offer(1, "a.csv", "v1")
		c := claim(t, q, "w1")
		offer(0, "a.csv", "v1") // in flight
		if _, err := c.Retry(t.Context(), queue.Failure{Kind: queue.KindError}); err != nil {
			t.Fatal(err)
		}
		offer(0, "a.csv", "v1") // waits for a retry
		push(t, rdb, "a.csv")   // somebody is in a hurry
		c = claim(t, q, "w1")
		if _, err := c.Fail(t.Context(), queue.Failure{Kind: queue.KindMalformed, Version: "v1"}); err != nil {
			t.Fatal(err)
		}
		offer(0, "a.csv", "v1") // this very version failed
		offer(1, "a.csv", "v2")
		expect(t, q, "waiting 1, in flight 0, delayed 0, failed 0")
		c = claim(t, q, "w1")
		if _, err := c.Fail(t.Context(), queue.Failure{Kind: "poison", Version: ""}); err != nil {
			t.Fatal(err)
		}
		offer(0, "a.csv", "v3") // nobody knows what failed: taken to be this
		offer(0, "a.csv", "v3")
		offer(1, "a.csv", "v4")

		known, err := q.Queued(t.Context())
		if _, ok := known["a.csv"]; err != nil || len(known) != 1 || !ok {
			t.Errorf("queued: %v, %v", known, err)
		}
	})
}

func TestOddMessages(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		huge := strings.Repeat("x", 10<<20)
		odd := []string{"", "../../etc/passwd", "with \"quotes\" and \n line", "\xff\xfe\x00", strings.Repeat("n", 1024)}
		push(t, rdb, huge)
		push(t, rdb, odd...)
		for _, name := range odd { // the huge one does not block the others
			c := claim(t, q, "w1")
			if c.Name != name {
				t.Errorf("got %q, want %q", c.Name, name)
			}
			if _, err := c.Fail(t.Context(), queue.Failure{Reason: "bad " + name, Kind: queue.KindName}); err != nil {
				t.Error(err)
			}
		}
		expect(t, q, "waiting 0, in flight 0, delayed 0, failed 6, failed:name 6", "failed:name")
		letters, err := q.DeadLetters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(letters, func(l queue.DeadLetter) bool { return strings.Contains(l.Reason, fmt.Sprint(len(huge))) })
		if i < 0 || len(letters[i].Name) > 200 {
			t.Errorf("no short dead letter for the huge message")
		}
	})
}

func TestListOfAnotherTypeIsRefused(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		rdb.HSet(t.Context(), list, "k", "v")
		err := queue.New(rdb, list, queue.Options{}).Check(t.Context())
		if !errors.Is(err, queue.ErrWrongType) || !strings.Contains(err.Error(), list) || !strings.Contains(err.Error(), "hash") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitWakesAtOnceAndLeavesTheListAsItIs(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		woke := make(chan error, 1)
		go func() { woke <- q.Wait(t.Context(), time.Minute) }()
		push(t, rdb, "a.csv", "b.csv")
		if err := <-woke; err != nil {
			t.Fatal(err)
		}
		if got := rdb.LRange(t.Context(), list, 0, -1).Val(); !slices.Equal(got, []string{"b.csv", "a.csv"}) {
			t.Errorf("the list is now %q", got)
		}
	})
}

func TestManyWorkersEachNameOnce(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		const names, workers = 2000, 20
		for i := range names {
			push(t, rdb, fmt.Sprintf("%d.csv", i))
		}
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for {
					c, err := q.Claim(t.Context(), fmt.Sprint("w", w))
					if errors.Is(err, queue.ErrEmpty) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					if err := c.Complete(t.Context(), queue.Outcome{Rows: 1}); err != nil {
						t.Error(err)
					}
					mu.Lock()
					seen[c.Name]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(seen) != names {
			t.Errorf("%d names of %d were claimed", len(seen), names)
		}
		expect(t, q, fmt.Sprintf("waiting 0, in flight 0, delayed 0, failed 0, completed %d, rows %d", names, names), "completed", "rows")
	})
}
