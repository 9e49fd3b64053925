package web_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

const token = "a-token-for-these-tests"

// site is a server on a real Redis and a real folder.
type site struct {
	*httptest.Server
	folder string
	store  filestore.Store
	queue  *queue.Queue
	files  *catalog.Catalog
	server *web.Server
	log    *observer.ObservedLogs
	plan   *groupby.Plan
}

func start(t *testing.T, change func(*web.Config)) *site {
	t.Helper()
	s := &site{folder: t.TempDir()}
	for _, area := range []string{"raw", "processed"} {
		if err := os.Mkdir(filepath.Join(s.folder, area), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	store, err := dirstore.Open(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s.store, s.files = store, catalog.New(store)
	s.queue = queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	core, logs := observer.New(zap.InfoLevel)
	s.log = logs
	config := web.Config{Store: store, Catalog: s.files, Queue: s.queue, Log: zap.New(core), Registry: ops.NewRegistry("test"),
		Alive: func(context.Context) error { return nil }, Guard: auth.New(token, "ann", "correct horse"), MaxUpload: 1 << 20}
	if change != nil {
		change(&config)
	}
	s.server = web.New(config)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.server.Watch(ctx) }()
	s.Server = httptest.NewServer(s.server.Handler())
	t.Cleanup(func() { stop(); <-ended; s.Close(); s.server.Close(); s.files.Close() })
	if s.plan, err = groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity) as total_quantity"}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes a raw file that has been still for long.
func (s *site) put(t *testing.T, name, text string) {
	t.Helper()
	full := filepath.Join(s.folder, "raw", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(full, then, then); err != nil {
		t.Fatal(err)
	}
}

// work sweeps and processes until nothing is left.
func (s *site) work(t *testing.T) {
	t.Helper()
	sweeper := &sweep.Sweeper{Catalog: s.files, Store: s.store, Queue: s.queue, Log: zap.NewNop()}
	if _, err := sweeper.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := &worker.Worker{Name: "w1", Queue: s.queue, Store: s.store, Plan: s.plan, Log: zap.NewNop()}
	if err := w.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(s.get(t, "/", "Accept", asBrowser).body, "All caught up") {
	} // what pages show may be a glance old
}

// sample is two good files and two bad ones.
func (s *site) sample(t *testing.T) {
	t.Helper()
	s.put(t, "20220101.csv", "timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,4\n2022-01-01T00:01:00Z,2,5\n2022-01-01T00:02:00Z,1,6\n")
	s.put(t, "2022/02.csv", "item_id,quantity\n7,1\n")
	s.put(t, "bad.csv", "item_id,quantity\n1,2\n3,seven\n")
	s.put(t, "worse.csv", "item,quantity\n1,2\n")
	s.work(t)
}

type reply struct {
	*http.Response
	body string
}

// do sends a request as it is, and follows no redirect.
func (s *site) do(t *testing.T, method, where, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+where, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer, string(text)}
}

func (s *site) get(t *testing.T, where string, headers ...string) reply {
	t.Helper()
	return s.do(t, http.MethodGet, where, "", headers...)
}

func (r reply) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		t.Fatalf("%v in %.300s", err, r.body)
	}
}

const asBrowser = "text/html,application/xhtml+xml,*/*;q=0.8"

// Every page says what it is about, also without JavaScript, and holds nothing that
// the policy would refuse.
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
			if text := strings.ReplaceAll(r.body, `xmlns="http://www.w3.org/2000/svg"`, ""); strings.Contains(text, refused) {
				t.Errorf("%s holds %q", where, refused)
			}
		}
	}
}

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
	if r := s.get(t, where+"?format=json", "Accept", asBrowser); r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("?format=json in a browser: %v", r.Header)
	}
	if r := s.get(t, where+"?download", "Accept", asBrowser); r.body != text || r.Header.Get("Content-Disposition") != "attachment; filename=20220101_aggregated_sales.csv" {
		t.Errorf("download: %v", r.Header)
	}
}

// Files of all sizes are served whole: those that fit into one write, those that are
// read at once, and those that the system sends by itself.
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
		if r := s.get(t, "/files/raw/a.csv", "If-Match", `"another"`); r.StatusCode != http.StatusPreconditionFailed {
			t.Errorf("If-Match of another version, %d bytes: %s", size, r.Status)
		}
		if r := s.get(t, "/files/raw/a.csv", "Range", "bytes=-2"); r.StatusCode != http.StatusPartialContent || r.body != text[size-2:] {
			t.Errorf("the last two of %d bytes: %s %.20q", size, r.Status, r.body)
		}
	}
}

// Pages and tables are compressed for who takes that; files, archives and streams are not.
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

// What is completed are raw files: a result that stays when its raw file goes, or is
// replaced, is none.
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

// Folders are shown wherever they are among the names.
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

// A page that is watched hears of a change.
func TestEvents(t *testing.T) {
	s := start(t, nil)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/events", nil)
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

// A fault of the program is answered like any other problem, and counted.
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

// Why files failed, and where, is known without opening one.
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
	if err := (&worker.Worker{Name: "w1", Queue: s.queue, Store: s.store, Plan: s.plan, Log: zap.NewNop()}).Run(t.Context()); err != nil {
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
