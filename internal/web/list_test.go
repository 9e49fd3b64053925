package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestListing(t *testing.T) {
	s := start(t, nil)
	var want []string
	for i := range 2345 {
		name := fmt.Sprintf("%d/%04d.csv", i%3, i)
		s.put(t, name, strings.Repeat("x", i%7))
		want = append(want, name)
	}
	type file struct {
		Name  string
		Size  int64
		State string
	}
	var all []file
	s.get(t, "/files/raw/?format=json").decode(t, &all)
	if len(all) != len(want) {
		t.Fatalf("%d files, want %d", len(all), len(want))
	}
	seen := map[string]bool{}
	for where := "/api/v1/files/raw?limit=100&sort=size&order=desc"; where != ""; {
		r := s.get(t, where)
		var page []file
		r.decode(t, &page)
		for i, f := range page {
			if seen[f.Name] || i > 0 && f.Size > page[i-1].Size || f.State != "waiting" {
				t.Fatalf("%+v after %+v", f, page[max(0, i-1)])
			}
			seen[f.Name] = true
		}
		where = ""
		for _, link := range r.Header.Values("Link") {
			if address, ok := strings.CutSuffix(link, `>; rel="next"`); ok {
				where = "/api/v1/files/raw" + strings.TrimPrefix(address, "<")
			}
		}
	}
	if len(seen) != len(want) {
		t.Errorf("paging shows %d files, want %d", len(seen), len(want))
	}
	var some []file
	s.get(t, "/files/raw/?format=json&folder=1&q=00&sha256=1&limit=5").decode(t, &some)
	for _, f := range some {
		if !strings.HasPrefix(f.Name, "1/") || !strings.Contains(f.Name, "00") {
			t.Errorf("%s is not asked for", f.Name)
		}
	}
	for _, bad := range []string{"sort=x", "order=up", "limit=0", "limit=x", "offset=-1", "state=x", "sha256=1"} {
		if r := s.get(t, "/files/raw/?format=json&"+bad); r.StatusCode != http.StatusBadRequest || r.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", bad, r.Status, r.Header.Get("Content-Type"))
		}
	}
}

// The status counts raw files as completed: a result whose raw file was removed or replaced
// does not count.
func TestStatusCountsRawFiles(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if err := os.Remove(filepath.Join(s.folder, "raw", "2022", "02.csv")); err != nil {
		t.Fatal(err)
	}
	check := func(completed, raw, processed, pending int) {
		t.Helper()
		if _, err := s.files.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got struct{ Completed, Raw, Processed, Pending, Failed int }
		s.get(t, "/api/v1/status").decode(t, &got)
		if got.Completed != completed || got.Raw != raw || got.Processed != processed || got.Pending != pending || got.Failed != 2 {
			t.Errorf("%+v", got)
		}
	}
	check(1, 3, 2, 2)
	if page := s.get(t, "/", "Accept", asBrowser).body; !strings.Contains(page, "1 file is done, 2 failed.") {
		t.Errorf("the page says\n%s", page)
	}
	s.put(t, "20220101.csv", "item_id,quantity\n1,1\n")
	check(0, 3, 2, 3)
}

// A client of the event stream is sent each change.
func TestEvents(t *testing.T) {
	s := start(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/status/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := s.queue.Push(t.Context(), "a.csv"); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(said.String(), `"waiting":1`) {
		n, err := answer.Body.Read(buffer)
		if err != nil {
			t.Fatalf("%v after %q", err, said.String())
		}
		said.Write(buffer[:n])
	}
}
