package queue_test

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// TestEnqueueTakesEveryStateButWaiting: what is queued by hand was given up, waits for
// a retry, is worked on, or is in no state at all.
func TestEnqueueTakesEveryStateButWaiting(t *testing.T) {
	for name, c := range map[string]struct {
		again bool
		did   queue.Enqueued
		want  string
	}{
		"what is left":       {false, queue.Enqueued{Queued: 2, DeadLetters: 1}, "waiting 2, in flight 1, delayed 1, failed 0"},
		"everything, anyhow": {true, queue.Enqueued{Queued: 4, DeadLetters: 1}, "waiting 4, in flight 1, delayed 0, failed 0"},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
				q := queue.New(rdb, list, queue.Options{})
				push(t, rdb, "failed.csv", "delayed.csv", "held.csv")
				if _, err := claim(t, q, "w").Fail(t.Context(), queue.Failure{Reason: "no column", Kind: queue.KindMalformed}); err != nil {
					t.Fatal(err)
				}
				if _, err := claim(t, q, "w").Retry(t.Context(), queue.Failure{Reason: "a hiccup", Kind: queue.KindError}); err != nil {
					t.Fatal(err)
				}
				held := claim(t, q, "w")

				did, err := q.Enqueue(t.Context(), []string{"new.csv", "failed.csv", "delayed.csv", "held.csv"}, c.again)
				if err != nil || did != c.did {
					t.Errorf("it did %+v, %v, want %+v", did, err, c.did)
				}
				expect(t, q, c.want)
				if !c.again {
					return
				}
				for _, want := range []string{"new.csv", "failed.csv", "delayed.csv"} {
					next := claim(t, q, "w")
					if next.Name != want || next.Errors != 0 || next.Crashes != 0 {
						t.Errorf("claimed %+v, want %s with fresh tries", next, want)
					}
					if err := next.Complete(t.Context(), queue.Outcome{}); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := q.Claim(t.Context(), "w"); err == nil {
					t.Error("a name in flight was claimed a second time")
				}
				if err := held.Complete(t.Context(), queue.Outcome{}); err != nil {
					t.Fatal(err)
				}
				if next := claim(t, q, "w"); next.Name != "held.csv" {
					t.Errorf("claimed %s, want the name that was in flight once more", next.Name)
				}
			})
		})
	}
}

func TestWaitingYieldsMoreThanOnePage(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		const n = 20_000
		names := make([]any, n)
		for i := range names {
			names[i] = fmt.Sprintf("%d.csv", i)
		}
		// At the right, where the embedded Redis need not copy the list for each of them.
		if err := rdb.RPush(t.Context(), list, names...).Err(); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for name, err := range q.Waiting(t.Context()) {
			if err != nil || seen == n || name != names[seen] {
				t.Fatalf("after %d names: %q, %v", seen, name, err)
			}
			seen++
		}
		if seen != n {
			t.Errorf("%d names are missing", n-seen)
		}
	})
}
