package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/sales"
)

// start runs standalone on a free port until stop is called, and returns its address.
func start(t *testing.T, folder string, args ...string) (address string, stop func()) {
	t.Helper()
	address, _, stop = startAndListen(t, folder, args...)
	return address, stop
}

// environment is that of the tests, without make, which may have started them.
func environment(name string) (string, bool) {
	if name == "MAKELEVEL" {
		return "", false
	}
	return os.LookupEnv(name)
}

// startAndListen returns its first lines as well.
func startAndListen(t *testing.T, folder string, args ...string) (address, said string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	var logged bytes.Buffer
	go func() {
		err := run(ctx, append([]string{"--store-url", "file://" + folder, "--listen", "127.0.0.1:0", "--settle=10ms"}, args...), environment, in, &logged)
		_ = in.Close()
		ended <- err
	}()
	lines := bufio.NewScanner(out)
	for !strings.HasPrefix(lines.Text(), "Ctrl-C") && lines.Scan() {
		said += lines.Text() + "\n"
		if _, after, ok := strings.Cut(lines.Text(), "csv-pipeline is at "); ok {
			address = after
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	if address == "" {
		t.Fatalf("it never said where it is: %v", <-ended)
	}
	return address, said, func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v\n%s", err, logged.String())
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// until asks until the answer is as it should be.
func until(t *testing.T, url string, right func(text string) bool) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if last = get(t, url); right(last) {
			return
		}
	}
	t.Fatalf("%s still answers %s", url, last)
}

func completed(want int64) func(string) bool {
	return func(text string) bool {
		var s struct{ Waiting, InFlight, Delayed, Failed, Completed int64 }
		return json.Unmarshal([]byte(text), &s) == nil && s.Completed == want && s.Waiting+s.InFlight+s.Delayed == 0
	}
}

func TestTheMainJob(t *testing.T) {
	folder := t.TempDir()
	days := int64(sales.Default().Days)
	address, stop := start(t, folder)
	until(t, address+"/api/v1/status", completed(days))

	own := filepath.Join(folder, "raw", "my own", "sales.csv")
	if err := os.MkdirAll(filepath.Dir(own), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(own, []byte("item_id,quantity\r\n7,2\r\n7,3\r\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	until(t, address+"/files/processed/my%20own/sales_aggregated_sales.csv", func(text string) bool {
		return text == "item_id,total_quantity\n7,5\n"
	})
	stop()

	address, stop = start(t, folder, "--no-demo")
	defer stop()
	until(t, address+"/api/v1/status", completed(days+1))
}

// Groups that do not fit in memory go to the temporary folder, as those of processors do.
func TestGroupsAreSpilled(t *testing.T) {
	const groups = 60_000
	input := []byte("item_id,quantity\n")
	for i := range groups {
		input = append(strconv.AppendInt(append(input, "a customer with a long name "...), int64(i), 10), ",1\n"...)
	}
	folder := t.TempDir()
	raw := filepath.Join(folder, "raw")
	if err := os.MkdirAll(raw, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(raw, "many.csv"), input, 0o666); err != nil {
		t.Fatal(err)
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(20 << 20)) // of which the groups of a file have 2 MiB
	address, stop := start(t, folder, "--no-demo")
	defer stop()
	until(t, address+"/api/v1/status", func(text string) bool {
		if strings.Contains(text, `"failed":1`) {
			t.Fatalf("the file failed: %s", get(t, address+"/api/v1/failed"))
		}
		return completed(1)(text)
	})
	if lines := strings.Count(get(t, address+"/files/processed/many_aggregated_sales.csv"), "\n"); lines != groups+1 {
		t.Errorf("the result has %d lines, want %d", lines, groups+1)
	}
}
