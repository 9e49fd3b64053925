package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// An inspector tells the sinks of its configuration what happened, also before it came and since the
// sink began; it refuses a configuration that is wrong.
func TestSinksAreTold(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	arrived := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- r.Header.Get("Ce-Type") + " " + r.Header.Get("Ce-Subject") + " " + r.Header.Get("Ce-Source")
	}))
	defer receiver.Close()
	config := filepath.Join(folder, "events.yaml")
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder,
		"LISTEN": "127.0.0.1:0", "EVENTS_CONFIG": config}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sinks: [{name: a, http: {url: '" + receiver.URL + "', mode: both}}]")
	err := run(t.Context(), nil, getenv, io.Discard, io.Discard)
	var wrong *cli.UsageError
	if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "EVENTS_CONFIG") || !strings.Contains(err.Error(), `sinks[0].http.mode: "both"`) {
		t.Errorf("a wrong configuration: %v", err)
	}
	write("sinks: [{name: a, datasets: [none], http: {url: '" + receiver.URL + "'}}]")
	if err := run(t.Context(), nil, getenv, io.Discard, io.Discard); !errors.As(err, &wrong) || !strings.Contains(err.Error(), `sinks[0].datasets: there is no dataset "none"`) {
		t.Errorf("a dataset that is not there: %v", err)
	}
	write("sinks: [{name: a, from: all, types: [result.done], http: {url: '" + receiver.URL + "', mode: binary}}]")
	q := queue.New(server.Client(t), "csvs-to-process", queue.Options{})
	if err := q.Push(t.Context(), "a.csv"); err != nil {
		t.Fatal(err)
	}
	c, err := q.Claim(t.Context(), "w")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Complete(t.Context(), queue.Outcome{}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, nil, getenv, io.Discard, io.Discard) }()
	if got, want := <-arrived, queue.TypeDone+" a.csv /csv-pipeline/csvs-to-process"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("told to stop, it ended with %v", err)
	}
}
