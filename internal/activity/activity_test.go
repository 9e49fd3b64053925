package activity

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// Compared with a queue that stores times, the waiting times are exact to one sample.
func TestArrivals(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var line arrivals
	var fifo []time.Time
	totals := map[string]int64{}
	now := time.Unix(1_700_000_000, 0)
	line.sample(now, queue.Counts{}, func(float64) { t.Error("nothing left") })
	for range 20_000 {
		now = now.Add(time.Second)
		left := 0
		var want, got []float64
		for range random.IntN(3) {
			fifo = append(fifo, now)
		}
		for len(fifo) > 0 && random.IntN(3) > 0 {
			want = append(want, now.Sub(fifo[0]).Seconds())
			fifo = fifo[1:]
			left++
		}
		totals["claimed"] += int64(left)
		line.sample(now, queue.Counts{Waiting: int64(len(fifo)), Totals: totals}, func(s float64) { got = append(got, s) })
		if len(line.steps) < maxSteps/2 && !slices.Equal(got, want) {
			t.Fatalf("the waits were %v, want %v", got, want)
		}
		oldest := time.Duration(0)
		if len(fifo) > 0 {
			oldest = now.Sub(fifo[0])
		}
		if line.oldest(now) != oldest {
			t.Fatalf("the oldest waits for %v, want %v", line.oldest(now), oldest)
		}
	}
	// Redis lost everything.
	line.sample(now, queue.Counts{Waiting: 2, Totals: map[string]int64{}}, func(float64) { t.Error("nothing left") })
	if line.oldest(now.Add(time.Minute)) != time.Minute {
		t.Error("a fresh queue has an old name")
	}
}

func TestMonitor(t *testing.T) {
	ctx := t.Context()
	q := queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	m := New(q, zap.NewNop())
	defer m.Close()
	if _, err := m.looking.Fresh(ctx); err != nil {
		t.Fatal(err)
	}
	changed, stop := m.Watch()
	defer stop()
	if err := q.Push(ctx, "a.csv", "b.csv", "c.csv"); err != nil {
		t.Fatal(err)
	}
	if v, err := m.looking.Fresh(ctx); err != nil || v.Left() != 3 || v.BatchDone != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	<-changed
	first, err := q.Claim(ctx, "w")
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Complete(ctx, queue.Outcome{Rows: 5, Bytes: 50, Took: time.Second}); err != nil {
		t.Fatal(err)
	}
	second, err := q.Claim(ctx, "w")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Retry(ctx, queue.Failure{Reason: "disk full", Kind: queue.KindError}); err != nil {
		t.Fatal(err)
	}
	v, err := m.looking.Fresh(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if v.BatchDone != 1 || v.Left() != 2 || len(v.Latest) != 1 || v.Latest[0].Name != first.Name {
		t.Errorf("%+v", v)
	}
	if h := m.History(second.Name, 10); len(h) != 1 || h[0].Reason != "disk full" {
		t.Errorf("history %+v", h)
	}
	var files, rows int64
	for _, p := range m.Throughput(time.Now(), 5) {
		files, rows = files+p.Files, rows+p.Rows
	}
	if files != 1 || rows != 5 {
		t.Errorf("throughput: %d files, %d rows", files, rows)
	}
	if v.Rate <= 0 {
		t.Error("no rate")
	}
}

// TestLastProblemIsOver once the file is done.
func TestLastProblemIsOver(t *testing.T) {
	failed, done := queue.Attempt{Name: "a.csv", Outcome: queue.AttemptError}, queue.Attempt{Name: "a.csv", Outcome: queue.AttemptDone}
	other, otherDone := queue.Attempt{Name: "b.csv", Outcome: queue.AttemptError}, queue.Attempt{Name: "b.csv", Outcome: queue.AttemptDone}
	for _, c := range []struct {
		attempts []queue.Attempt // the oldest first
		want     string
	}{
		{nil, ""},
		{[]queue.Attempt{done, otherDone}, ""},
		{[]queue.Attempt{done, failed}, "a.csv"},
		{[]queue.Attempt{failed, done}, ""},
		{[]queue.Attempt{failed, otherDone}, "a.csv"},
		{[]queue.Attempt{other, failed, done}, "b.csv"},
		{[]queue.Attempt{other, failed, done, otherDone}, ""},
	} {
		m := Monitor{attempts: c.attempts, next: len(c.attempts)}
		got := ""
		if a := m.lastProblem(); a != nil {
			got = a.Name
		}
		if got != c.want {
			t.Errorf("%+v: %q, want %q", c.attempts, got, c.want)
		}
	}
}
