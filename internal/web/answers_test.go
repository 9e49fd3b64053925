package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// TestStatus: the answer begins as in the README.
func TestStatus(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if got, want := s.get(t, "/api/v1/status").body, `{"waiting":0,"inFlight":0,"delayed":0,"failed":2,"completed":2,`; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
}

// TestTrendsInEveryFormat compares the numbers in all formats.
func TestTrendsInEveryFormat(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	const where = "/trends?from=2022-01-01&to=2022-01-31&step=month&format="
	for format, want := range map[string]struct{ kind, text string }{
		"csv":  {"text/csv; charset=utf-8", "month,1,2\n2022-01-01,10,5\n"},
		"svg":  {"image/svg+xml", "<svg"},
		"json": {"application/json", `"total":"10"`},
	} {
		r := s.get(t, where+format)
		for strings.Contains(r.body, `"read":`) { // the results are still being read
			r = s.get(t, where+format)
		}
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != want.kind || !strings.Contains(r.body, want.text) {
			t.Errorf("%s: %s, %s: %s", format, r.Status, r.Header.Get("Content-Type"), r.body)
		}
	}
	if r := s.get(t, where+"xml"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("another format: %s", r.Status)
	}
}

// TestPagesOfACollection: each page has the total number and links to its neighbours.
func TestPagesOfACollection(t *testing.T) {
	s := start(t, nil)
	for i := range 7 {
		s.put(t, fmt.Sprintf("%d.csv", i), "item,quantity\n1,2\n") // no column item_id
	}
	s.work(t)
	for _, where := range []string{"/api/v1/files/raw", "/files/raw/", "/api/v1/failed"} {
		r := s.get(t, where+"?format=json&limit=3&offset=3")
		links := strings.Join(r.Header.Values("Link"), " ")
		if r.Header.Get("X-Total-Count") != "7" || !strings.Contains(links, `offset=6>; rel="next"`) || !strings.Contains(links, `offset=0>; rel="prev"`) || !strings.HasPrefix(r.body, "[") {
			t.Errorf("%s: %v %s", where, r.Header, r.body)
		}
	}
}

// TestZstandard: pages are compressed for clients that accept zstd; files are sent as they are.
func TestZstandard(t *testing.T) {
	s := start(t, nil)
	text := strings.Repeat("a,b\n", 1000)
	s.put(t, "1.csv", text)
	for _, accepted := range []string{"zstd", "gzip, zstd"} {
		r := s.get(t, "/files/raw/1.csv", "Accept", asBrowser, "Accept-Encoding", accepted)
		if r.Header.Get("Content-Encoding") != "zstd" {
			t.Errorf("for %q: %q", accepted, r.Header.Get("Content-Encoding"))
			continue
		}
		d, err := zstd.NewReader(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		if _, err := d.WriteTo(&page); err != nil || !strings.Contains(page.String(), "</html>") {
			t.Errorf("unpacked: %v, %.200s", err, page.String())
		}
		d.Close()
	}
	if r := s.get(t, "/files/raw/1.csv", "Accept-Encoding", "gzip, zstd"); r.Header.Get("Content-Encoding") != "" || r.body != text {
		t.Errorf("a file is compressed: %v", r.Header)
	}
}
