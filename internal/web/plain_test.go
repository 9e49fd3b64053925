package web_test

import (
	"bytes"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/query"
)

// filesForm is a form with fields and then files, each given as name and text in turn.
func filesForm(t *testing.T, fields map[string]string, files ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i+1 < len(files); i += 2 {
		part, err := w.CreateFormFile("file", files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// A file that is refused does not keep the others of a form from being stored, and the answer names them all.
func TestAFormStoresWhatItCan(t *testing.T) {
	s := start(t, nil)
	s.put(t, "there.csv", "item_id,quantity\n1,1\n")
	const text = "item_id,quantity\n5,6\n"
	body, kind := filesForm(t, map[string]string{"beginning": "1"}, "there.csv", text, "no.exe", text, "large.csv", strings.Repeat("x", 1<<20+1), "<b>.csv", text, "two.csv", text)
	stored := func() (names []string) {
		t.Helper()
		for _, name := range []string{"<b>.csv", "two.csv", "no.exe", "large.csv"} {
			if _, err := os.Stat(filepath.Join(s.folder, "raw", name)); err == nil {
				names = append(names, name)
			}
		}
		return names
	}
	r := s.do(t, http.MethodPost, "/upload", body, "Content-Type", kind, "Authorization", bearer, "Accept", asBrowser)
	if got := stored(); r.StatusCode != http.StatusPreconditionFailed || !slices.Equal(got, []string{"<b>.csv", "two.csv"}) {
		t.Errorf("%s, stored are %q", r.Status, got)
	}
	expectParts(t, r.body, "Not stored: there.csv (a file of this name exists), no.exe (", "large.csv (a file may have at most 1.0 MiB); stored: &lt;b&gt;.csv, two.csv",
		`href="/upload">Back to the page`)
	if text, err := os.ReadFile(filepath.Join(s.folder, "raw", "there.csv")); err != nil || !strings.Contains(string(text), "1,1") {
		t.Errorf("it was replaced: %q, %v", text, err)
	}
	// For a program, and of a form that is cut off.
	body, kind = filesForm(t, nil, "there.csv", text, "no.exe", text, "four.csv", text, "five.csv", text)
	r = s.do(t, http.MethodPost, "/upload", body[:strings.Index(body, "four.csv")+70], "Content-Type", kind, "Authorization", bearer)
	var problem struct{ Detail string }
	r.decode(t, &problem)
	if r.StatusCode != http.StatusPreconditionFailed || !strings.Contains(problem.Detail, "not stored: there.csv (a file of this name exists), no.exe (") || !strings.HasSuffix(problem.Detail, "), four.csv (the upload was cut off) and all after it") {
		t.Errorf("%s: %s", r.Status, problem.Detail)
	}
	body, kind = filesForm(t, nil, "there.csv", text, "three.csv", text)
	s.do(t, http.MethodPost, "/upload", body, "Content-Type", kind, "Authorization", bearer).decode(t, &problem)
	if problem.Detail != "not stored: there.csv (a file of this name exists); stored: three.csv" {
		t.Error(problem.Detail)
	}
}

// A browser is asked before it drops failed files, unless its script has asked.
func TestDropAsks(t *testing.T) {
	s := start(t, nil)
	odd := "50%41 +&<b>.csv"
	for _, name := range []string{"bad.csv", "good/bad.csv", odd} {
		s.put(t, name, "item_id,quantity\n3,seven\n")
	}
	s.work(t)
	drop := func(body url.Values) reply {
		return s.do(t, http.MethodPost, "/failed/drop", body.Encode(), "Content-Type", form, "Authorization", bearer, "Accept", asBrowser)
	}
	field := regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	answer := func(page string) url.Values {
		body := url.Values{"sure": {"1"}}
		for _, m := range field.FindAllStringSubmatch(page, -1) {
			body.Add(m[1], html.UnescapeString(m[2]))
		}
		return body
	}
	one := drop(url.Values{"name": {url.PathEscape(odd)}, "until": {""}, "q": {""}})
	if got := s.failedNames(t, ""); one.StatusCode != http.StatusOK || len(got) != 3 {
		t.Fatalf("%s, left are %q", one.Status, got)
	}
	expectParts(t, one.body, "Delete 50%41 +&amp;&lt;b&gt;.csv from raw/ and from the list of failed files?")
	if r := drop(answer(one.body)); r.Header.Get("Location") != "/failed?did=drop&n=1" {
		t.Errorf("%s to %q", r.Status, r.Header.Get("Location"))
	}
	some := drop(url.Values{"all": {"1"}, "q": {"good/"}})
	expectParts(t, some.body, "Delete 1 file from raw/")
	if r := drop(answer(some.body)); r.Header.Get("Location") != "/failed?did=drop&n=1" {
		t.Errorf("%s to %q", r.Status, r.Header.Get("Location"))
	}
	if got := s.failedNames(t, ""); !slices.Equal(got, []string{"bad.csv"}) {
		t.Errorf("left are %q", got)
	}
}

// Of a long file a form without JavaScript tries the beginning, and the page says how much that is.
func TestTheFormTriesTheBeginning(t *testing.T) {
	s := asking(t, query.Spec{GroupBy: []string{"item"}, Aggregate: []string{"sum(price) as total"}})
	long := "item,price\n" + strings.Repeat("apple,1\n", 1<<20)
	body, kind := filesForm(t, map[string]string{"beginning": "1"}, "long.csv", long, "short.csv", "item,price\npear,7\n")
	r := s.do(t, http.MethodPost, "/upload/preview", body, "Content-Type", kind, "Accept", asBrowser)
	if r.StatusCode != http.StatusOK {
		t.Fatal(r.Status, r.body)
	}
	expectParts(t, r.body, "Only the beginning of the file was tried, its first 4.0 MiB.", "apple</td>", "pear</td>")
	if n := strings.Count(r.body, "Only the beginning"); n != 1 {
		t.Errorf("it is said of %d files", n)
	}
	body, kind = filesForm(t, nil, "long.csv", long)
	if r := s.do(t, http.MethodPost, "/upload/preview", body, "Content-Type", kind, "Accept", asBrowser); r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a form that does not say so: %s", r.Status)
	}
	if page := s.get(t, "/upload", "Accept", asBrowser).body; strings.Index(page, `name="beginning" value="1"`) > strings.Index(page, `type="file"`) || !strings.Contains(page, `name="beginning"`) {
		t.Error("the form does not say so before the files")
	}
}

// A second file does not take the place of a file for which the first was refused.
func TestOneFileInPlaceOfAnother(t *testing.T) {
	s := start(t, nil)
	body, kind := filesForm(t, map[string]string{"as": "one.csv"}, "large.csv", strings.Repeat("x", 1<<20+1), "two.csv", "item_id,quantity\n5,6\n")
	r := s.do(t, http.MethodPost, "/upload", body, "Content-Type", kind, "Authorization", bearer)
	if _, err := os.Stat(filepath.Join(s.folder, "raw", "one.csv")); err == nil || r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("%s, stored: %v", r.Status, err == nil)
	}
}
