package web_test

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

// Every page has its content without JavaScript, and contains nothing that its content
// security policy forbids.
func TestPages(t *testing.T) {
	s := start(t, nil)
	empty := s.get(t, "/", "Accept", asBrowser)
	if !strings.Contains(empty.body, "Nothing here yet") {
		t.Error("an empty pipeline does not say so")
	}
	s.sample(t)
	for where, want := range map[string][]string{
		"/":                       {"All caught up", "20220101_aggregated_sales.csv", "is not a number", "<svg"},
		"/files/raw/":             {"20220101.csv", `class="state failed"`, "2022/"},
		"/files/processed/":       {"20220101_aggregated_sales.csv", `href="/files/raw/20220101.csv"`},
		"/files/raw/20220101.csv": {"2022-01-01T00:01:00Z", `href="/files/processed/20220101_aggregated_sales.csv"`, "Rows/s"},
		"/files/processed/20220101_aggregated_sales.csv": {"<svg", `<td class="n">10</td>`, `href="/files/raw/20220101.csv"`},
		"/files/raw/bad.csv":                             {"3,<mark>seven</mark>"},
		"/trends?from=2022-01-01&to=2022-01-31":          {"total_quantity", "<svg", `<td class="n">10</td>`, "66.7 %"},
		"/failed":                                        {"3,<mark>seven</mark>", "no column &#34;item_id&#34;"},
		"/upload":                                        {"1.0 MiB"},
		"/login":                                         {`name="token"`, `name="password"`},
		"/nothing":                                       {"Page not found."},
	} {
		r := s.get(t, where, "Accept", asBrowser)
		for _, text := range want {
			if !strings.Contains(r.body, text) {
				t.Errorf("%s (%s): no %q in\n%s", where, r.Status, text, r.body)
			}
		}
		policy := r.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
			t.Errorf("%s: policy %q", where, policy)
		}
		for _, refused := range []string{" style=", " onclick=", "<script>", "javascript:", "http://", "https://"} {
			if text := strings.NewReplacer(`xmlns="http://www.w3.org/2000/svg"`, "", "<span data-origin>"+s.URL, "").Replace(r.body); strings.Contains(text, refused) {
				t.Errorf("%s holds %q", where, refused)
			}
		}
	}
}

// unmarked are the times on a page that the script does not write in the zone of the reader.
func unmarked(page string) []string {
	marked := regexp.MustCompile(`<time datetime="([^"]+Z)" title="([^"]+Z)" data-local>[^<]+</time>`)
	return regexp.MustCompile(`.{0,40}(\d{4}-\d\d-\d\d \d\d:\d\d|\d UTC)`).FindAllString(marked.ReplaceAllString(page, ""), -1)
}

// All times of lists are told in the zone of the reader.
func TestTimesAreForTheZoneOfTheReader(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	for _, where := range []string{"/", "/files/raw/", "/files/processed/", "/files/raw/20220101.csv", "/files/raw/bad.csv", "/files/processed/20220101_aggregated_sales.csv", "/failed"} {
		page := s.get(t, where, "Accept", asBrowser).body
		if !strings.Contains(page, "<time ") {
			t.Errorf("%s has no time", where)
		}
		if times := unmarked(page); len(times) > 0 {
			t.Errorf("%s: %q", where, times)
		}
	}
	if page := s.get(t, "/failed", "Accept", asBrowser).body; strings.Count(page, "<time ") < 6 { // of two groups, of two files and of their tries
		t.Errorf("times of failed files: %s", page)
	}
}

// Folders are listed, wherever they are among the names.
func TestFoldersBehindManyFiles(t *testing.T) {
	s := start(t, nil)
	for i := range 5001 {
		s.put(t, fmt.Sprintf("%d.csv", i), "")
	}
	s.put(t, "y/1.csv", "")
	s.put(t, "y/within/1.csv", "")
	for i := range 201 {
		s.put(t, fmt.Sprintf("z/%03d/1.csv", i), "")
	}
	for where, want := range map[string][]string{
		"/files/raw/": {"?folder=y%2F", "?folder=z%2F"}, "/files/raw/?folder=y": {"?folder=y%2Fwithin%2F"}, "/files/raw/?folder=z": {"?folder=z%2F199%2F", "and more"},
	} {
		page := s.get(t, where, "Accept", asBrowser).body
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: no %q in\n%s", where, text, page)
			}
		}
	}
}

func TestBasePath(t *testing.T) {
	s := start(t, func(c *web.Config) { c.BasePath = "csv" })
	s.sample(t)
	for _, where := range []string{"/csv/", "/"} { // an ingress may remove it
		if r := s.get(t, where, "Accept", asBrowser); !strings.Contains(r.body, `href="/csv/files/raw/"`) || strings.Contains(r.body, `href="/files`) {
			t.Errorf("%s: %s", where, r.body)
		}
	}
	if r := s.get(t, "/csv"); r.Header.Get("Location") != "/csv/" {
		t.Errorf("/csv leads to %q", r.Header.Get("Location"))
	}
	if r := s.get(t, "/csv/files/processed/20220101_aggregated_sales.csv"); r.StatusCode != http.StatusOK {
		t.Errorf("a file: %s", r.Status)
	}
}

// Commands on pages have the address by which the browser came, unless it could be anything else for a shell.
func TestCommandsHaveWholeAddresses(t *testing.T) {
	s := start(t, func(c *web.Config) { c.BasePath = "it's" })
	command := regexp.MustCompile(`-T 20220101.csv (.+?)</code>`)
	for _, c := range []struct{ host, proto, want string }{
		{"", "", "'" + s.URL + `/it'\''s/files/raw/'`},
		{"files.example.org", "https", `'https://files.example.org/it'\''s/files/raw/'`},
		{"[2001:db8::1]:8080", "http", `'http://[2001:db8::1]:8080/it'\''s/files/raw/'`},
		{"a'$(id)", "", `'/it'\''s/files/raw/'`},
		{"a<b>", "", `'/it'\''s/files/raw/'`},
		{strings.Repeat("a", 300), "", `'/it'\''s/files/raw/'`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/upload", nil)
		r.Header.Set("Accept", asBrowser)
		r.Header.Set("X-Forwarded-Proto", c.proto)
		if c.host != "" {
			r.Host = c.host
		}
		page := httptest.NewRecorder()
		s.Config.Handler.ServeHTTP(page, r)
		found := command.FindStringSubmatch(page.Body.String())
		if found == nil {
			t.Fatalf("%+v: %s", c, page.Body)
		}
		got := html.UnescapeString(regexp.MustCompile("<[^>]*>").ReplaceAllString(found[1], ""))
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for where, want := range map[string]string{"/events": "curl -N '<span data-origin>" + s.URL, "/api": "curl '<span data-origin>" + s.URL} {
		if page := html.UnescapeString(s.get(t, where, "Accept", asBrowser).body); !strings.Contains(page, want) {
			t.Errorf("%s does not say %s", where, want)
		}
	}
}

// A panic is answered with a problem, and counted.
func TestPanicIsAProblem(t *testing.T) {
	s := start(t, func(c *web.Config) { c.Alive = func(context.Context) error { panic("out of luck") } })
	r := s.get(t, "/healthz")
	if r.StatusCode != http.StatusInternalServerError || r.Header.Get("Content-Type") != "application/problem+json" || strings.Contains(r.body, "luck") {
		t.Errorf("%s: %v %s", r.Status, r.Header, r.body)
	}
	if text := s.get(t, "/metrics").body; !strings.Contains(text, "csv_pipeline_http_panics_total 1") {
		t.Error("it is not counted")
	}
	if s.log.FilterLevelExact(zap.ErrorLevel).Len() != 1 {
		t.Errorf("the log has %v", s.log.All())
	}
}

// opened counts the files that are opened.
type opened struct {
	filestore.Store
	files atomic.Int64
}

func (o *opened) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	o.files.Add(1)
	return o.Store.Open(ctx, area, name)
}

// The page of failed files opens no file.
func TestFailedOpensNoFile(t *testing.T) {
	store := &opened{}
	s := start(t, func(c *web.Config) { store.Store, c.Store = c.Store, store })
	s.put(t, "gone.csv", "item_id,quantity\nseven,seven\n")
	s.put(t, "quoted.csv", "quantity,x,item_id\n\"7 \"\"or\"\" 8\",7,7\n")
	s.sample(t)
	if err := os.Remove(filepath.Join(s.folder, "raw", "gone.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.queue.Push(t.Context(), "no.txt"); err != nil {
		t.Fatal(err)
	}
	if err := (&worker.Worker{Name: "w1", Queue: s.queue, Store: s.store, Questions: s.questions, Log: zap.NewNop()}).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	type letter struct {
		Name, Column, Field string
		Line                int64
		Exists              bool
		Excerpt             *struct{ Before, Bad, After string }
	}
	var letters []letter
	s.get(t, "/api/v1/failed").decode(t, &letters)
	got := map[string]string{}
	for _, l := range letters {
		got[l.Name] = fmt.Sprintf("%d %q %q %+v %v", l.Line, l.Column, l.Field, l.Excerpt, l.Exists)
	}
	for name, want := range map[string]string{
		"bad.csv":    `3 "quantity" "seven" &{Before:3, Bad:seven After:} true`,
		"worse.csv":  `1 "" "" &{Before:item,quantity Bad: After:} true`,
		"gone.csv":   `2 "quantity" "seven" &{Before:seven, Bad:seven After:} false`,
		"quoted.csv": `2 "quantity" "7 \"or\" 8" &{Before:" Bad:7 ""or"" 8 After:",7,7} true`,
		"no.txt":     `0 "" "" <nil> false`,
	} {
		if got[name] != want {
			t.Errorf("%s: %s, want %s", name, got[name], want)
		}
	}
	page := s.get(t, "/failed", "Accept", asBrowser).body
	for _, text := range []string{"seven,<mark>seven</mark>", "&#34;<mark>7 &#34;&#34;or&#34;&#34; 8</mark>&#34;,7,7", "item,quantity"} {
		if !strings.Contains(page, text) {
			t.Errorf("the page does not show %s", text)
		}
	}
	if n := store.files.Load(); n > 0 {
		t.Errorf("%d files were opened", n)
	}
}
