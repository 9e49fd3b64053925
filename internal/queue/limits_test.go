package queue_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// now is Redis' own time.
func now(t *testing.T, rdb *redis.Client) time.Time {
	t.Helper()
	at, err := rdb.Time(t.Context()).Result()
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// due returns when the delayed name may be tried again, and makes it due at once.
func due(t *testing.T, q *queue.Queue, rdb *redis.Client, name string) time.Time {
	t.Helper()
	key := "{" + list + "}:delayed"
	at, err := rdb.ZScore(t.Context(), key, name).Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := rdb.ZAdd(t.Context(), key, redis.Z{Score: 1, Member: name}).Err(); err != nil {
		t.Fatal(err)
	}
	if moved := tidyUntil(t, q); moved != (queue.Tidied{Due: 1}) {
		t.Fatalf("moved %+v", moved)
	}
	return time.UnixMilli(int64(at))
}

// TestDefaultLimits: without options a lease lasts 30 s, and the fifth try that fails is the last.
func TestDefaultLimits(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		push(t, rdb, "a.csv")
		for try := 1; ; try++ {
			before := now(t, rdb)
			c := claim(t, q, "w1")
			lease := inFlight(t, q)[0].Deadline
			if least, most := before.Add(30*time.Second-time.Millisecond), now(t, rdb).Add(30*time.Second); lease.Before(least) || lease.After(most) {
				t.Errorf("the lease ends at %v, want %v to %v", lease, least, most)
			}
			state, err := c.Retry(t.Context(), queue.Failure{Kind: queue.KindError})
			if err != nil {
				t.Fatal(err)
			}
			if state == queue.Failed {
				if try != 5 {
					t.Errorf("it was given up after %d tries, want 5", try)
				}
				return
			}
			if try > 5 {
				t.Fatal("it was not given up after 5 tries")
			}
			due(t, q, rdb, "a.csv")
		}
	})
}

// TestPostponedNameWaitsAMinuteAtMostAndKeepsItsTries has a name meet a place that fails, many times.
func TestPostponedNameWaitsAMinuteAtMostAndKeepsItsTries(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		push(t, rdb, "a.csv")
		for range 20 {
			c := claim(t, q, "w1")
			if c.Errors != 0 {
				t.Fatalf("a try that does not count was counted: %+v", c)
			}
			if state, err := c.Postpone(t.Context(), queue.Failure{Kind: queue.KindError}); state != queue.Delayed || err != nil {
				t.Fatalf("postponed: %s, %v", state, err)
			}
			if latest := now(t, rdb).Add(time.Minute); due(t, q, rdb, "a.csv").After(latest) {
				t.Fatal("it is put off for more than a minute")
			}
		}
	})
}

// TestHistoryIsBounded: what is kept of the past does not grow with the number of files.
func TestHistoryIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("it works off 17,000 files")
	}
	rdb := redistest.Start(t).Client(t)
	q := queue.New(rdb, list, queue.Options{})
	for _, c := range []struct {
		key         string
		kept, files int
		end         func(c *queue.Claim) error
	}{
		{"{" + list + "}:completed", 10_000, 11_000, func(c *queue.Claim) error { return c.Complete(t.Context(), queue.Outcome{}) }},
		{"{" + list + "}:attempts", 5_000, 6_000, func(c *queue.Claim) error {
			return second(c.Fail(t.Context(), queue.Failure{Kind: queue.KindMalformed}))
		}},
	} {
		for i := range c.files {
			push(t, rdb, fmt.Sprint(i, ".csv"))
			if err := c.end(claim(t, q, "w1")); err != nil {
				t.Fatal(err)
			}
		}
		if n := rdb.XLen(t.Context(), c.key).Val(); n < int64(c.kept) || n > int64(c.kept)+500 {
			t.Errorf("%s has %d entries after %d files, want about %d", c.key, n, c.files, c.kept)
		}
	}
}

func TestReasonIsCutOff(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		push(t, rdb, "a.csv")
		if _, err := claim(t, q, "w1").Fail(t.Context(), queue.Failure{Kind: queue.KindMalformed, Reason: strings.Repeat("ü", 5000)}); err != nil {
			t.Fatal(err)
		}
		letters, err := q.DeadLetters(t.Context())
		if err != nil || len(letters) != 1 {
			t.Fatal(letters, err)
		}
		if r := letters[0].Reason; len(r) > 1000 || len(r) < 900 || strings.Trim(r, "ü") != "…" {
			t.Errorf("the reason has %d bytes and ends in %q", len(r), r[len(r)-10:])
		}
	})
}

// TestListsOfOneRedisKeepApart: pipelines that share a Redis need no more than a list each.
func TestListsOfOneRedisKeepApart(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		sales, hours := queue.New(rdb, "sales", queue.Options{}), queue.New(rdb, "hours", queue.Options{})
		if err := sales.Push(ctx, "failed.csv", "delayed.csv", "done.csv", "held.csv", "waits.csv"); err != nil {
			t.Fatal(err)
		}
		for _, end := range []func(c *queue.Claim) error{
			func(c *queue.Claim) error { return second(c.Fail(ctx, queue.Failure{Kind: queue.KindMalformed})) },
			func(c *queue.Claim) error { return second(c.Retry(ctx, queue.Failure{Kind: queue.KindError})) },
			func(c *queue.Claim) error { return c.Complete(ctx, queue.Outcome{}) },
			func(*queue.Claim) error { return nil },
		} {
			if err := end(claim(t, sales, "w1")); err != nil {
				t.Fatal(err)
			}
		}
		expect(t, sales, "waiting 1, in flight 1, delayed 1, failed 1, completed 1", "completed")
		expect(t, hours, "waiting 0, in flight 0, delayed 0, failed 0, completed 0, claimed 0", "completed", "claimed")
		if done, err := hours.Completed(ctx, 10); len(done) != 0 || err != nil {
			t.Errorf("it completed %v, %v", done, err)
		}
	})
}

// TestOnlyRedisClockCounts has Redis live in another year than the workers.
func TestOnlyRedisClockCounts(t *testing.T) {
	embedded := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: embedded.Addr(), DisableIdentity: true})
	defer rdb.Close()
	there := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	embedded.SetTime(there)
	q := queue.New(rdb, list, queue.Options{Lease: time.Minute})
	push(t, rdb, "a.csv")
	c := claim(t, q, "w1")
	if end := inFlight(t, q)[0].Deadline; !end.Equal(there.Add(time.Minute)) {
		t.Errorf("the lease ends at %v", end)
	}
	embedded.SetTime(there.Add(50 * time.Second))
	if err := c.Renew(t.Context(), queue.Progress{}); err != nil {
		t.Fatal(err)
	}
	embedded.SetTime(there.Add(109 * time.Second))
	if moved, err := q.Tidy(t.Context()); moved != (queue.Tidied{}) || err != nil {
		t.Errorf("while the lease lasts: %+v, %v", moved, err)
	}
	embedded.SetTime(there.Add(111 * time.Second))
	if moved, err := q.Tidy(t.Context()); moved != (queue.Tidied{Reclaimed: 1}) || err != nil {
		t.Errorf("once the lease ran out: %+v, %v", moved, err)
	}
}
