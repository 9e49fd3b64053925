package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// readsTrends is in the stack of a goroutine that reads results for the page of trends.
var readsTrends = regexp.MustCompile(`trends\.\(\*reader\)\.result`)

var working = regexp.MustCompile(`csv-pipeline/internal/(sweep|catalog|activity|trends|web|worker)\.`)

// stack returns that of a goroutine which is in a matching function; "" if there is none.
func stack(of *regexp.Regexp) string {
	all := make([]byte, 1<<20)
	for one := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
		if of.MatchString(one) {
			return one
		}
	}
	return ""
}

// TestNothingReadsTheStoreAfterTheEnd: it ends while results are read for a page that nobody
// waits for any more.
func TestNothingReadsTheStoreAfterTheEnd(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "processed"), 0o777); err != nil {
		t.Fatal(err)
	}
	text := "item_id,total_quantity\n" + strings.Repeat("1,2\n", 100_000)
	first := filepath.Join(folder, "processed", "20220101_aggregated_sales.csv")
	if err := os.WriteFile(first, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 { // reading them takes seconds
		if err := os.Link(first, filepath.Join(folder, "processed", fmt.Sprintf("20220101-%d_aggregated_sales.csv", i))); err != nil {
			t.Fatal(err)
		}
	}
	address, stop := start(t, folder, "--no-demo")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/trends", nil)
	if err != nil {
		t.Fatal(err)
	}
	left := make(chan struct{})
	go func() {
		defer close(left)
		answer, err := http.DefaultClient.Do(request)
		if err == nil {
			_ = answer.Body.Close()
		}
	}()
	for stack(readsTrends) == "" {
		select {
		case <-left:
			t.Fatal("the page was there before any result was read")
		default:
			runtime.Gosched()
		}
	}
	leave()
	<-left
	stop()
	if at := stack(working); at != "" {
		t.Errorf("still at work: %s", at)
	}
}

// TestAllIsToldBeforeTheEnd: it ends while files are processed, and whoever is told of results is
// told of each that there is.
func TestAllIsToldBeforeTheEnd(t *testing.T) {
	told := make(chan string, 1000)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct{ Subject string }
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			t.Error(err)
		}
		told <- event.Subject
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()
	away := httptest.NewServer(http.NotFoundHandler())
	away.Close()
	folder := t.TempDir()
	config := filepath.Join(t.TempDir(), "events.yaml")
	text := fmt.Sprintf("sinks:\n- name: here\n  http: {url: %q}\n- name: away\n  http: {url: %q}\n", receiver.URL, away.URL)
	if err := os.WriteFile(config, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	_, stop := start(t, folder, "--events-config", config)
	subjects := map[string]bool{<-told: true}
	stop()
	close(told)
	for subject := range told {
		subjects[subject] = true
	}
	results, err := filepath.Glob(filepath.Join(folder, "processed", "*.csv"))
	if err != nil || len(results) == 0 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, result := range results {
		if name := strings.TrimSuffix(filepath.Base(result), "_aggregated_sales.csv") + ".csv"; !subjects[name] {
			t.Errorf("nobody was told of %s", name)
		}
	}
}
