package web_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const secret = "the secret outside"

// raw sends a request line as it is, which no HTTP client would.
func (s *site) raw(t *testing.T, request string) (status int, answer string) {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "%s\r\nHost: x\r\nConnection: close\r\n\r\n", request); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := bufio.NewReader(c).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Sscanf(b.String(), "HTTP/1.1 %d", &status)
	return status, b.String()
}

// No spelling of .. leads out of the folder.
func TestNothingOutsideIsServed(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	outside := filepath.Join(filepath.Dir(s.folder), "secret.csv")
	if err := os.WriteFile(outside, []byte(secret), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(outside) })
	if err := os.WriteFile(filepath.Join(s.folder, "raw", ".hidden.csv"), []byte(secret), 0o666); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"link.csv": outside, "up.csv": "../../secret.csv", "folder": "../..", "away": filepath.Dir(s.folder), "loop.csv": "loop.csv", "passwd.csv": "/etc/passwd"} {
		if err := os.Symlink(target, filepath.Join(s.folder, "raw", link)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := s.do(t, http.MethodPost, "/files/raw/", url.Values{"name": {"../secret.csv", "link.csv", "up.csv", "/etc/passwd", "20220101.csv"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded")
	z, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body)))
	if err != nil || len(z.File) != 2 || z.File[0].Name != "20220101.csv" || z.File[1].Name != "NOT IN THIS ARCHIVE.txt" {
		t.Errorf("the zip file: %v, %+v", err, z)
	}
	ups := []string{"..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "....", "..;", "%uff0e%uff0e"}
	slashes := []string{"/", "%2f", "%5c", `\`, "%252f", "//", "/./"}
	var ways []string
	for _, up := range ups {
		for _, slash := range slashes {
			ways = append(ways, up+slash+"secret.csv", up+slash+up+slash+"secret.csv", "2022"+slash+up+slash+up+slash+"secret.csv", up+slash+up+slash+up+slash+up+slash+"etc"+slash+"passwd")
		}
	}
	ways = append(ways, "link.csv", "link.csv/", "up.csv", "folder/secret.csv", "folder/", "away/secret.csv", "loop.csv", "passwd.csv", ".hidden.csv", "%2ehidden.csv",
		"20220101.csv%00", "20220101.csv%00.html", "20220101.csv/", "20220101.csv/x", strings.Repeat("x", 5000), strings.Repeat("x/", 2000)+"x.csv", "%", "%zz", "\x01", ".tmp/x", "%2f%2fetc%2fpasswd", "file:///etc/passwd")
	for _, method := range []string{"GET", "HEAD", "PUT"} { // uploads last: %2e is a valid name
		for _, base := range []string{"/files/raw/", "/files/processed/", "/api/v1/files/raw/", "/assets/", "/files/"} {
			for _, way := range ways {
				status, answer := s.raw(t, method+" "+base+way+" HTTP/1.1\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 0")
				if strings.Contains(answer, secret) || strings.Contains(answer, "root:x") {
					t.Errorf("%s %s%s leads outside:\n%s", method, base, way, answer)
				}
				if status == 200 && method == "GET" {
					t.Errorf("%s %s%s is served:\n%.300s", method, base, way, answer)
				}
				if status >= 500 {
					t.Errorf("%s %s%.100s: %d", method, base, way, status)
				}
				if l := regexpLocation(answer); l != "" && (!strings.HasPrefix(l, "/") || strings.HasPrefix(l, "//") || strings.HasPrefix(l, `/\`)) {
					t.Errorf("%s %s%s redirects to %q", method, base, way, l)
				}
			}
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != secret {
		t.Errorf("%s was changed: %q, %v", outside, text, err)
	}
}

func regexpLocation(answer string) string {
	for line := range strings.SplitSeq(answer, "\r\n") {
		if l, ok := strings.CutPrefix(line, "Location: "); ok {
			return l
		}
	}
	return ""
}

// Names of files that look like HTML, formulas or headers are harmless in pages, headers,
// archives and logs.
func TestOddNames(t *testing.T) {
	s := start(t, nil)
	odd := []string{`a"b.csv`, `<script>alert(1)<.csv`, "a'b&amp;.csv", "=cmd|' C'!A0.csv", "\u202egnp.exe.csv", "a;filename=evil.html.csv", "Umsätze März.csv", "x.html", "x.svg", "@SUM(A1).csv", "-1+1.csv", "a\u2028b.csv", "%2e%2e.csv"}
	for _, name := range odd {
		s.put(t, name, "item_id,quantity\n1,1\n<script>,=1\n")
	}
	s.work(t)
	for _, name := range odd {
		where := "/files/raw/" + url.PathEscape(name)
		r := s.get(t, where)
		kind := r.Header.Get("Content-Type")
		if r.StatusCode != http.StatusOK || kind != "text/csv" && kind != "application/octet-stream" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: %s %s", name, r.Status, kind)
		}
		if p := r.Header.Get("Content-Security-Policy"); !strings.Contains(p, "sandbox") {
			t.Errorf("%q: policy %q", name, p)
		}
		d := s.get(t, where+"?download", "Accept", asBrowser)
		if disposition := d.Header.Get("Content-Disposition"); !strings.HasPrefix(disposition, "attachment; filename") || strings.ContainsAny(disposition, "\r\n\u202e\u2028") {
			t.Errorf("%q: %q", name, disposition)
		}
		p := s.get(t, where, "Accept", asBrowser)
		if p.StatusCode != http.StatusOK || strings.Contains(p.body, "<script>") || strings.ContainsAny(p.body, "\u202e\u2028") {
			t.Errorf("%q: its page holds what it must not", name)
		}
	}
	for _, where := range []string{"/", "/files/raw/", "/failed", "/files/raw/?q=" + url.QueryEscape(`"><script>alert(1)</script>`), "/trends?group=" + url.QueryEscape("<script>"), "/login?next=" + url.QueryEscape(`"><script>`)} {
		// The value of a form has the whole name, escaped: otherwise the form would not work.
		if r := s.get(t, where, "Accept", asBrowser); strings.Contains(r.body, "<script>") {
			t.Errorf("%s holds a script", where)
		}
	}
	for line := range strings.SplitSeq(s.get(t, "/files/raw/?format=csv", "Accept", asBrowser).body, "\n") {
		if line != "" && strings.ContainsAny(line[:1], "=+-@") || strings.HasPrefix(line, `"=`) {
			t.Errorf("a spreadsheet would take this for a formula: %s", line)
		}
	}
	r := s.get(t, "/files/raw/?format=zip")
	z, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body)))
	if err != nil || len(z.File) != len(odd) {
		t.Fatalf("the zip file: %v", err)
	}
	for _, f := range z.File {
		if strings.ContainsAny(f.Name, "\u202e\u2028\\") || strings.HasPrefix(f.Name, "/") || strings.Contains(f.Name, "..") && !strings.Contains(f.Name, "%") {
			t.Errorf("the zip file has %q", f.Name)
		}
	}
	if r := s.do(t, http.MethodPut, "/files/raw/"+url.PathEscape("\u202egnp.exe.csv"), "item_id,quantity\n", "Authorization", "Bearer "+token); r.StatusCode != http.StatusOK {
		t.Errorf("upload: %s", r.Status)
	}
	for _, e := range s.log.All() {
		for _, f := range e.Context {
			if strings.ContainsAny(f.String, "\u202e\u2028\n") {
				t.Errorf("the log holds %q", f.String)
			}
		}
	}
}

// No redirect leads to another site.
func TestNoOpenRedirect(t *testing.T) {
	s := start(t, nil)
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, `\\evil.example`, "http:evil.example", "\thttps://evil.example", "javascript:alert(1)", "//evil.example/%2f..", "/%09/evil.example"} {
		r := s.do(t, http.MethodPost, "/login", url.Values{"token": {token}, "next": {next}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
		l := r.Header.Get("Location")
		u, err := url.Parse(l)
		if r.StatusCode != http.StatusSeeOther || err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(l, "/") || strings.HasPrefix(l, "//") || strings.Contains(l, `\`) {
			t.Errorf("%q leads to %q (%s)", next, l, r.Status)
		}
	}
	r := s.do(t, http.MethodPost, "/login", url.Values{"token": {token}, "next": {"failed?limit=5"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if l := r.Header.Get("Location"); l != "/failed?limit=5" {
		t.Errorf("a page here: %q", l)
	}
}

// A request that is too large is refused, and a thousand idle connections do no harm.
func TestGreedyClients(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if r := s.get(t, "/files/raw/?q="+strings.Repeat("x", 20_000)); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a huge query: %s", r.Status)
	}
	if r := s.do(t, http.MethodPost, "/login", "token="+strings.Repeat("x", 5<<20), "Content-Type", "application/x-www-form-urlencoded"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("a huge form: %s", r.Status)
	}
	for range 1000 {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	if r := s.get(t, "/files/processed/20220101_aggregated_sales.csv"); r.StatusCode != http.StatusOK {
		t.Errorf("with 1000 idle connections: %s", r.Status)
	}
}
