package queue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"

	"github.com/redis/go-redis/v9"
)

// onBoth runs a test on a real Redis and on the embedded one.
func onBoth(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Run("redis-server", func(t *testing.T) { test(t, redistest.Start(t).Client(t)) })
	t.Run("embedded", func(t *testing.T) { test(t, redistest.Embedded(t)) })
}

func TestAttemptsAndStandings(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		q := queue.New(rdb, "csvs-to-process", queue.Options{Lease: time.Millisecond})
		steady := queue.New(rdb, "csvs-to-process", queue.Options{})
		if err := q.Push(ctx, "done.csv", "delayed.csv", "failed.csv", "held.csv"); err != nil {
			t.Fatal(err)
		}
		claim := func(from *queue.Queue) *queue.Claim {
			c, err := from.Claim(ctx, "w1")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if err := claim(steady).Complete(ctx, queue.Outcome{Rows: 7, Bytes: 70, Took: 1500 * time.Millisecond, Checksum: "c"}); err != nil {
			t.Fatal(err)
		}
		if _, err := claim(steady).Retry(ctx, queue.Failure{Reason: "later", Kind: queue.KindError}); err != nil {
			t.Fatal(err)
		}
		if _, err := claim(steady).Fail(ctx, queue.Failure{Reason: "bad row", Kind: queue.KindMalformed, Version: "v1"}); err != nil {
			t.Fatal(err)
		}
		dies := claim(q)
		for moved := (queue.Tidied{}); moved.Reclaimed == 0; { // its lease is one millisecond
			var err error
			if moved, err = steady.Tidy(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if held := claim(steady); held.Name != dies.Name {
			t.Fatalf("claimed %s, want %s", held.Name, dies.Name)
		}

		ended, cursor, err := steady.Attempts(ctx, queue.Cursor{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, a := range ended {
			got[a.Name] = a.Outcome + " " + a.Kind + " " + a.Worker
		}
		want := map[string]string{"done.csv": "done  w1", "delayed.csv": "error error w1", "failed.csv": "error malformed w1", "held.csv": "crash  w1"}
		for name, w := range want {
			if got[name] != w {
				t.Errorf("%s: %q, want %q", name, got[name], w)
			}
		}
		done := ended[slices.IndexFunc(ended, func(a queue.Attempt) bool { return a.Outcome == queue.AttemptDone })]
		if done.Seconds != 1.5 || done.Rows != 7 || done.Bytes != 70 {
			t.Errorf("what was done is %+v", done)
		}
		if more, _, err := steady.Attempts(ctx, cursor, 100); err != nil || len(more) != 0 {
			t.Errorf("after the cursor there are %v, %v", more, err)
		}

		s, err := steady.Standings(ctx, []string{"done.csv", "delayed.csv", "failed.csv", "held.csv", "unknown.csv"})
		if err != nil {
			t.Fatal(err)
		}
		if s[0] != (queue.Standing{}) || s[4] != (queue.Standing{}) || s[1].Delayed.IsZero() || s[2].Failed == nil || s[2].Failed.Reason != "bad row" || !s[3].InFlight {
			t.Errorf("standings: %+v", s)
		}
		for state, want := range map[queue.State]string{queue.Delayed: "delayed.csv", queue.Failed: "failed.csv", queue.InFlightState: "held.csv"} {
			if names, err := steady.InState(ctx, state); err != nil || !slices.Equal(names, []string{want}) {
				t.Errorf("%s: %v, %v; want %s", state, names, err, want)
			}
		}
		for _, state := range []queue.State{queue.Waiting, "", "in flight"} {
			if names, err := steady.InState(ctx, state); err == nil || !strings.Contains(err.Error(), "expected in-flight, delayed or failed") {
				t.Errorf("%q: %v, %v; want an error", state, names, err)
			}
		}
	})
}

// Dropping forgets just the dead letter that was seen.
func TestDrop(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		ctx := t.Context()
		q := queue.New(rdb, "csvs-to-process", queue.Options{})
		for _, name := range []string{"a.csv", "b.csv"} {
			if err := q.Push(ctx, name); err != nil {
				t.Fatal(err)
			}
			c, err := q.Claim(ctx, "w")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Fail(ctx, queue.Failure{Reason: "bad", Kind: queue.KindMalformed, Version: "v2"}); err != nil {
				t.Fatal(err)
			}
		}
		n, err := q.Drop(ctx, queue.DeadLetter{Name: "a.csv", Version: "v2"}, queue.DeadLetter{Name: "b.csv", Version: "v1"}, queue.DeadLetter{Name: "c.csv"})
		if err != nil || n != 1 {
			t.Fatalf("dropped %d, %v; want 1", n, err)
		}
		left, err := q.DeadLetters(ctx)
		if err != nil || len(left) != 1 || left[0].Name != "b.csv" {
			t.Errorf("left: %v, %v", left, err)
		}
	})
}
