package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/queue/redistest"
)

var working = regexp.MustCompile(`csv-pipeline/internal/(sweep|notification|catalog|activity|trends|web)\.`)

// stacks returns those of all goroutines.
func stacks() []string {
	all := make([]byte, 1<<20)
	return strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n")
}

// doing reports whether a goroutine's stack has all the given texts.
func doing(texts ...string) bool {
	return slices.ContainsFunc(stacks(), func(stack string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(stack, text) })
	})
}

// When the inspector has ended, nothing of it goes on: here its sweep is held by a log
// that nobody reads.
func TestNothingGoesOnAfterTheEnd(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	long := time.Now().Add(-time.Hour)
	for name, text := range map[string]string{"raw/20220101.csv": "item_id,quantity\n1,2\n", "processed/20220102_aggregated_sales.csv": "item_id,total_quantity\n1,2\n"} {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "LISTEN": "127.0.0.1:0"}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	out, in := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, nil, getenv, in, io.Discard) }()
	lines := bufio.NewScanner(out)
	var serving struct{ Address string }
	for serving.Address == "" && lines.Scan() {
		if err := json.Unmarshal(lines.Bytes(), &serving); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
	}
	for _, where := range []string{"/", "/trends", "/files/raw/", "/api/v1/status"} {
		answer, err := http.Get("http://" + serving.Address + where)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", where, answer.Status)
		}
	}

	for !doing("sweep.(*Sweeper).Once", "io.(*pipe).write") {
		runtime.Gosched()
	}
	stop()
	for waits := false; !waits; waits = doing("inspector.run(", "WaitGroup).Wait") && !doing("ops.Server.Serve") {
		select {
		case err := <-ended:
			t.Fatalf("it ended while its sweep went on: %v", err)
		default:
			runtime.Gosched()
		}
	}
	go func() {
		for lines.Scan() {
		}
	}()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for _, stack := range stacks() {
		if working.MatchString(stack) {
			t.Errorf("still at work: %s", stack)
		}
	}
}
