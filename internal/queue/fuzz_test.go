package queue_test

import (
	"errors"
	"testing"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// FuzzMessages: whatever is pushed on the list is claimed as it is or cleared away
// with a reason, goes its way through every state, and does not block other messages.
func FuzzMessages(f *testing.F) {
	for _, message := range []string{"20220101.csv", "", "{}", `"`, "\x00\xff", "été.csv", `{"token":1}`, "a\nb", "%s%d", "*", "null"} {
		f.Add(message, "reason", "v1")
	}
	rdb := redistest.Embedded(f)
	q := queue.New(rdb, list, queue.Options{})
	f.Fuzz(func(t *testing.T, message, reason, version string) {
		if err := rdb.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		push(t, rdb, message)
		c, err := q.Claim(t.Context(), "w1")
		if len(message) > 1024 {
			if !errors.Is(err, queue.ErrEmpty) {
				t.Fatalf("a message of %d bytes: %+v, %v", len(message), c, err)
			}
			expect(t, q, "waiting 0, in flight 0, delayed 0, failed 1")
			return
		}
		if err != nil || c.Name != message {
			t.Fatalf("claimed %+v, %v; want %q", c, err, message)
		}
		if err := c.Renew(t.Context(), queue.Progress{Version: version}); err != nil {
			t.Fatal(err)
		}
		if leases, err := q.InFlight(t.Context()); err != nil || len(leases) != 1 || leases[0].Name != message {
			t.Fatalf("in flight: %+v, %v", leases, err)
		}
		if err := c.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		c = claim(t, q, "w1")
		if state, err := c.Fail(t.Context(), queue.Failure{Reason: reason, Kind: queue.KindError, Version: version}); state != queue.Failed || err != nil {
			t.Fatalf("failed: %s, %v", state, err)
		}
		letters, err := q.DeadLetters(t.Context())
		if err != nil || len(letters) != 1 || letters[0].Name != message || len(letters[0].Reason) > 4*1024 {
			t.Fatalf("dead letters: %+v, %v", letters, err)
		}
		if n, err := q.Requeue(t.Context(), message); n != 1 || err != nil {
			t.Fatalf("requeued %d, %v", n, err)
		}
		if err := claim(t, q, "w1").Complete(t.Context(), queue.Outcome{}); err != nil {
			t.Fatal(err)
		}
		if done, err := q.Completed(t.Context(), 1); err != nil || len(done) != 1 || done[0].Name != message {
			t.Fatalf("completed: %+v, %v", done, err)
		}
	})
}
