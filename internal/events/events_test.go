package events_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/redis/go-redis/v9"
	"github.com/santhosh-tekuri/jsonschema/v6"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/events/schema"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

const list = "csvs-to-process"

// onBoth runs a test on a real Redis and on the embedded one.
func onBoth(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Run("redis-server", func(t *testing.T) { test(t, redistest.Start(t).Client(t)) })
	t.Run("embedded", func(t *testing.T) { test(t, redistest.Embedded(t)) })
}

// receiver is a real HTTP server that keeps the events that it took.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	got      []cloudevents.Event
	headers  []http.Header
	bodies   [][]byte
	answer   func(cloudevents.Event) int // 0: 204
	received chan struct{}
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{received: make(chan struct{}, 100_000)}
	r.Server = httptest.NewServer(r.handler(t))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) handler(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		e, err := cehttp.NewEventFromHTTPRequest(req)
		if err != nil {
			t.Errorf("what came is no CloudEvent: %v: %q", err, body)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		code := http.StatusNoContent
		if r.answer != nil {
			if answer := r.answer(*e); answer != 0 {
				code = answer
			}
		}
		w.WriteHeader(code)
		if code/100 == 2 {
			r.got, r.headers, r.bodies = append(r.got, *e), append(r.headers, req.Header), append(r.bodies, body)
			r.received <- struct{}{}
		}
	})
}

// wait returns the events when there are n.
func (r *receiver) wait(t *testing.T, n int) []cloudevents.Event {
	t.Helper()
	for deadline := time.After(60 * time.Second); ; {
		r.mu.Lock()
		got := slices.Clone(r.got)
		r.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-r.received:
		case <-deadline:
			t.Fatalf("%d events came, want %d: %v", len(got), n, got)
		}
	}
}

// start runs a dispatcher until the test, or the call of stop, ends it.
func start(t *testing.T, q *queue.Queue, config string) (d *events.Dispatcher, stop func()) {
	t.Helper()
	c, err := events.Parse([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	d, err = events.Open(c, q, dataset, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.Hurry()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { d.Run(ctx) })
	stop = sync.OnceFunc(func() {
		cancel()
		group.Wait()
		d.Close()
	})
	t.Cleanup(stop)
	return d, stop
}

func dataset(name string) string {
	if strings.HasPrefix(name, "bank-") {
		return "bank"
	}
	return ""
}

// do pushes a name and claims it.
func do(t *testing.T, q *queue.Queue, name string) *queue.Claim {
	t.Helper()
	if err := q.Push(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	c, err := q.Claim(t.Context(), "w1")
	if err != nil || c.Name != name {
		t.Fatalf("claimed %+v, %v; want %s", c, err, name)
	}
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// everything makes a change of each type happen.
func everything(t *testing.T, q *queue.Queue) {
	t.Helper()
	ctx := t.Context()
	must(t, do(t, q, "done.csv").Complete(ctx, queue.Outcome{Rows: 7, Bytes: 70, Took: 1500 * time.Millisecond, Checksum: "abc", Result: "done_aggregated_sales.csv", Found: `delimiter ";"`}))
	fail := func() {
		t.Helper()
		c, err := q.Claim(ctx, "w1")
		must(t, err)
		_, err = c.Fail(ctx, queue.Failure{Reason: "bank-a.csv:17: quantity: \"x\" is not a number", Kind: queue.KindMalformed, Version: "v1",
			Settings: "s1", Place: queue.Place{Line: 17, Column: "quantity", Field: "x"}})
		must(t, err)
	}
	must(t, q.Push(ctx, "bank-a.csv"))
	fail()
	_, err := q.Requeue(ctx, "bank-a.csv")
	must(t, err)
	fail()
	letters, err := q.DeadLetters(ctx)
	must(t, err)
	_, err = q.Mend(ctx, []queue.Remedy{{DeadLetter: letters[0], Settings: "s2"}})
	must(t, err)
	fail()
	_, err = q.Offer(ctx, []queue.Offer{{Name: "bank-a.csv", Version: "v2"}})
	must(t, err)
	fail()
	must(t, q.Push(ctx, "bank-a.csv"))
	fail()
	_, err = q.Enqueue(ctx, []string{"bank-a.csv"}, false)
	must(t, err)
	fail()
	_, err = q.Drop(ctx, queue.DeadLetter{Name: "bank-a.csv", Version: "v1"})
	must(t, err)
	must(t, q.Push(ctx, "bank-a.csv"))
	fail()
	letters, err = q.DeadLetters(ctx)
	must(t, err)
	_, err = q.Withdraw(ctx, letters)
	must(t, err)
	must(t, q.Push(ctx, "waits.csv"))
	must(t, q.TellStuck(ctx, 0))
	must(t, q.TellStuck(ctx, 0))
	must(t, q.TellStuck(ctx, 0)) // told once
	c, err := q.Claim(ctx, "w1")
	must(t, err)
	must(t, c.Complete(ctx, queue.Outcome{Result: "waits_aggregated_sales.csv"}))
}

// What everything tells, as type and file.
var everythingTold = []string{
	"result.done done.csv", "queue.empty",
	"file.failed bank-a.csv", "queue.empty", "file.retried bank-a.csv person",
	"file.failed bank-a.csv", "queue.empty", "file.retried bank-a.csv settings",
	"file.failed bank-a.csv", "queue.empty", "file.retried bank-a.csv changed",
	"file.failed bank-a.csv", "queue.empty", "file.retried bank-a.csv pushed",
	"file.failed bank-a.csv", "queue.empty", "file.retried bank-a.csv person",
	"file.failed bank-a.csv", "queue.empty", "file.dropped bank-a.csv person",
	"file.failed bank-a.csv", "queue.empty", "file.dropped bank-a.csv outdated",
	"queue.stuck", "result.done waits.csv", "queue.empty",
}

func told(t *testing.T, all []cloudevents.Event) (lines []string) {
	t.Helper()
	for _, e := range all {
		var moved events.Moved
		must(t, e.DataAs(&moved))
		cause := moved.Cause
		lines = append(lines, strings.Join(strings.Fields(events.ShortType(e.Type())+" "+e.Subject()+" "+cause), " "))
	}
	return lines
}

// of leaves those lines that are about a file, or about none.
func of(lines []string, file string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(l string) bool {
		words := strings.Fields(l)
		return file == "" && len(words) > 1 || file != "" && (len(words) < 2 || words[1] != file)
	})
}

// Each event has the schema that docs/events.md promises, in both modes, and arrives in order for its file.
func TestEveryEventArrivesInOrderAndKeepsToItsSchema(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		structured, binary := receive(t), receive(t)
		d, _ := start(t, q, fmt.Sprintf(`{sinks: [{name: structured, http: {url: %q}}, {name: binary, http: {url: %q, mode: binary, parallel: 1}}]}`, structured.URL, binary.URL))
		everything(t, q)
		for _, r := range []*receiver{structured, binary} {
			all := r.wait(t, len(everythingTold))
			for _, file := range []string{"done.csv", "bank-a.csv", "waits.csv", ""} {
				if got, want := of(told(t, all), file), of(everythingTold, file); !slices.Equal(got, want) {
					t.Errorf("about %q came\n%q\nwant\n%q", file, got, want)
				}
			}
			checkSchema(t, all)
		}
		if known, err := d.Test(t.Context(), "structured"); !known || err != nil {
			t.Errorf("a test: %v, %v", known, err)
		}
		checkSchema(t, structured.wait(t, len(everythingTold)+1)[len(everythingTold):])
		const odd = "Zürich \"a\" 100%.csv"
		must(t, do(t, q, odd).Complete(t.Context(), queue.Outcome{}))
		if all := structured.wait(t, len(everythingTold)+3); !slices.ContainsFunc(all, func(e cloudevents.Event) bool { return e.Subject() == odd }) {
			t.Errorf("about %s came %v", odd, all)
		}
		binary.wait(t, len(everythingTold)+2)
		binary.mu.Lock()
		defer binary.mu.Unlock()
		if !slices.ContainsFunc(binary.headers, func(h http.Header) bool { return h.Get("Ce-Subject") == "Z%C3%BCrich%20%22a%22%20100%25.csv" }) {
			t.Errorf("in binary mode the subject of %s is not escaped as CloudEvents say", odd)
		}
		if !strings.HasPrefix(structured.headers[0].Get("Content-Type"), "application/cloudevents+json") || binary.headers[0].Get("Ce-Type") == "" {
			t.Errorf("headers: %v, %v", structured.headers[0], binary.headers[0])
		}
		var done events.Done
		must(t, binary.got[slices.IndexFunc(binary.got, func(e cloudevents.Event) bool { return e.Subject() == "done.csv" })].DataAs(&done))
		if want := (events.Done{File: "done.csv", Result: "done_aggregated_sales.csv", Rows: 7, Bytes: 70, Seconds: 1.5, Checksum: "abc", Worker: "w1", Found: `delimiter ";"`}); done != want {
			t.Errorf("done: %+v, want %+v", done, want)
		}
		var failed events.Failed
		must(t, binary.got[slices.IndexFunc(binary.got, func(e cloudevents.Event) bool { return e.Type() == queue.TypeFailed })].DataAs(&failed))
		if failed.Dataset != "bank" || failed.Line != 17 || failed.Column != "quantity" || failed.Field != "x" || failed.Version != "v1" || failed.Errors != 1 {
			t.Errorf("failed: %+v", failed)
		}
	})
}

func checkSchema(t *testing.T, all []cloudevents.Event) {
	t.Helper()
	if len(schema.Names()) != len(events.Types)+1 {
		t.Errorf("there are schemas of %v", schema.Names())
	}
	for _, e := range all {
		text, ok := schema.Of(events.ShortType(e.Type()) + ".v1")
		if !ok {
			t.Fatalf("no schema of %s", e.Type())
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		must(t, err)
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		must(t, compiler.AddResource("event.json", document))
		compiled, err := compiler.Compile("event.json")
		must(t, err)
		written, err := json.Marshal(e)
		must(t, err)
		read, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
		must(t, err)
		if err := compiled.Validate(read); err != nil {
			t.Errorf("%s: %v", written, err)
		}
		// A property that no schema names is one that nobody has promised.
		var promised struct {
			Properties struct {
				Data struct {
					Properties map[string]any
				}
			}
		}
		must(t, json.Unmarshal(text, &promised))
		var data map[string]any
		must(t, e.DataAs(&data))
		for key := range data {
			if _, ok := promised.Properties.Data.Properties[key]; !ok {
				t.Errorf("%s has %s, which its schema does not name", e.Type(), key)
			}
		}
	}
}

func TestSignatureAndToken(t *testing.T) {
	q := queue.New(redistest.Start(t).Client(t), list, queue.Options{})
	folder := t.TempDir()
	secret, token := filepath.Join(folder, "secret"), filepath.Join(folder, "token")
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	must(t, os.WriteFile(secret, []byte(key+"\n"), 0o600))
	must(t, os.WriteFile(token, []byte("let-me-in\n"), 0o600))
	r := receive(t)
	for _, mode := range []string{"structured", "binary"} {
		start(t, q, fmt.Sprintf(`{sinks: [{name: %s, types: [result.done], http: {url: %q, mode: %s, signingSecretFile: %q, tokenFile: %q}}]}`, mode, r.URL, mode, secret, token))
	}
	must(t, do(t, q, "a.csv").Complete(t.Context(), queue.Outcome{Result: "a_aggregated_sales.csv"}))
	all := r.wait(t, 2)
	checker, err := standardwebhooks.NewWebhook(key)
	must(t, err)
	for i, e := range all {
		if err := checker.Verify(r.bodies[i], r.headers[i]); err != nil {
			t.Errorf("the signature: %v", err)
		}
		if err := checker.Verify(append([]byte(" "), r.bodies[i]...), r.headers[i]); err == nil {
			t.Error("another body has the same signature")
		}
		if got := r.headers[i].Get("Authorization"); got != "Bearer let-me-in" || r.headers[i].Get("Webhook-Id") != e.ID() {
			t.Errorf("Authorization: %q, Webhook-Id: %q", got, r.headers[i].Get("Webhook-Id"))
		}
	}
}

func TestCertificateIsChecked(t *testing.T) {
	q := queue.New(redistest.Start(t).Client(t), list, queue.Options{})
	r := &receiver{received: make(chan struct{}, 10)}
	r.Server = httptest.NewTLSServer(r.handler(t))
	t.Cleanup(r.Close)
	ca := filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, pemOf(r.Certificate().Raw), 0o600))
	d, _ := start(t, q, fmt.Sprintf(`{sinks: [{name: trusted, http: {url: %q, caFile: %q}}, {name: unknown, http: {url: %q}}]}`, r.URL, ca, r.URL))
	if _, err := d.Test(t.Context(), "trusted"); err != nil {
		t.Error(err)
	}
	if _, err := d.Test(t.Context(), "unknown"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody trusts: %v", err)
	}
	if known, _ := d.Test(t.Context(), "none"); known {
		t.Error("a sink that does not exist is known")
	}
}

func TestFilters(t *testing.T) {
	q := queue.New(redistest.Start(t).Client(t), list, queue.Options{})
	sinks := map[string]string{
		"types": "types: [file.failed, io.github.csv-pipeline.queue.empty.v1]", "datasets": "datasets: [bank]",
		"files": "files: ['w*.csv', '2022/*']",
	}
	receivers := map[string]*receiver{}
	var specs []string
	for name, filter := range sinks {
		receivers[name] = receive(t)
		specs = append(specs, fmt.Sprintf("{name: %s, %s, http: {url: %q}}", name, filter, receivers[name].URL))
	}
	d, _ := start(t, q, "{sinks: ["+strings.Join(specs, ", ")+"]}")
	everything(t, q)
	for name, wanted := range map[string]func(string) bool{
		"types":    func(l string) bool { return strings.HasPrefix(l, "file.failed") || l == "queue.empty" },
		"datasets": func(l string) bool { return strings.Contains(l, "bank-a.csv") },
		"files":    func(l string) bool { return strings.Contains(l, "waits.csv") },
	} {
		want := slices.DeleteFunc(slices.Clone(everythingTold), func(l string) bool { return !wanted(l) })
		receivers[name].wait(t, len(want))
		settled(t, d)
		got := told(t, receivers[name].wait(t, len(want)))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: came\n%q\nwant\n%q", name, got, want)
		}
	}
}

// settled waits until no sink lags.
func settled(t *testing.T, d *events.Dispatcher) []events.Status {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		all, err := d.Sinks(t.Context())
		must(t, err)
		if !slices.ContainsFunc(all, func(s events.Status) bool { return s.Lag > 0 }) {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("sinks lag: %+v", all)
		}
	}
}

// The results of one pipeline are what waits in the next one, on the same Redis and on another.
func TestResultsFeedTheNextList(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, list, queue.Options{})
		other := redistest.Start(t)
		there := queue.New(other.Client(t), "next", queue.Options{})
		here := queue.New(rdb, "next", queue.Options{})
		d, _ := start(t, q, fmt.Sprintf(`
sinks:
  - {name: here, redis: {list: next}}
  - {name: there, redis: {url: "redis://%s:%d", list: next}}
  - {name: stream, redis: {stream: told}}
`, other.Host, other.Port))
		everything(t, q)
		settled(t, d)
		for _, next := range []*queue.Queue{here, there} {
			for _, want := range []string{"done_aggregated_sales.csv", "waits_aggregated_sales.csv"} {
				c, err := next.Claim(t.Context(), "w2")
				if err != nil || c.Name != want {
					t.Fatalf("claimed %+v, %v; want %s", c, err, want)
				}
			}
			if c, err := next.Claim(t.Context(), "w2"); err == nil {
				t.Errorf("%s came, too", c.Name)
			}
		}
		entries, err := rdb.XRange(t.Context(), "told", "-", "+").Result()
		must(t, err)
		var all []cloudevents.Event
		for _, m := range entries {
			var e cloudevents.Event
			must(t, json.Unmarshal([]byte(m.Values["event"].(string)), &e))
			if e.Type() != m.Values["type"] || e.Subject() != m.Values["subject"] {
				t.Errorf("the entry %v is not about its event", m.Values)
			}
			all = append(all, e)
		}
		checkSchema(t, all)
		got := told(t, all)
		if want := of(everythingTold, "bank-a.csv"); len(got) != len(everythingTold) || !slices.Equal(of(got, "bank-a.csv"), want) {
			t.Errorf("the stream has\n%q\nwant\n%q", got, everythingTold)
		}
		for _, name := range []string{"here", "there", "stream"} {
			if _, err := d.Test(t.Context(), name); err != nil {
				t.Errorf("a test of %s: %v", name, err)
			}
		}
		if n, err := there.Depth(t.Context()); n != 0 || err != nil {
			t.Errorf("a test made %d names wait: %v", n, err)
		}
	})
}
