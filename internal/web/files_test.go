package web_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestFilesAreServedWhole(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	const where = "/files/processed/20220101_aggregated_sales.csv"
	const text = "item_id,total_quantity\n1,10\n2,5\n"
	r := s.get(t, where)
	if r.body != text || r.Header.Get("Content-Type") != "text/csv; charset=utf-8" || r.ContentLength != int64(len(text)) {
		t.Errorf("%q, %v", r.body, r.Header)
	}
	tag := r.Header.Get("ETag")
	if r := s.get(t, where, "If-None-Match", tag); r.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match: %s", r.Status)
	}
	if r := s.get(t, where, "Range", "bytes=0-6"); r.StatusCode != http.StatusPartialContent || r.body != text[:7] {
		t.Errorf("Range: %s %q", r.Status, r.body)
	}
	if r := s.do(t, http.MethodHead, where, ""); r.ContentLength != int64(len(text)) || r.body != "" {
		t.Errorf("HEAD: %d %q", r.ContentLength, r.body)
	}
	if r := s.get(t, where, "Range", "bytes="+strings.Repeat("0-1,", 500)+"0-1"); r.StatusCode != http.StatusOK || r.body != text {
		t.Errorf("501 ranges: %s, %d bytes", r.Status, len(r.body))
	}
	if r := s.get(t, where, "Want-Repr-Digest", "sha-256=1"); !strings.HasPrefix(r.Header.Get("Repr-Digest"), "sha-256=:") || r.body != text {
		t.Errorf("digest: %v %q", r.Header, r.body)
	}
	if r := s.get(t, where+"?format=csv"); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "html for the page") {
		t.Errorf("?format=csv: %s %s", r.Status, r.body)
	}
	if r := s.get(t, where+"?format=json", "Accept", asBrowser); r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("?format=json in a browser: %v", r.Header)
	}
	if r := s.get(t, where+"?download", "Accept", asBrowser); r.body != text || r.Header.Get("Content-Disposition") != "attachment; filename=20220101_aggregated_sales.csv" {
		t.Errorf("download: %v", r.Header)
	}
}

// Files of all sizes are served whole: those of one write, those of one read, and those
// that the kernel sends (sendfile).
func TestFilesOfAllSizes(t *testing.T) {
	s := start(t, nil)
	for _, size := range []int{0, 1, 511, 512, 513, 2047, 2048, 2049, 16<<10 - 1, 16 << 10, 16<<10 + 1, 1 << 20} {
		text := strings.Repeat("0123456789abcde\n", size/16+1)[:size]
		s.put(t, "a.csv", text)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.do(t, method, "/files/raw/a.csv", "")
			if r.StatusCode != http.StatusOK || r.ContentLength != int64(size) || method == http.MethodGet && r.body != text || r.Header.Get("Last-Modified") == "" {
				t.Errorf("%s of %d bytes: %s, %d bytes, %v", method, size, r.Status, len(r.body), r.Header)
			}
		}
		if size < 3 {
			continue
		}
		first := s.get(t, "/files/raw/a.csv")
		for name, value := range map[string]string{"If-None-Match": first.Header.Get("ETag"), "If-Modified-Since": first.Header.Get("Last-Modified")} {
			if r := s.get(t, "/files/raw/a.csv", name, value); r.StatusCode != http.StatusNotModified {
				t.Errorf("%s of %d bytes: %s", name, size, r.Status)
			}
		}
		if r := s.get(t, "/files/raw/a.csv", "If-Match", `"another"`); r.StatusCode != http.StatusPreconditionFailed || r.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(r.body, "has changed") {
			t.Errorf("If-Match of another version, %d bytes: %s", size, r.Status)
		}
		if r := s.get(t, "/files/raw/a.csv", "Range", "bytes=-2"); r.StatusCode != http.StatusPartialContent || r.body != text[size-2:] {
			t.Errorf("the last two of %d bytes: %s %.20q", size, r.Status, r.body)
		}
	}
}

// Pages and tables are compressed for clients that accept that; files, archives and streams
// are not.
func TestCompression(t *testing.T) {
	s := start(t, nil)
	for i := range 100 {
		s.put(t, fmt.Sprintf("%d.csv", i), strings.Repeat("a,b\n", 1000))
	}
	for where, want := range map[string]string{
		"/": "gzip", "/files/raw/?format=html": "gzip", "/files/raw/1.csv": "gzip", "/assets/style.css": "gzip", "/api/v1/files/raw": "gzip", "/files/raw/?format=csv": "gzip",
		"/files/raw/1.csv?download": "", "/files/raw/?format=zip": "", "/api/v1/status": "", "/nothing": "",
	} {
		plain := s.get(t, where, "Accept", asBrowser, "Accept-Encoding", "identity")
		r := s.get(t, where, "Accept", asBrowser, "Accept-Encoding", "gzip")
		if got := r.Header.Get("Content-Encoding"); got != want || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
		if want == "" {
			continue
		}
		if !strings.Contains(strings.Join(plain.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: caches are not told: %v", where, plain.Header)
		}
		unpacked, err := gzip.NewReader(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unpacked)
		if err != nil || len(text) != len(plain.body) || len(r.body) > len(text)/2 {
			t.Errorf("%s: %d of %d bytes, unpacked %d, %v", where, len(r.body), len(plain.body), len(text), err)
		}
	}
}

// TestRawFilesAreServedInTheirEncoding where a byte order mark tells it; otherwise none is claimed.
func TestRawFilesAreServedInTheirEncoding(t *testing.T) {
	s := start(t, nil)
	var described struct {
		Paths map[string]struct {
			Get struct {
				Responses map[string]struct{ Content map[string]any }
			}
		}
	}
	s.get(t, "/api/v1/openapi.json").decode(t, &described)
	for name, c := range map[string]struct{ text, kind string }{
		"plain.csv":   {"a,b\n1,2\n", "text/csv"},
		"latin.csv":   {"Stadt;n\nK\xf6ln;1\n", "text/csv"},
		"marked.csv":  {"\xef\xbb\xbfa,b\n1,2\n", "text/csv; charset=utf-8"},
		"little.txt":  {"\xff\xfea\x00\n\x00", "text/plain; charset=utf-16le"},
		"big.tsv":     {"\xfe\xff\x00a\x00\n", "text/tab-separated-values; charset=utf-16be"},
		"empty.csv":   {"", "text/csv"},
		"a.csv.gz":    {"\xff\xfe", "application/gzip"},
		"a.csv.zst":   {"x", "application/zstd"},
		"a.csv.bz2":   {"x", "application/x-bzip2"},
		"a.tsv.XZ":    {"x", "application/x-xz"},
		"a.txt.lz4":   {"x", "application/x-lz4"},
		"a.csv.zip":   {"x", "application/zip"},
		"large.csv":   {"\xef\xbb\xbf" + strings.Repeat("a,b\n", 1<<15), "text/csv; charset=utf-8"},
		"one.csv":     {"\xef", "text/csv"},
		"picture.svg": {"\xef\xbb\xbf<svg/>", "application/octet-stream"},
	} {
		s.put(t, name, c.text)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.do(t, method, "/files/raw/"+name, "")
			if got := r.Header.Get("Content-Type"); got != c.kind || method == http.MethodGet && r.body != c.text {
				t.Errorf("%s %s: %q, want %q; %d bytes", method, name, got, c.kind, len(r.body))
			}
		}
		kind, _, _ := strings.Cut(c.kind, ";")
		for _, code := range []string{"200", "206"} {
			if _, there := described.Paths["/files/raw/{name}"].Get.Responses[code].Content[kind]; !there {
				t.Errorf("%s: %s is not in the description of %s", name, kind, code)
			}
		}
	}
	if r := s.get(t, "/files/raw/little.txt", "Range", "bytes=2-"); r.body != "a\x00\n\x00" || r.Header.Get("Content-Type") != "text/plain; charset=utf-16le" {
		t.Errorf("a range: %q, %v", r.body, r.Header)
	}
}
