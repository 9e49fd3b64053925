package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/web/api"
)

// follow opens the stream of events and returns a function that returns the next one.
func (s *site) follow(t *testing.T, query string, headers ...string) func() cloudevents.Event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("the stream: %s %v", answer.Status, answer.Header)
	}
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != ":" { // from now on it tells all
		t.Fatalf("the stream began with %q", lines.Text())
	}
	return func() cloudevents.Event {
		t.Helper()
		id := ""
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
				id = text
			}
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var e cloudevents.Event
				if err := json.Unmarshal([]byte(text), &e); err != nil {
					t.Fatalf("%v: %s", err, text)
				}
				if e.ID() != id {
					t.Errorf("the event %s has the id %s", e.ID(), id)
				}
				return e
			}
		}
		t.Fatalf("the stream ended: %v", lines.Err())
		return cloudevents.Event{}
	}
}

// A client that lost its connection is told of what happened meanwhile, and of nothing twice.
func TestEventStreamGoesOnBehindTheLastEvent(t *testing.T) {
	s := start(t, nil)
	complete := func(name string) {
		t.Helper()
		if err := s.queue.Push(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		c, err := s.queue.Claim(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Complete(t.Context(), queue.Outcome{Result: "r-" + name}); err != nil {
			t.Fatal(err)
		}
	}
	complete("before.csv")
	next := s.follow(t, "")
	complete("a.csv")
	first := next()
	var done events.Done
	if err := first.DataAs(&done); err != nil || first.Type() != queue.TypeDone || first.Subject() != "a.csv" || done.Result != "r-a.csv" {
		t.Errorf("told %v, %v", first, err)
	}
	if e := next(); e.Type() != queue.TypeEmpty {
		t.Errorf("then told %v", e)
	}
	complete("b.csv")
	resumed := s.follow(t, "", "Last-Event-ID", first.ID())
	for _, want := range []string{queue.TypeEmpty, queue.TypeDone + " b.csv", queue.TypeEmpty} {
		if e := resumed(); strings.TrimSpace(e.Type()+" "+e.Subject()) != want {
			t.Errorf("resumed, told %v, want %s", e, want)
		}
	}
	all := s.follow(t, "?after=0&type=result.done")
	for _, want := range []string{"before.csv", "a.csv", "b.csv"} {
		if e := all(); e.Subject() != want {
			t.Errorf("told %v, want one about %s", e, want)
		}
	}
	for _, wrong := range []string{"?after=x", "?after=1-2-3", "?type=done"} {
		if r := s.get(t, "/api/v1/events"+wrong); r.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", wrong, r.Status)
		}
	}
}

func TestEventSchemas(t *testing.T) {
	s := start(t, nil)
	for _, full := range append(events.Types, events.TypeTest) {
		r := s.get(t, "/api/v1/events/schemas/"+events.ShortType(full)+".v1")
		var schema struct{ Title string }
		if err := json.Unmarshal([]byte(r.body), &schema); err != nil || schema.Title != full {
			t.Errorf("the schema of %s: %s, %v", full, r.Status, err)
		}
	}
	if r := s.get(t, "/api/v1/events/schemas/none.v1"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a schema that is not there: %s", r.Status)
	}
}

// The page and the API show how sinks do, and whoever may change things may try one.
func TestSinksAreShownAndTried(t *testing.T) {
	var code atomic.Int64
	code.Store(http.StatusNoContent)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(code.Load())) }))
	defer receiver.Close()
	config, err := events.Parse([]byte("sinks: [{name: billing, types: [result.done], files: ['*.csv'], http: {url: '" + receiver.URL + "/a-secret'}}]"))
	if err != nil {
		t.Fatal(err)
	}
	var dispatcher *events.Dispatcher
	s := start(t, func(c *web.Config) {
		if dispatcher, err = events.Open(config, c.Queue, nil, zap.NewNop()); err != nil {
			t.Fatal(err)
		}
		c.Events = dispatcher
	})
	if err := dispatcher.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); dispatcher.Run(ctx) }()
	defer func() { stop(); <-ended; dispatcher.Close() }()
	code.Store(http.StatusTeapot)
	s.sample(t)
	var sinks []api.Sink
	for len(sinks) == 0 || !sinks[0].Failing {
		s.get(t, "/api/v1/sinks").decode(t, &sinks)
	}
	if got := sinks[0]; got.Name != "billing" || got.Place != receiver.URL || got.Undelivered < 2 || got.Oldest.IsZero() || !strings.Contains(got.Error, "418") || got.Refused == 0 {
		t.Errorf("a sink that fails: %+v", got)
	}
	page := s.get(t, "/events", "Accept", asBrowser).body
	for _, text := range []string{"billing", receiver.URL, "failing", "418", "Takes result.done about *.csv.", " not yet, the oldest of ", "Send test event"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not say %q:\n%s", text, page)
		}
	}
	if times := unmarked(page); len(times) > 0 || strings.Count(page, "<time ") < 2 { // of the oldest event and of the error
		t.Errorf("times %q in\n%s", times, page)
	}
	if strings.Contains(page, "a-secret") {
		t.Error("the page shows what may be secret")
	}
	const form = "application/x-www-form-urlencoded"
	for _, try := range []struct {
		where, body, kind string
		want              int
		says              string
	}{
		{"/api/v1/sinks/billing/test", "", "", http.StatusBadGateway, "418"},
		{"/api/v1/sinks/none/test", "", "", http.StatusNotFound, ""},
		{"/events/test", "sink=billing", form, http.StatusOK, "did not take the test event"},
		{"/events/test", "sink=none", form, http.StatusNotFound, ""},
	} {
		if r := s.do(t, http.MethodPost, try.where, try.body, "Content-Type", try.kind); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a token: %s", try.where, r.Status)
		}
		if r := s.do(t, http.MethodPost, try.where, try.body, "Content-Type", try.kind, "Authorization", "Bearer "+token); r.StatusCode != try.want || !strings.Contains(r.body, try.says) {
			t.Errorf("%s: %s %s", try.where, r.Status, r.body)
		}
	}
	code.Store(http.StatusNoContent)
	if r := s.do(t, http.MethodPost, "/api/v1/sinks/billing/test", "", "Authorization", "Bearer "+token); r.StatusCode != http.StatusNoContent {
		t.Errorf("a test event that arrives: %s %s", r.Status, r.body)
	}
	if r := s.do(t, http.MethodPost, "/events/test", "sink=billing", "Content-Type", form, "Authorization", "Bearer "+token); !strings.Contains(r.body, "billing took the test event") {
		t.Errorf("a test event that arrives: %s %s", r.Status, r.body)
	}
	for sinks[0].Undelivered > 0 {
		s.get(t, "/api/v1/sinks").decode(t, &sinks)
	}
	if got := sinks[0]; got.Delivered != 2 || got.Failing {
		t.Errorf("a sink that works: %+v", got)
	}
	metrics := s.get(t, "/metrics").body
	for _, line := range []string{`csv_pipeline_events_delivered_total{sink="billing"} 2`, `csv_pipeline_events_undelivered{sink="billing"} 0`, `csv_pipeline_events_lost_total{sink="billing"} 0`} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
