package web_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/sweep"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/web/api"
)

// TestResultsMadeUnderOtherSettingsAreShownAsSuch, in lists and on their own pages.
func TestResultsMadeUnderOtherSettingsAreShownAsSuch(t *testing.T) {
	current, err := query.Config{Spec: query.Spec{GroupBy: []string{"item_id"}, Aggregate: []string{"count(*)"}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions = current })
	s.put(t, "old.csv", "item_id,quantity\n1,2\n")
	s.work(t) // with the settings of before
	s.questions = current
	s.put(t, "new.csv", "item_id,quantity\n1,2\n")
	s.work(t)
	s.put(t, "copied.csv", "item_id,quantity\n1,2\n")
	input, err := os.Stat(filepath.Join(s.folder, "raw", "copied.csv"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(s.folder, "processed", "copied_aggregated_sales.csv")
	if err := os.WriteFile(copied, []byte("item_id,count\n1,1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(copied, time.Time{}, input.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}

	want := map[string]string{"old": api.SettingsOther, "new": api.SettingsCurrent, "copied": api.SettingsUnknown}
	var listed []api.File
	if err := json.Unmarshal([]byte(s.get(t, "/api/v1/files/processed").body), &listed); err != nil || len(listed) != len(want) {
		t.Fatal(listed, err)
	}
	for _, f := range listed {
		name := strings.TrimSuffix(f.Name, "_aggregated_sales.csv")
		if f.Settings != want[name] {
			t.Errorf("in the list %s was made under %q settings, want %q", name, f.Settings, want[name])
		}
		var detail api.FileDetail
		if err := json.Unmarshal([]byte(s.get(t, "/api/v1/files/processed/"+f.Name).body), &detail); err != nil || detail.Settings != want[name] {
			t.Errorf("by itself %s was made under %q settings, want %q: %v", name, detail.Settings, want[name], err)
		}
		page := s.get(t, "/files/processed/"+f.Name, "Accept", asBrowser).body
		if got := strings.Contains(page, "made with other settings"); got != (name == "old") {
			t.Errorf("the page of %s says so: %v", name, got)
		}
	}
	if n := strings.Count(s.get(t, "/files/processed/?format=html", "Accept", asBrowser).body, "made with other settings"); n != 1 {
		t.Errorf("the list says it of %d results, want 1", n)
	}
	if table := s.get(t, "/files/processed/?format=csv").body; strings.Count(table, ",other,") != 1 || strings.Count(table, ",current,") != 1 || strings.Count(table, ",unknown,") != 1 {
		t.Errorf("as CSV the list is %s", table)
	}
}

func TestThePageSaysWhyAFileWasTriedAgainAndWhatWasFound(t *testing.T) {
	s := start(t, nil)
	s.put(t, "mended.csv", "item_id;quantity\n1;1,5\n")
	s.put(t, "broken.csv", "item_id;quantity\n1;many\n")
	s.work(t)
	var err error
	if s.questions, err = (query.Config{Spec: query.Spec{Input: dialect.Settings{DecimalChar: ","}}}).Compile(); err != nil {
		t.Fatal(err)
	}
	if _, err := (&sweep.Sweeper{Catalog: s.files, Store: s.store, Queue: s.queue, Log: zap.NewNop(), Questions: s.questions}).Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.work(t)
	for _, name := range []string{"mended.csv", "broken.csv"} {
		var detail api.FileDetail
		for len(detail.Attempts) < 2 { // a view of the queue may be a little older
			if err := json.Unmarshal([]byte(s.get(t, "/api/v1/files/raw/"+name).body), &detail); err != nil {
				t.Fatal(err)
			}
		}
		last := detail.Attempts[0]
		if last.Cause != "settings" || last.Found != `delimiter ";"` {
			t.Errorf("the last attempt on %s was %+v", name, last)
		}
		page := s.get(t, "/files/raw/"+name, "Accept", asBrowser).body
		if strings.Count(page, "It had failed, and was tried again because the settings changed.") != 1 || strings.Count(page, "Found: delimiter &#34;;&#34;") != 2 {
			t.Errorf("the page of %s is %s", name, page)
		}
	}
	if page := s.get(t, "/failed", "Accept", asBrowser).body; strings.Count(page, "tried again because the settings changed, and failed again") != 1 {
		t.Errorf("the page of what failed is %s", page)
	}
	var letters []api.DeadLetter
	question, _ := s.questions.For("broken.csv")
	if err := json.Unmarshal([]byte(s.get(t, "/api/v1/failed").body), &letters); err != nil || len(letters) != 1 || !letters[0].TriedAgain || letters[0].Settings != question.AllSettings() {
		t.Errorf("the dead letters are %+v, %v", letters, err)
	}
}

// TestRejectedRowsAreThoseOfTheResult: rows that an earlier result left out are not shown beside one that counts them.
func TestRejectedRowsAreThoseOfTheResult(t *testing.T) {
	s := start(t, func(*web.Config) {})
	ask := func(aggregate, onBadRow string) {
		t.Helper()
		var err error
		s.questions, err = query.Config{Spec: query.Spec{Input: dialect.Settings{OnBadRow: onBadRow, MaxBadShare: 0.9}, GroupBy: []string{"item_id"}, Aggregate: []string{aggregate}}}.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.queue.Push(t.Context(), "some.csv"); err != nil {
			t.Fatal(err)
		}
		s.work(t)
	}
	s.put(t, "some.csv", "item_id,quantity\n1,2\n2,two\n")
	for _, of := range []struct {
		aggregate, onBadRow string
		shown               bool
	}{{"sum(quantity)", "skip", true}, {"count(*)", "fail", false}, {"max(quantity)", "fail", false}, {"sum(quantity)", "skip", true}} {
		ask(of.aggregate, of.onBadRow)
		for _, page := range []string{"/files/raw/some.csv", "/files/processed/some_aggregated_sales.csv"} {
			if shown := strings.Contains(s.get(t, page, "Accept", asBrowser).body, "some_rejected.csv"); shown != of.shown {
				t.Errorf("%s, %s: %s shows the rejected rows: %v", of.aggregate, of.onBadRow, page, shown)
			}
		}
	}
}
