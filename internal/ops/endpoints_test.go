package ops_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/ops"
)

// TestEndpointsSayHowItIs: /healthz and /readyz are 503 with a reason when all is not well.
func TestEndpointsSayHowItIs(t *testing.T) {
	broken := errors.New("the disk is on fire")
	var alive, ready error
	mux := http.NewServeMux()
	ops.Endpoints(mux, ops.NewRegistry("test"), func(context.Context) error { return alive }, func(context.Context) error { return ready })
	server := httptest.NewServer(mux)
	defer server.Close()
	get := func(path string) (int, string) {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text)
	}
	address := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		alive, ready    error
		healthz, readyz int
	}{{nil, nil, 200, 200}, {nil, broken, 200, 503}, {broken, nil, 503, 200}} {
		alive, ready = c.alive, c.ready
		for path, want := range map[string]int{"/healthz": c.healthz, "/readyz": c.readyz, "/metrics": 200} {
			code, text := get(path)
			if code != want || strings.Contains(text, broken.Error()) != (code == 503) {
				t.Errorf("alive %v, ready %v: %s: %d %s", c.alive, c.ready, path, code, text)
			}
		}
		if err := ops.Healthcheck(t.Context(), address); (err != nil) != (c.alive != nil) || err != nil && !strings.Contains(err.Error(), broken.Error()) {
			t.Errorf("alive %v: the health check says %v", c.alive, err)
		}
	}
	if _, text := get("/metrics"); !strings.Contains(text, `csv_pipeline_build_info{service="test",version="dev"} 1`) {
		t.Errorf("the version is not among the metrics:\n%s", text)
	}
	server.Close()
	if err := ops.Healthcheck(t.Context(), address); err == nil {
		t.Error("the health check finds a server that is gone")
	}
}

func TestPulse(t *testing.T) {
	p := ops.Pulse{Timeout: time.Hour}
	if err := p.Alive(t.Context()); err == nil {
		t.Error("it is alive without a beat")
	}
	p.Beat()
	if err := p.Alive(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestServeFinishesRequests that are under way when it is told to stop.
func TestServeFinishesRequests(t *testing.T) {
	l, err := ops.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ops.Listen(l.Addr().String()); err == nil || !strings.Contains(err.Error(), "another program listens there") {
		t.Errorf("twice on one port: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	begun, finish := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-finish
		if r.Context().Err() != nil {
			t.Errorf("the request was cancelled: %v", r.Context().Err())
		}
		_, _ = io.WriteString(w, "all of it")
	})
	ended := make(chan error, 1)
	go func() { ended <- ops.Server{Handler: handler, Log: zap.NewNop()}.Serve(ctx, l) }()
	answer := make(chan string, 1)
	go func() {
		r, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer r.Body.Close()
		text, _ := io.ReadAll(r.Body)
		answer <- string(text)
	}()
	<-begun
	stop()
	for { // until it takes nobody any more
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			break
		}
		_ = c.Close()
	}
	close(finish)
	if got := <-answer; got != "all of it" {
		t.Errorf("the answer is %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
