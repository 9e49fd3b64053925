package web_test

import (
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web"
)

const form = "application/x-www-form-urlencoded"

// writes are all requests that change something.
var writes = []struct{ method, where, body, contentType string }{
	{"POST", "/failed/retry", "name=bad.csv", form},
	{"POST", "/failed/drop", "name=bad.csv", form},
	{"POST", "/upload", "", "multipart/form-data; boundary=x"},
	{"PUT", "/files/raw/new.csv", "item_id,quantity\n", "text/csv"},
	{"POST", "/api/v1/failed/retry", `{"all":true}`, "application/json"},
	{"POST", "/api/v1/failed/drop", `{"all":true}`, "application/json"},
}

// Nothing changes without the token or password, nor by a request from another site.
func TestWritingIsProtected(t *testing.T) {
	state := func(s *site) string {
		raw, err := os.ReadDir(filepath.Join(s.folder, "raw"))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range raw {
			b.WriteString(e.Name() + " ")
		}
		return b.String() + s.get(t, "/api/v1/failed").body
	}
	for name, guard := range map[string]*auth.Guard{"no guard": nil, "a guard": auth.New(token, "ann", "correct horse")} {
		s := start(t, func(c *web.Config) { c.Guard = guard })
		s.sample(t)
		before := state(s)
		for _, w := range writes {
			r := s.do(t, w.method, w.where, w.body, "Content-Type", w.contentType)
			want := http.StatusUnauthorized
			if guard == nil {
				want = http.StatusForbidden
			}
			if r.StatusCode != want || r.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s %s: %s, want %d", name, w.method, w.where, r.Status, want)
			}
			if r := s.do(t, w.method, w.where, w.body, "Content-Type", w.contentType, "Accept", asBrowser); guard != nil && (r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), "/login?")) {
				t.Errorf("%s: %s %s by a browser: %s", name, w.method, w.where, r.Status)
			}
			for _, foreign := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "same-site"}} {
				r := s.do(t, w.method, w.where, w.body, "Content-Type", w.contentType, "Authorization", bearer, foreign[0], foreign[1])
				if r.StatusCode != http.StatusForbidden {
					t.Errorf("%s: %s %s with %v: %s", name, w.method, w.where, foreign, r.Status)
				}
			}
		}
		if after := state(s); after != before {
			t.Errorf("%s: something changed:\n%s\n%s", name, before, after)
		}
	}
}

func TestReadingMayBeProtected(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	guard, err := auth.Config{TokenFile: secret, Read: true}.Guard()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Guard = guard })
	for _, where := range []string{"/", "/live", "/files/raw/", "/files/processed/x.csv", "/trends", "/failed", "/api/v1/status", "/api/v1/events", "/api/v1/status/events", "/events", "/api/v1/sinks", "/api/v1/openapi.json", "/files/raw/?format=zip"} {
		if r := s.get(t, where); r.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %s", where, r.Status)
		}
	}
	for _, where := range []string{"/healthz", "/readyz", "/metrics", "/login", "/assets/style.css"} {
		if r := s.get(t, where); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", where, r.Status)
		}
	}
	if r := s.get(t, "/trends?step=week", "Accept", asBrowser); r.Header.Get("Location") != "/login?next="+url.QueryEscape("trends?step=week") {
		t.Errorf("a browser is sent to %q", r.Header.Get("Location"))
	}
	if r := s.get(t, "/api/v1/status", "Authorization", bearer); r.StatusCode != http.StatusOK {
		t.Errorf("with the token: %s", r.Status)
	}
}

// Each wrong attempt counts once, also where a page is shown, and all answers say the same
// about when to try again.
func TestWrongSecretsCountOnce(t *testing.T) {
	const basic = "Basic YW5uOndyb25n" // ann:wrong
	for what, attempt := range map[string]func(s *site) reply{
		"a token": func(s *site) reply {
			return s.do(t, "POST", "/failed/retry", "", "Accept", asBrowser, "Authorization", "Bearer wrong")
		},
		"a password": func(s *site) reply {
			return s.do(t, "POST", "/failed/retry", "", "Accept", asBrowser, "Authorization", basic)
		},
		"a program's": func(s *site) reply { return s.do(t, "POST", "/api/v1/failed/retry", "{}", "Authorization", basic) },
		"the form": func(s *site) reply {
			return s.do(t, "POST", "/login", "user=ann&password=wrong", "Content-Type", form, "Accept", asBrowser, "Authorization", basic)
		},
	} {
		s := start(t, nil)
		for i := range 5 {
			if r := attempt(s); r.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s: wrong guess %d: %s", what, i+1, r.Status)
			}
		}
		r := attempt(s)
		if r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "10" || !strings.Contains(r.body, "in 10 seconds") {
			t.Errorf("%s: %s, %q: %s", what, r.Status, r.Header.Get("Retry-After"), r.body)
		}
	}
}

// A session of one replica is valid at all of them.
func TestReplicasShareSessions(t *testing.T) {
	s := start(t, nil)
	r := s.do(t, http.MethodPost, "/login", "user=ann&password=correct+horse", "Content-Type", form)
	cookie, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	if r.StatusCode != http.StatusSeeOther || cookie == "" {
		t.Fatalf("the login: %s %v", r.Status, r.Header)
	}
	config := s.server.Config
	config.Guard, config.Registry = auth.New(token, "ann", "correct horse"), ops.NewRegistry("other")
	other := &site{Server: httptest.NewServer(web.New(config).Handler())}
	defer other.Close()
	for _, replica := range []*site{s, other} {
		if r := replica.get(t, "/upload", "Accept", asBrowser, "Cookie", cookie); r.StatusCode != http.StatusOK || !strings.Contains(r.body, "Log out") {
			t.Errorf("%s", r.Status)
		}
	}
}

func TestRetryAndDrop(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	s.put(t, "bad.csv", "item_id,quantity\n1,2\n3,7\n") // corrected
	r := s.do(t, http.MethodPost, "/failed/retry", "name=bad.csv&name=other.csv", "Content-Type", form, "Authorization", bearer)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/failed?did=retry&n=1" {
		t.Fatalf("%s to %q", r.Status, r.Header.Get("Location"))
	}
	s.work(t)
	if _, err := s.store.Stat(t.Context(), filestore.Processed, "bad_aggregated_sales.csv"); err != nil {
		t.Error(err)
	}
	r = s.do(t, http.MethodPost, "/api/v1/failed/drop", `{"all":true}`, "Authorization", bearer)
	if r.body != "{\"files\":1}\n" {
		t.Errorf("%s %s", r.Status, r.body)
	}
	if _, err := s.store.Stat(t.Context(), filestore.Raw, "worse.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("a file that was dropped: %v", err)
	}
	s.work(t)
	if body := s.get(t, "/api/v1/failed").body; body != "[]\n" {
		t.Errorf("it came back: %s", body)
	}

	// Also a file whose name contains characters that HTML does not allow.
	s.put(t, "50%41 \u202e+&.csv", "item_id,quantity\nx\n")
	s.work(t)
	for _, where := range []string{"/failed", "/files/raw/50%2541%20%E2%80%AE+&.csv"} {
		page := s.get(t, where, "Accept", asBrowser, "Authorization", bearer)
		value := regexp.MustCompile(`name="name" value="([^"]*)"`).FindStringSubmatch(page.body)
		if value == nil || strings.Contains(page.body, "\u202e") {
			t.Fatalf("%s: %s", where, page.body)
		}
		body := url.Values{"name": {html.UnescapeString(value[1])}}.Encode()
		if r := s.do(t, http.MethodPost, "/failed/retry", body, "Content-Type", form, "Authorization", bearer); r.Header.Get("Location") != "/failed?did=retry&n=1" {
			t.Errorf("%s: %s %q, to %q", where, r.Status, body, r.Header.Get("Location"))
		}
		s.work(t)
	}
}

// A program is told what to send, and a person what to click.
func TestAnActionWithoutFilesIsExplained(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	for _, name := range []string{"retry", "drop"} {
		r := s.do(t, http.MethodPost, "/api/v1/failed/"+name, `{"names":[]}`, "Authorization", bearer)
		if r.StatusCode != http.StatusBadRequest || strings.Contains(r.body, "tick") || !strings.Contains(r.body, "names") || !strings.Contains(r.body, "all") {
			t.Errorf("%s by a program: %s %s", name, r.Status, r.body)
		}
		r = s.do(t, http.MethodPost, "/failed/"+name, "", "Content-Type", form, "Authorization", bearer, "Accept", asBrowser)
		if r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, "tick at least one") {
			t.Errorf("%s by a page: %s %s", name, r.Status, r.body)
		}
	}
}

// With both names and all, names is ignored.
func TestAllCountsBesideNames(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	r := s.do(t, http.MethodPost, "/api/v1/failed/retry", `{"names":["none.csv"],"all":true}`, "Authorization", bearer)
	if r.body != "{\"files\":2}\n" {
		t.Errorf("%s %s", r.Status, r.body)
	}
}

func TestUpload(t *testing.T) {
	s := start(t, nil)
	const text = "item_id,quantity\n5,6\n"
	if r := s.do(t, http.MethodPut, "/files/raw/2022/01/new.csv", text, "Authorization", bearer); r.StatusCode != http.StatusCreated || r.Header.Get("Location") != "/files/raw/2022/01/new.csv" {
		t.Errorf("%s %v", r.Status, r.Header)
	}
	if r := s.do(t, http.MethodPut, "/files/raw/2022/01/new.csv", text, "Authorization", bearer); r.StatusCode != http.StatusOK {
		t.Errorf("again: %s", r.Status)
	}
	if r := s.do(t, http.MethodPut, "/files/raw/2022/01/new.csv", text, "Authorization", bearer, "If-None-Match", "*"); r.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("if there is none: %s", r.Status)
	}
	for name, code := range map[string]int{
		"report.xlsx": http.StatusUnprocessableEntity, ".hidden.csv": http.StatusUnprocessableEntity, "a%5cb.csv": http.StatusUnprocessableEntity,
		"a%2f..%2f..%2fb.csv": http.StatusUnprocessableEntity, strings.Repeat("x", 300) + ".csv": http.StatusUnprocessableEntity, "a%0ab.csv": http.StatusUnprocessableEntity,
	} {
		if r := s.do(t, http.MethodPut, "/files/raw/"+name, text, "Authorization", bearer); r.StatusCode != code {
			t.Errorf("%.40s: %s", name, r.Status)
		}
	}
	large := strings.Repeat("x", 1<<20+1)
	if r := s.do(t, http.MethodPut, "/files/raw/large.csv", large, "Authorization", bearer); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large: %s", r.Status)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/files/raw/large.csv", struct{ *strings.Reader }{strings.NewReader(large)})
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = -1 // chunked: the size is not known before
	r.Header.Set("Authorization", bearer)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("too large, in chunks: %s", answer.Status)
	}
	body, contentType := uploadForm(t, "one.csv", "two.csv")
	if r := s.do(t, http.MethodPost, "/upload", body, "Content-Type", contentType, "Authorization", bearer); r.Header.Get("Location") != "/upload?did=upload&n=2" {
		t.Errorf("a form: %s %s", r.Status, r.body)
	}
	s.work(t)
	for _, name := range []string{"2022/01/new", "one", "two"} {
		if r := s.get(t, "/files/processed/"+name+"_aggregated_sales.csv"); r.body != "item_id,total_quantity\n5,6\n" {
			t.Errorf("%s: %s %q", name, r.Status, r.body)
		}
	}
	if _, err := os.Stat(filepath.Join(s.folder, "raw", "large.csv")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a part of the large file was kept: %v", err)
	}
	left, err := os.ReadDir(filepath.Join(s.folder, "raw", ".tmp"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// promtool accepts the metrics, and every one is there.
func TestMetrics(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	text := s.get(t, "/metrics").body
	for _, want := range []string{
		`csv_pipeline_queue_files{state="failed"} 2`, `csv_pipeline_queue_files{state="waiting"} 0`, `csv_pipeline_store_files{area="raw"} 4`,
		`csv_pipeline_files_completed_total 2`, `csv_pipeline_rows_total 4`, `csv_pipeline_failures_total{kind="malformed"} 2`, `csv_pipeline_retries_total 0`,
		`csv_pipeline_crashes_total 0`, `csv_pipeline_queue_oldest_waiting_seconds 0`, `csv_pipeline_processing_seconds_count 2`, `csv_pipeline_queue_wait_seconds_count 4`,
		`csv_pipeline_build_info{`, `csv_pipeline_redis_up 1`, `csv_pipeline_store_pending_files 2`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s", want)
		}
	}
	for _, kind := range queue.Kinds {
		if !strings.Contains(text, `csv_pipeline_failures_total{kind="`+kind+`"} `) {
			t.Errorf("there is no counter of failures of kind %s", kind)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatalf("this test needs promtool, of Debian's prometheus: %v", err)
	}
	check := exec.Command(promtool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if said, err := check.CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("promtool: %v\n%s", err, said)
	}
}
