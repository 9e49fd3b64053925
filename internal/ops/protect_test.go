package ops_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"csv-pipeline/internal/ops"
)

// serve serves the handler, protected, until the test ends.
func serve(t *testing.T, limit time.Duration, h http.HandlerFunc) (address string, registry *prometheus.Registry, log *observer.ObservedLogs) {
	t.Helper()
	core, log := observer.New(zap.WarnLevel)
	registry = prometheus.NewRegistry()
	l, err := ops.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server := ops.Server{Log: zap.New(core), Handler: ops.Protection{Log: zap.New(core), Registry: registry, ClientTimeout: limit}.Protect(h)}
	go func() { ended <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), registry, log
}

// send sends a request, or the beginning of one, as it is.
func send(t *testing.T, address, request string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c
}

// A panic is logged with its place and the request, counted, and answered as far as
// that is still possible.
func TestPanics(t *testing.T) {
	address, registry, log := serve(t, 0, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/late":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half of it")
			_ = http.NewResponseController(w).Flush()
		case "/abort":
			panic(http.ErrAbortHandler)
		case "/ok":
			return
		}
		w.Header().Set("Content-Length", "100")
		panic("out of luck")
	})
	get := func(path string) (*http.Response, string, error) {
		answer, err := http.Get("http://" + address + path)
		if err != nil {
			return nil, "", err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		return answer, string(text), err
	}
	answer, text, err := get("/early?secret=1")
	if err != nil || answer.StatusCode != http.StatusInternalServerError || strings.Contains(text, "out of luck") {
		t.Errorf("before anything was sent: %v, %q, %v", answer, text, err)
	}
	if _, text, err := get("/late"); err == nil {
		t.Errorf("half an answer is taken for the whole: %q", text)
	}
	if _, _, err := get("/abort"); err == nil {
		t.Error("an answer that was broken off is taken for one")
	}
	if answer, _, err := get("/ok"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("afterwards: %v, %v", answer, err)
	}
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP csv_pipeline_http_panics_total Requests that made the program panic.
# TYPE csv_pipeline_http_panics_total counter
csv_pipeline_http_panics_total 2
`)); err != nil {
		t.Error(err)
	}
	entries := log.All()
	if len(entries) != 2 {
		t.Fatalf("%d lines in the log: %v", len(entries), entries)
	}
	for i, path := range []string{"/early", "/late"} {
		fields := entries[i].ContextMap()
		if entries[i].Level != zap.ErrorLevel || fields["panic"] != "out of luck" || fields["path"] != path || fields["method"] != "GET" ||
			!strings.Contains(fmt.Sprint(fields["stack"]), "protect_test.go") {
			t.Errorf("%s: the log says %+v", path, entries[i])
		}
	}
}

// The time that the server takes is not the client's: it may read and write long after
// a client that keeps it waiting would have been cut off.
func TestSlowServer(t *testing.T) {
	proceed := make(chan struct{})
	address, _, _ := serve(t, 100*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/held" {
			_, _ = io.ReadAll(r.Body)
			return
		}
		body := make([]byte, 4)
		_, first := io.ReadFull(r.Body, body[:1])
		<-proceed
		_, rest := io.ReadFull(r.Body, body[1:])
		if first != nil || rest != nil {
			t.Errorf("the body: %v, %v", first, rest)
		}
		_, _ = w.Write(body[:1])
		_ = http.NewResponseController(w).Flush()
		<-proceed
		_, _ = w.Write(body[1:])
	})
	c := send(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
	for range 2 {
		held := send(t, address, "POST /held HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n")
		_, _ = io.ReadAll(held) // until its time was up
		proceed <- struct{}{}
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); string(text) != "body" || err != nil || answer.Close {
		t.Errorf("%q, %v, closed: %v", text, err, answer.Close)
	}
}

// A body that nobody wants is not read, whatever the client sends, and the client has
// the answer all the same.
func TestUnreadBody(t *testing.T) {
	address, _, _ := serve(t, time.Hour, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write(make([]byte, 1<<20))
		if err := r.Context().Err(); err != nil {
			t.Errorf("%s: %v, though the client is there", r.Method, err)
		}
	})
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
		"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /next HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			c := send(t, address, strings.Replace(request, "GET", method, 1))
			r := bufio.NewReader(c)
			answer, err := http.ReadResponse(r, &http.Request{Method: method})
			if err != nil {
				t.Fatalf("%q: %v", request, err)
			}
			n, err := io.Copy(io.Discard, answer.Body)
			if want := map[string]int64{"GET": 1 << 20}[method]; err != nil || n != want || !answer.Close {
				t.Errorf("%q: %d bytes, %v, closed: %v", request, n, err, answer.Close)
			}
			if rest, _ := io.ReadAll(r); len(rest) > 0 {
				t.Errorf("%q: the body was taken for a request: %.100q", request, rest)
			}
		}
	}
	sent := send(t, address, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"+strings.Repeat("x", 50000))
	answer, err := http.ReadResponse(bufio.NewReader(sent), nil)
	if err != nil || answer.StatusCode != http.StatusUnauthorized {
		t.Fatalf("half a body that nobody reads: %v, %v", answer, err)
	}
	if n, err := io.Copy(io.Discard, answer.Body); n != 1<<20 || err != nil {
		t.Errorf("half a body that nobody reads: %d bytes, %v", n, err)
	}
}
