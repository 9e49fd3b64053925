package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/worker"
)

type failureGroup struct {
	Group, Reason, Dataset, Example string
	Files                           int
}

func (s *site) failureGroups(t *testing.T, query string) map[string]failureGroup {
	t.Helper()
	var groups []failureGroup
	s.get(t, "/api/v1/failed/groups"+query).decode(t, &groups)
	byExample := map[string]failureGroup{}
	for _, g := range groups {
		byExample[g.Example] = g
	}
	return byExample
}

func (s *site) failedNames(t *testing.T, query string) []string {
	t.Helper()
	var letters []struct{ Name string }
	s.get(t, "/api/v1/failed"+query).decode(t, &letters)
	names := []string{}
	for _, l := range letters {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return names
}

// Failed files of the same reason and dataset are a group: the page and the API count, filter,
// retry and drop it as one.
func TestFailedFilesAreGroupedByReason(t *testing.T) {
	questions, err := query.Config{Datasets: []query.Dataset{{Name: "shop", Files: []string{"shop/*"}}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions = questions })
	for i := range 3 {
		s.put(t, fmt.Sprintf("bad%d.csv", i), "item_id,quantity\n"+strings.Repeat("1,2\n", i)+"3,seven"+strconv.Itoa(i)+"\n")
	}
	s.put(t, "shop/bad.csv", "item_id,quantity\n1,2\n3,seven7\n")
	s.put(t, "worse.csv", "item,quantity\n1,2\n")
	s.work(t)
	groups := s.failureGroups(t, "")
	if len(groups) != 3 || groups["shop/bad.csv"].Dataset != "shop" || groups["shop/bad.csv"].Reason != "quantity: … is not a number" {
		t.Fatalf("%+v", groups)
	}
	var bad failureGroup
	for _, g := range groups {
		if g.Files == 3 && g.Dataset == "" && g.Reason == "quantity: … is not a number" {
			bad = g
		}
	}
	if bad.Group == "" {
		t.Fatalf("no group of the three: %+v", groups)
	}
	if got := s.failedNames(t, "?group="+bad.Group); !slices.Equal(got, []string{"bad0.csv", "bad1.csv", "bad2.csv"}) {
		t.Errorf("the group has %q", got)
	}
	if got := s.failedNames(t, "?q=SHOP"); !slices.Equal(got, []string{"shop/bad.csv"}) {
		t.Errorf("a search finds %q", got)
	}
	page := s.get(t, "/failed?q=bad", "Accept", asBrowser, "Authorization", bearer).body
	expectParts(t, page, `name="group" value="`+bad.Group+`"`, "Retry 3", "Drop 3", "quantity: … is not a number", "Retry 4 files shown", "Drop 4 files shown", ">shop<",
		`href="/files/raw/shop/bad.csv#reading"`)
	if strings.Contains(page, "worse.csv") {
		t.Error("the page shows a file that does not match")
	}
	until := regexp.MustCompile(`name="until" value="([^"]*)"`).FindStringSubmatch(page)[1]

	// A file that fails after the page was made is not dropped by its button.
	s.put(t, "bad3.csv", "item_id,quantity\n1,2\n3,late9\n")
	s.work(t)
	r := s.do(t, http.MethodPost, "/failed/drop", url.Values{"group": {bad.Group}, "until": {until}, "q": {"d1"}}.Encode(), "Content-Type", form, "Authorization", bearer)
	if got := r.Header.Get("Location"); got != "/failed?did=drop&n=1" {
		t.Errorf("dropping those of a group that match a search: %s %q", r.Status, got)
	}
	r = s.do(t, http.MethodPost, "/failed/drop", url.Values{"group": {bad.Group}, "until": {until}}.Encode(), "Content-Type", form, "Authorization", bearer)
	if got := r.Header.Get("Location"); got != "/failed?did=drop&n=2" {
		t.Errorf("dropping a group: %s %q", r.Status, got)
	}
	if got := s.failedNames(t, ""); !slices.Equal(got, []string{"bad3.csv", "shop/bad.csv", "worse.csv"}) {
		t.Errorf("left are %q", got)
	}
	if r := s.do(t, http.MethodPost, "/failed/retry", url.Values{"all": {"1"}, "of": {bad.Group}, "until": {"soon"}}.Encode(), "Content-Type", form, "Authorization", bearer); r.StatusCode != http.StatusBadRequest {
		t.Errorf("until=soon: %s", r.Status)
	}
	// Boxes that are ticked are meant by themselves, whatever the page was filtered by.
	r = s.do(t, http.MethodPost, "/failed/retry", url.Values{"name": {"worse.csv"}, "of": {bad.Group}, "q": {"bad"}, "until": {until}}.Encode(), "Content-Type", form, "Authorization", bearer)
	if got := r.Header.Get("Location"); got != "/failed?did=retry&n=1" {
		t.Errorf("retrying one: %s %q", r.Status, got)
	}
	if got := s.do(t, http.MethodPost, "/api/v1/failed/retry", `{"q":"not a NUMBER"}`, "Authorization", bearer).body; got != "{\"files\":2}\n" {
		t.Errorf("retrying all that match: %s", got)
	}
}

// The menu says how many files failed and wait, also right after an action.
func TestTheMenuCounts(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	page := s.get(t, "/trends", "Accept", asBrowser).body
	if !strings.Contains(page, `<b title="2">2</b>`) {
		t.Errorf("the menu does not count 2 failed files: %s", page)
	}
	s.do(t, http.MethodPost, "/api/v1/failed/retry", `{"names":["bad.csv"]}`, "Authorization", bearer)
	page = s.get(t, "/trends", "Accept", asBrowser).body
	if !strings.Contains(page, `<b title="1">1</b>`) || !strings.Contains(page, `<b title="1 waiting">1</b>`) {
		t.Errorf("the menu does not count what was done: %s", page)
	}
}

// Who may not read is not told how many files there are.
func TestTheMenuDoesNotCountForEverybody(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	guard, err := auth.Config{TokenFile: secret, Read: true}.Guard()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Guard = guard })
	s.put(t, "bad.csv", "item_id,quantity\n3,seven\n")
	s.do(t, http.MethodPut, "/files/raw/worse.csv", "x\n", "Authorization", bearer)
	s.get(t, "/api/v1/status", "Authorization", bearer) // lists the files
	for _, where := range []string{"/login", "/nothing"} {
		if page := s.get(t, where, "Accept", asBrowser).body; strings.Contains(page, "<b title=") {
			t.Errorf("%s counts: %s", where, page)
		}
	}
}

// A failed file is replaced on the page of failed files, whatever the new one is named.
func TestAFailedFileIsReplacedWhereItIsShown(t *testing.T) {
	s := start(t, nil)
	s.put(t, "shop/50%41 &.csv", "item_id,quantity\n3,seven\n")
	s.work(t)
	page := s.get(t, "/failed", "Accept", asBrowser, "Authorization", bearer).body
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, field := range []string{"replace", "as", "back"} {
		value := regexp.MustCompile(`form="replace0" name="` + field + `" value="([^"]*)"`).FindStringSubmatch(page)
		if value == nil {
			t.Fatalf("the page has no field %s: %s", field, page)
		}
		_ = w.WriteField(field, strings.ReplaceAll(value[1], "&amp;", "&"))
	}
	file, _ := w.CreateFormFile("file", "corrected.csv")
	_, _ = file.Write([]byte("item_id,quantity\n3,7\n"))
	_ = w.Close()
	r := s.do(t, http.MethodPost, "/upload", body.String(), "Content-Type", w.FormDataContentType(), "Authorization", bearer)
	if got := r.Header.Get("Location"); got != "/failed?did=upload&n=1" {
		t.Fatalf("%s to %q: %s", r.Status, got, r.body)
	}
	s.work(t)
	if text, err := os.ReadFile(filepath.Join(s.folder, "processed", "shop", "50%41 &_aggregated_sales.csv")); err != nil || !strings.Contains(string(text), "3,7") {
		t.Errorf("%q, %v", text, err)
	}
	if got := s.failedNames(t, ""); len(got) != 0 {
		t.Errorf("failed are %q", got)
	}
}

// A page of very many failed files has a bounded size, and a program gets them all.
func TestManyFailedFiles(t *testing.T) {
	const files = 2500
	s := start(t, nil)
	names := make([]string, files)
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
		reason := "a reason that no other file has: " + strings.Repeat("x", len(claim.Name)) + claim.Name[:4] + "x"
		if _, err := claim.Fail(t.Context(), queue.Failure{Reason: reason, Kind: queue.KindMalformed, Version: "v"}); err != nil {
			t.Fatal(err)
		}
	}
	page := s.get(t, "/failed", "Accept", asBrowser, "Authorization", bearer).body
	expectParts(t, page, "2,450 more reasons are not shown", "1–50 of 2,500")
	if len(page) > 300_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	r := s.get(t, "/api/v1/failed")
	var letters []json.RawMessage
	if r.decode(t, &letters); len(letters) != files || r.Header.Get("X-Total-Count") != "2500" {
		t.Errorf("a program gets %d, of %s", len(letters), r.Header.Get("X-Total-Count"))
	}
	if got := s.failedNames(t, "?q=0017x"); !slices.Equal(got, []string{"0017.csv"}) {
		t.Errorf("a search finds %q", got)
	}
	if r := s.do(t, http.MethodPost, "/api/v1/failed/retry", `{"all":true,"until":"`+time.Now().Add(time.Hour).Format(time.RFC3339)+`"}`, "Authorization", bearer); r.body != "{\"files\":2500}\n" {
		t.Errorf("%s %s", r.Status, r.body)
	}
}

// The pages know of a try as soon as they know of the failure: what they say of it fits together.
func TestATryIsShownWithItsFailure(t *testing.T) {
	s := start(t, nil)
	for i := range 30 {
		name := fmt.Sprintf("bad%d.csv", i)
		s.put(t, name, "item_id,quantity\n1,seven\n")
		if err := s.queue.Push(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		w := &worker.Worker{Name: "w1", Queue: s.queue, Store: s.store, Questions: s.questions, Log: zap.NewNop()}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := s.get(t, "/failed?q="+name, "Accept", asBrowser).body
		if !strings.Contains(page, "1 try on record") {
			t.Fatalf("the page of failed files shows no try of %s", name)
		}
		var file struct{ Attempts []struct{ Outcome string } }
		s.get(t, "/files/raw/"+name+"?format=json").decode(t, &file)
		if len(file.Attempts) != 1 {
			t.Fatalf("%s has failed, and %d attempts are shown", name, len(file.Attempts))
		}
		var status struct {
			Failed      int
			LastProblem struct{ Name string }
		}
		s.get(t, "/api/v1/status").decode(t, &status)
		if status.Failed != i+1 || status.LastProblem.Name != name {
			t.Fatalf("%d files failed, want %d; the last problem is of %q, want %q", status.Failed, i+1, status.LastProblem.Name, name)
		}
	}
}
