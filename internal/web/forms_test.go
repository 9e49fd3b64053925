package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Who has to log in first comes back to the page with the same files chosen, and nothing is done
// to them by itself.
func TestLoginKeepsTheChoice(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	odd := "50%41 +&.csv"
	s.put(t, odd, "item_id,quantity\nx\n")
	s.work(t)
	for what, c := range map[string]struct{ address, page, body, next string }{
		"some":      {"/failed/retry", "/failed?did=retry&limit=50&n=1", "name=bad.csv&name=" + url.QueryEscape(url.PathEscape(odd)), "failed?chosen=bad.csv&chosen=50%252541%2520%2B%26.csv&limit=50"},
		"all":       {"/failed/drop", "/failed", "all=1", "failed"},
		"too many":  {"/failed/retry", "/failed", "name=" + strings.Repeat("x", 20_000), "failed"},
		"of a file": {"/failed/retry", "/files/raw/bad.csv", "back=files/raw/bad.csv&name=bad.csv", "files/raw/bad.csv?chosen=bad.csv"},
		"no page":   {"/failed/drop", "", "name=bad.csv", "failed?chosen=bad.csv"},
		"abroad":    {"/failed/drop", "https://elsewhere.example/x", "name=bad.csv", "failed?chosen=bad.csv"},
	} {
		referer := c.page
		if strings.HasPrefix(c.page, "/") {
			referer = s.URL + c.page
		}
		r := s.do(t, http.MethodPost, c.address, c.body, "Content-Type", form, "Accept", asBrowser, "Referer", referer)
		where, err := url.Parse(r.Header.Get("Location"))
		if err != nil || r.StatusCode != http.StatusSeeOther || where.Path != "/login" || where.Query().Get("next") != c.next {
			t.Errorf("%s: %s to %q", what, r.Status, where.Query().Get("next"))
		}
	}
	page := s.get(t, "/failed?chosen=bad.csv&chosen=50%252541%2520%2B%26.csv", "Accept", asBrowser).body
	if n := strings.Count(page, " checked"); n != 2 || !strings.Contains(page, `value="bad.csv" checked`) {
		t.Errorf("%d files are chosen: %s", n, page)
	}
	page = s.get(t, "/files/raw/?chosen=bad.csv", "Accept", asBrowser).body
	if n := strings.Count(page, " checked"); n != 1 || !strings.Contains(page, `value="bad.csv" checked`) {
		t.Errorf("%d files are chosen in the list: %s", n, page)
	}
}

// A login in between would forget the files, so the page asks for it before.
func TestTheLoginIsBeforeFilesAreChosen(t *testing.T) {
	s := start(t, nil)
	const asks = `href="/login?next=upload">Log in</a> before you choose files to upload`
	page := s.get(t, "/upload", "Accept", asBrowser).body
	if at := strings.Index(page, asks); at < 0 || at > strings.Index(page, `type="file"`) {
		t.Errorf("the page does not ask to log in: %s", page)
	}
	session := s.do(t, http.MethodPost, "/login", url.Values{"token": {token}}.Encode(), "Content-Type", form).Cookies()
	if len(session) != 1 {
		t.Fatalf("cookies %v", session)
	}
	if page := s.get(t, "/upload", "Accept", asBrowser, "Cookie", session[0].Name+"="+session[0].Value).body; strings.Contains(page, "before you choose") || !strings.Contains(page, `type="file"`) {
		t.Errorf("the page asks who is logged in: %s", page)
	}
}

// Retry on the page of a file leads back to it.
func TestRetryReturnsToTheFile(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	page := s.get(t, "/files/raw/bad.csv", "Accept", asBrowser).body
	if want := `name="back" value="files/raw/bad.csv"`; !strings.Contains(page, want) {
		t.Fatalf("no %s in %s", want, page)
	}
	for back, want := range map[string]string{"": "/failed?did=retry&n=0", "https://elsewhere.example/": "/?did=retry&n=0", "files/raw/?x=1": "/files/raw/?did=retry&n=0"} {
		if got := s.do(t, http.MethodPost, "/failed/retry", url.Values{"name": {"good.csv"}, "back": {back}}.Encode(), "Content-Type", form, "Authorization", bearer).Header.Get("Location"); got != want {
			t.Errorf("back to %q: %q, want %q", back, got, want)
		}
	}
	for action, want := range map[string]string{"drop": "/failed?did=drop&n=1", "retry": "/files/raw/bad.csv?did=retry&n=1"} {
		name := map[string]string{"drop": "worse.csv", "retry": "bad.csv"}[action]
		if got := s.do(t, http.MethodPost, "/failed/"+action, url.Values{"name": {name}, "back": {"files/raw/" + name}}.Encode(), "Content-Type", form, "Authorization", bearer).Header.Get("Location"); got != want {
			t.Errorf("%s: %q, want %q", action, got, want)
		}
	}
}

// A form replaces no file unless it says so.
func TestAFormReplacesOnlyWhenAsked(t *testing.T) {
	s := start(t, nil)
	s.put(t, "there.csv", "item_id,quantity\n1,1\n")
	upload := func(replace string) reply {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		if replace != "" {
			_ = w.WriteField("replace", replace)
		}
		part, _ := w.CreateFormFile("file", "there.csv")
		_, _ = part.Write([]byte("item_id,quantity\n2,2\n"))
		_ = w.Close()
		return s.do(t, http.MethodPost, "/upload", b.String(), "Content-Type", w.FormDataContentType(), "Authorization", bearer)
	}
	for _, replace := range []string{"", "0", "1"} {
		r := upload(replace)
		text, err := os.ReadFile(filepath.Join(s.folder, "raw", "there.csv"))
		if err != nil {
			t.Fatal(err)
		}
		replaced := strings.Contains(string(text), "2,2")
		if replaced != (replace == "1") || !replaced && (r.StatusCode != http.StatusPreconditionFailed || !strings.Contains(r.body, "there.csv")) || replaced && r.StatusCode != http.StatusSeeOther {
			t.Errorf("replace=%s: %s, %s", replace, r.Status, r.body)
		}
	}
}

// Answers that net/http gives by itself are problem details, too, and a header is sent once.
func TestAnswersOfNetHTTP(t *testing.T) {
	s := start(t, nil)
	s.put(t, "1.csv", "a\n1\n")
	for where, want := range map[string]string{"/failed": "[GET, HEAD]", "/upload": "[GET, HEAD, POST]", "/files/raw/1.csv": "[GET, HEAD, PUT]", "/failed/retry": "[POST]"} {
		if r := s.do(t, http.MethodDelete, where, ""); r.StatusCode != http.StatusMethodNotAllowed || fmt.Sprint(r.Header.Values("Allow")) != want {
			t.Errorf("%s: %s, %v", where, r.Status, r.Header.Values("Allow"))
		}
	}
	r := s.get(t, "/files/raw/1.csv", "Range", "bytes=100-200")
	var problem struct{ Status int }
	if r.StatusCode != http.StatusRequestedRangeNotSatisfiable || r.Header.Get("Content-Type") != "application/problem+json" || r.Header.Get("Content-Range") != "bytes */4" {
		t.Errorf("a range that is not there: %s %v %s", r.Status, r.Header, r.body)
	}
	if r.decode(t, &problem); problem.Status != http.StatusRequestedRangeNotSatisfiable {
		t.Error(r.body)
	}
	if r := s.get(t, "/files/raw/1.csv", "Range", "bytes=2-2"); r.StatusCode != http.StatusPartialContent || r.body != "1" {
		t.Errorf("a range: %s %s", r.Status, r.body)
	}
	if r := s.get(t, "/files/raw/1.csv", "Range", "bytes=0-0,2-2"); r.StatusCode != http.StatusPartialContent || !strings.Contains(r.body, "bytes 2-2/4") {
		t.Errorf("two ranges: %s %s", r.Status, r.body)
	}
}

// A listing for a spreadsheet is safe to open, and one for a program has the names as they are.
func TestListingsForPrograms(t *testing.T) {
	s := start(t, nil)
	s.put(t, "=1+1.csv", "a\n1\n")
	if body := s.get(t, "/files/raw/?format=csv", "Accept", asBrowser).body; !strings.Contains(body, "\n'=1+1.csv,") {
		t.Errorf("for a spreadsheet: %s", body)
	}
	for _, accept := range []string{"*/*", "text/csv", "application/json"} {
		if body := s.get(t, "/files/raw/?format=csv", "Accept", accept).body; !strings.Contains(body, "\n=1+1.csv,") {
			t.Errorf("for a program that accepts %s: %s", accept, body)
		}
	}
}
