package main

import (
	"context"
	"fmt"
	"net/http"
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
