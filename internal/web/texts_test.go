package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web"
)

func expectNoParts(t *testing.T, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q: %s", part, body)
		}
	}
}

// A login from the menu leads back to the page that it was on, and to no other site.
func TestTheMenusLoginComesBack(t *testing.T) {
	link := regexp.MustCompile(`<a class="session" href="([^"]*)">Log in`)
	field := regexp.MustCompile(`name="next" value="([^"]*)"`)
	for _, base := range []string{"", "/csv/"} {
		s := start(t, func(c *web.Config) { c.BasePath = base })
		s.put(t, "50%41 &.csv", "item_id,quantity\n1,2\n")
		root := "/" + strings.TrimPrefix(base, "/")
		for where, want := range map[string]string{
			"":                                  "",
			"trends?step=week":                  "trends?step=week",
			"failed?did=drop&n=5&q=x":           "failed?q=x",
			"files/raw/50%2541%20&.csv":         "files/raw/50%2541%20&.csv",
			"nothing":                           "nothing",
			"login?next=failed":                 "failed",
			"%2F%2Fevil.example":                "%2F%2Fevil.example", // a file of this server
			"x/..%2F..%2Fevil.example?a=%2F%2F": "x/..%2F..%2Fevil.example?a=%2F%2F",
		} {
			page := s.get(t, root+where, "Accept", asBrowser).body
			found := link.FindStringSubmatch(page)
			if found == nil {
				t.Fatalf("%s has no login: %s", where, page)
			}
			login := s.get(t, html.UnescapeString(found[1]), "Accept", asBrowser).body
			next := html.UnescapeString(field.FindStringSubmatch(login)[1])
			if next != want && want != "" {
				t.Errorf("%s%s: next is %q, want %q", root, where, next, want)
			}
			r := s.do(t, http.MethodPost, root+"login", url.Values{"token": {token}, "next": {next}}.Encode(), "Content-Type", form)
			if got := r.Header.Get("Location"); got != root+want {
				t.Errorf("%s%s: the login leads to %q, want %q", root, where, got, root+want)
			}
		}
	}
}

// A page beyond the last one says so, and not that nothing is there.
func TestAPageBeyondTheEnd(t *testing.T) {
	s := start(t, nil)
	for i := range 3 {
		s.put(t, fmt.Sprintf("bad%d.csv", i), "item_id,quantity\n3,seven\n")
	}
	s.work(t)
	for where, want := range map[string][]string{
		"/files/raw/?offset=99999&limit=50": {"This page is beyond the end of 3 files.", `href="?limit=50">First page`},
		"/files/raw/?offset=99999&limit=2":  {`href="?limit=2">First page`, `href="?limit=2&amp;offset=2">Last page`},
		"/files/raw/?offset=9&q=bad1":       {"beyond the end of 1 file."},
		"/failed?offset=5000":               {"This page is beyond the end of 3 failed files.", `href="?limit=50&amp;offset=0">First page`},
		"/failed?offset=5000&limit=2&q=bad": {`href="?limit=2&amp;offset=2&amp;q=bad">Last page`},
	} {
		page := s.get(t, where, "Accept", asBrowser).body
		expectParts(t, page, want...)
		expectNoParts(t, page, "matches.", "No files match", "Show all</a>")
	}
	expectParts(t, s.get(t, "/files/raw/?offset=5&q=nothing", "Accept", asBrowser).body, "No files match")
	expectParts(t, s.get(t, "/failed?q=nothing", "Accept", asBrowser).body, "No failed file matches")
}

// Of a file that is no table the page says what it is, and of no such file that settings read it.
func TestAFileThatIsNoTable(t *testing.T) {
	questions, err := query.Config{}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions = questions })
	for name, text := range map[string]string{"pdf.csv": "%PDF-1.4 and some more\n", "png.csv": "\x89PNG\r\n\x1a\n1234", "rar.csv": "Rar!\x1a\x07\x00123", "none.csv": "", "seven.csv": "item_id,quantity\n3,seven\n"} {
		s.put(t, name, text)
	}
	s.work(t)
	page := s.get(t, "/files/raw/pdf.csv", "Accept", asBrowser).body
	expectParts(t, page, "Nothing of it can be shown: ", "a PDF")
	expectNoParts(t, page, "The file is empty", "0 rows")
	expectNoParts(t, s.get(t, "/files/raw/none.csv", "Accept", asBrowser).body, "0 rows")
	failed := s.get(t, "/failed", "Accept", asBrowser, "Authorization", bearer).body
	if n := strings.Count(failed, "Settings that would read it"); n != 1 || !strings.Contains(failed, `files/raw/seven.csv#reading`) {
		t.Errorf("settings are offered %d times: %s", n, failed)
	}
	// Buttons and questions name the file, and a group of one is one file.
	expectParts(t, failed, `aria-label="Retry seven.csv"`, `aria-label="Drop seven.csv"`, "Delete seven.csv from raw/ and from the list", "Delete 1 file from raw/ and from the list")
	expectNoParts(t, failed, "Delete this file", "remove them")
}

// A result whose raw file was deleted says so, and has no link to it.
func TestAResultWithoutItsRawFile(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if err := os.Remove(filepath.Join(s.folder, "raw", "20220101.csv")); err != nil {
		t.Fatal(err)
	}
	page := s.get(t, "/files/processed/20220101_aggregated_sales.csv", "Accept", asBrowser).body
	expectParts(t, page, "20220101.csv, which was deleted")
	expectNoParts(t, page, "an earlier version of it", `href="/files/raw/20220101.csv"`)
	s.put(t, "2022/02.csv", "item_id,quantity\n7,2\n")
	expectParts(t, s.get(t, "/files/processed/2022/02_aggregated_sales.csv", "Accept", asBrowser).body, "an earlier version of it", `href="/files/raw/2022/02.csv"`)
}

// The address of a folder leads a browser to its files; for a program nothing is there.
func TestTheAddressOfAFolder(t *testing.T) {
	s := start(t, nil)
	s.put(t, "bulk/a &b/1.csv", "a\n1\n")
	s.get(t, "/api/v1/files/raw")
	for where, want := range map[string]string{
		"/files/raw/bulk": "/files/raw/?folder=bulk", "/files/raw/bulk/": "/files/raw/?folder=bulk", "/files/raw/bulk/a%20&b/": "/files/raw/?folder=bulk%2Fa+%26b",
		"/files/raw/bul": "", "/files/processed/bulk": "",
	} {
		r := s.get(t, where, "Accept", asBrowser)
		if got := r.Header.Get("Location"); got != want || (r.StatusCode == http.StatusNotFound) != (want == "") {
			t.Errorf("%s: %s to %q", where, r.Status, got)
		}
		if r := s.get(t, where); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s for a program: %s", where, r.Status)
		}
		if want != "" {
			expectParts(t, s.get(t, want, "Accept", asBrowser).body, "1.csv")
		}
	}
}

// Small things of every page: the icon, the counts of the menu, downloads, and names of tables and links.
func TestSmallThingsOfPages(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if r := s.get(t, "/favicon.ico"); r.StatusCode != http.StatusFound || !strings.HasPrefix(r.Header.Get("Location"), "/assets/icon.svg") {
		t.Errorf("favicon.ico: %s", r.Status)
	}
	table := regexp.MustCompile(`<table[^>]*>`)
	for _, where := range []string{"/", "/files/raw/", "/files/processed/", "/files/processed/20220101_aggregated_sales.csv", "/files/raw/bad.csv", "/trends", "/failed"} {
		page := s.get(t, where, "Accept", asBrowser, "Authorization", bearer).body
		tables := table.FindAllString(page, -1)
		if len(tables) == 0 {
			t.Errorf("%s has no table", where)
		}
		for _, tag := range tables {
			if !strings.Contains(tag, ` aria-label="`) {
				t.Errorf("%s has %s", where, tag)
			}
		}
	}
	expectParts(t, s.get(t, "/files/raw/", "Accept", asBrowser).body, `aria-label="result of 20220101.csv"`, `download="raw.json"`)
	expectParts(t, s.get(t, "/trends", "Accept", asBrowser).body, `download="trends.json"`)
	s.put(t, "new.csv", "a\n1\n")
	expectParts(t, s.get(t, "/files/raw/new.csv", "Accept", asBrowser).body, "one without persistence forgets them")
}

// The menu rounds, and does not cut off.
func TestTheMenuRounds(t *testing.T) {
	s := start(t, nil)
	names := make([]string, 1980)
	for i := range names {
		names[i] = fmt.Sprintf("%04d.csv", i)
	}
	if err := s.queue.Push(t.Context(), names...); err != nil {
		t.Fatal(err)
	}
	for range names {
		claim, err := s.queue.Claim(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := claim.Fail(t.Context(), queue.Failure{Reason: "bad", Kind: queue.KindMalformed, Version: "v"}); err != nil {
			t.Fatal(err)
		}
	}
	expectParts(t, s.get(t, "/failed", "Accept", asBrowser).body, `<b title="1,980">2k</b>`)
}
