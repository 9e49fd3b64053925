//go:build linux

package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// An inspector that is killed at any step of an event's way is followed by another one, and the sink
// gets every event, those of a file in order.
func TestEventsArriveWhereverTheirInspectorIsKilled(t *testing.T) {
	t.Parallel()
	for _, step := range []faultpoint.Step{faultpoint.EventTaken, faultpoint.EventDelivered, faultpoint.EventSettled} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			came := make(chan string, 100)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var e struct{ ID, Subject string }
				text, _ := io.ReadAll(r.Body)
				if err := json.Unmarshal(text, &e); err != nil {
					t.Errorf("%v: %q", err, text)
				}
				came <- e.Subject + " " + e.ID
			}))
			t.Cleanup(receiver.Close)
			server, folder := redistest.Start(t), t.TempDir()
			config := filepath.Join(folder, "events.yaml")
			if err := os.WriteFile(config, []byte("sinks: [{name: a, types: [result.done, file.failed], from: all, http: {url: '"+receiver.URL+"'}}]"), 0o600); err != nil {
				t.Fatal(err)
			}
			q := queue.New(server.Client(t), "csvs-to-process", queue.Options{})
			const names, each = 3, 4
			for i := range names * each {
				if err := q.Push(t.Context(), fmt.Sprintf("%d.csv", i%names)); err != nil {
					t.Fatal(err)
				}
				c, err := q.Claim(t.Context(), "w")
				if err != nil {
					t.Fatal(err)
				}
				if i%2 == 0 {
					err = c.Complete(t.Context(), queue.Outcome{})
				} else {
					_, err = c.Fail(t.Context(), queue.Failure{Kind: queue.KindError, Version: "v"})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			env := []string{"REDIS_PORT=" + strconv.Itoa(server.Port), "EVENTS_CONFIG=" + config, "LISTEN=127.0.0.1:0", "STORE_URL=file://" + folder}
			victim := start(t, folder, "inspector", append(env, "FAULTPOINT="+string(step)+"=kill"))
			if s := victim.awaitEnd(t, patience); !s.Signaled() {
				t.Fatalf("it was not killed at the step: %s", describe(s))
			}
			heir := start(t, folder, "inspector", env)
			want := map[string][]string{}
			changes, err := q.Changes(context.Background(), "0", 1000, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range changes {
				if c.Type == queue.TypeDone || c.Type == queue.TypeFailed {
					want[c.Name] = append(want[c.Name], c.Name+" "+c.ID)
				}
			}
			got, seen := map[string][]string{}, map[string]bool{}
			for len(seen) < names*each {
				select {
				case event := <-came:
					if seen[event] {
						continue // at least once
					}
					seen[event] = true
					name := event[:len("0.csv")]
					got[name] = append(got[name], event)
				case <-time.After(patience):
					t.Fatalf("%d of %d events came", len(seen), names*each)
				}
			}
			for name, events := range want {
				if !slices.Equal(got[name], events) {
					t.Errorf("about %s came %v, want %v", name, got[name], events)
				}
			}
			// An event that has come counts as delivered once the inspector has the answer, and says so.
			for deadline := time.After(patience); ; {
				states, err := q.SinkStates(context.Background(), []string{"a"})
				if err != nil || states[0].Lost != 0 {
					t.Fatalf("in the end: %+v, %v", states, err)
				}
				if states[0].Lag == 0 {
					break
				}
				select {
				case <-deadline:
					t.Fatalf("in the end: %+v", states)
				case <-time.After(10 * time.Millisecond):
				}
			}
			heir.signal(15)
			heir.awaitEnd(t, patience)
		})
	}
}
