package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/queue"
)

// The status says in a word what the pipeline does, and what is stuck and where to look.
func TestStatusSaysWhatIsStuck(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	files := catalog.New(filestore.Store(store))
	defer files.Close()
	none, err := files.Recent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1_700_000_000, 0)
	lease := queue.Lease{Name: "a.csv", Worker: "w1"}
	for what, c := range map[string]struct {
		counts   queue.Counts
		view     activity.View
		activity string
		stuck    []string
	}{
		"nothing to do":                 {queue.Counts{}, activity.View{}, ActivityIdle, nil},
		"nothing to do, after hours":    {queue.Counts{Failed: 3}, activity.View{LastClaim: now.Add(-9 * time.Hour)}, ActivityIdle, nil},
		"a pod starts":                  {queue.Counts{Waiting: 2}, activity.View{OldestWaiting: time.Minute}, ActivityWaiting, nil},
		"a worker works":                {queue.Counts{Waiting: 2, InFlight: 1}, activity.View{OldestWaiting: time.Hour, Leases: []queue.Lease{lease}, Renewed: map[string]time.Time{"a.csv": now.Add(-time.Second)}}, ActivityWorking, nil},
		"a worker is between two":       {queue.Counts{Waiting: 2}, activity.View{OldestWaiting: time.Hour, LastClaim: now.Add(-time.Second), Rate: 1}, ActivityWorking, nil},
		"workers have ended":            {queue.Counts{Waiting: 2}, activity.View{OldestWaiting: 20 * time.Second, LastClaim: now.Add(-20 * time.Second), Rate: 1}, ActivityWaiting, nil},
		"no processor":                  {queue.Counts{Waiting: 2}, activity.View{OldestWaiting: 5 * time.Minute, LastClaim: now.Add(-time.Hour)}, ActivityStuck, []string{"no-processor 300 5 min KEDA"}},
		"no processor since we look":    {queue.Counts{Waiting: 2}, activity.View{OldestWaiting: 5 * time.Minute}, ActivityStuck, []string{"no-processor 300 5 min KEDA"}},
		"a worker is not heard of":      {queue.Counts{InFlight: 1}, activity.View{Leases: []queue.Lease{lease}, Renewed: map[string]time.Time{"a.csv": now.Add(-4 * time.Minute)}}, ActivityStuck, []string{"silent-worker 240 4 min w1"}},
		"only a retry is due some time": {queue.Counts{Delayed: 1}, activity.View{}, ActivityWaiting, nil},
	} {
		c.view.At, c.view.Counts = now, c.counts
		st := NewStatus(none, &c.view)
		if st.Activity != c.activity || len(st.Stuck) != len(c.stuck) {
			t.Errorf("%s: %s %+v, want %s", what, st.Activity, st.Stuck, c.activity)
			continue
		}
		for i, want := range c.stuck {
			words := strings.SplitN(want, " ", 3)
			is := st.Stuck[i]
			if got := fmt.Sprintf("%s %.0f", is.What, is.Seconds); got != words[0]+" "+words[1] {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
			span, word := words[2][:5], words[2][6:]
			if !strings.Contains(is.Text, span) || !strings.Contains(is.Text, word) {
				t.Errorf("%s: %q does not name %s and %s", what, is.Text, span, word)
			}
		}
	}
}

// A life is in the order of time, and what is not recorded has none.
func TestLife(t *testing.T) {
	at := func(minute int) time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(minute) * time.Minute).UTC()
	}
	lease := &queue.Lease{Worker: "w3", Claimed: at(9), Rows: 5}
	for what, c := range map[string]struct {
		modified time.Time
		attempts []queue.Attempt
		state    string
		standing queue.Standing
		lease    *queue.Lease
		want     string
	}{
		"waits":     {at(1), nil, StateWaiting, queue.Standing{}, nil, "1 modified; - waiting"},
		"done":      {at(1), []queue.Attempt{{Outcome: "done", At: at(5), Seconds: 60, Worker: "w2"}, {Outcome: "error", At: at(3), Seconds: 60, Worker: "w1"}}, StateDone, queue.Standing{}, nil, "1 modified; 2 claimed w1; 3 error w1; 4 claimed w2; 5 done w2 r.csv"},
		"replaced":  {at(7), []queue.Attempt{{Outcome: "done", At: at(5), Seconds: 60, Worker: "w2"}}, StateInFlight, queue.Standing{InFlight: true}, lease, "4 claimed w2; 5 done w2 r.csv; 7 modified; 9 claimed w3"},
		"failed":    {at(1), []queue.Attempt{{Outcome: "crash", At: at(3), Worker: "w1"}}, StateFailed, queue.Standing{Failed: &queue.DeadLetter{At: at(3)}}, nil, "1 modified; 3 claimed w1; 3 crash w1; 3 failed"},
		"retrying":  {at(1), nil, StateRetrying, queue.Standing{Delayed: at(20)}, nil, "1 modified; 20 retry"},
		"no source": {time.Time{}, []queue.Attempt{{Outcome: "done", At: at(3), Worker: "w1"}}, "", queue.Standing{}, nil, "3 claimed w1; 3 done w1 r.csv"},
	} {
		got := []string{}
		for _, e := range NewLife(c.modified, c.attempts, c.state, c.standing, c.lease, "r.csv") {
			when := "-"
			if !e.At.IsZero() {
				when = fmt.Sprint(int(e.At.Sub(at(0)).Minutes()))
			}
			got = append(got, strings.TrimSpace(strings.Join(strings.Fields(when+" "+e.What+" "+e.Worker+" "+e.File), " ")))
		}
		if text := strings.Join(got, "; "); text != c.want {
			t.Errorf("%s: %s, want %s", what, text, c.want)
		}
	}
}
