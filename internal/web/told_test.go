package web_test

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A table that is cut says of how many columns.
func TestWideTablesSayWhatIsCut(t *testing.T) {
	s := start(t, nil)
	s.put(t, "wide.csv", strings.Repeat("a,", 2001)+"a\n"+strings.Repeat("1,", 2001)+"1\n")
	s.put(t, "narrow.csv", "a,b\n1,2\n")
	for name, want := range map[string]string{"wide.csv": "<h2>1 row, the first 200 of 2,002 columns</h2>", "narrow.csv": "<h2>1 row</h2>"} {
		if page := s.get(t, "/files/raw/"+name, "Accept", asBrowser).body; !strings.Contains(page, want) {
			t.Errorf("%s: no %q in\n%.20000s", name, want, page)
		}
	}
}

// An archive says which files are not in it.
func TestArchivesSayWhatIsMissing(t *testing.T) {
	s := start(t, nil)
	s.put(t, "good.csv", "a\n1\n")
	if err := os.WriteFile(filepath.Join(s.folder, "raw", "odd\tname.csv"), []byte("a\n1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for what, r := range map[string]reply{
		"all":    s.get(t, "/files/raw/?format=zip"),
		"chosen": s.do(t, "POST", "/files/raw/", "name=good.csv&name=odd%09name.csv&name=gone.csv", "Content-Type", "application/x-www-form-urlencoded"),
	} {
		z, err := zip.NewReader(strings.NewReader(r.body), int64(len(r.body)))
		if err != nil || len(z.File) != 2 || z.File[0].Name != "good.csv" {
			t.Errorf("%s: %v, %+v", what, err, z)
			continue
		}
		list, err := z.Open("NOT IN THIS ARCHIVE.txt")
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		text, _ := io.ReadAll(list)
		if !strings.Contains(string(text), "control character") || strings.Contains(string(text), "gone.csv: there is no such file") != (what == "chosen") {
			t.Errorf("%s: %s", what, text)
		}
	}
	if r := s.get(t, "/files/raw/?format=zip&q=good"); strings.Contains(r.body, "NOT IN") {
		t.Error("a whole archive says that something is missing")
	}
}

// Files that are not queued yet wait, too: the tile and the bar have one number.
func TestFilesThatAreNotQueuedYetWait(t *testing.T) {
	s := start(t, nil)
	for i := range 3 {
		s.put(t, fmt.Sprintf("%d.csv", i), "item_id,quantity\n")
	}
	page := s.get(t, "/", "Accept", asBrowser).body
	for _, want := range []string{"3 files left", `>Waiting</a></dt><dd>3</dd><dd class="note"`, "3 not queued yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if err := s.queue.Push(t.Context(), "0.csv"); err != nil {
		t.Fatal(err)
	}
	var status struct{ Waiting, Unqueued int }
	s.get(t, "/api/v1/status").decode(t, &status)
	if status.Waiting != 1 || status.Unqueued != 2 {
		t.Errorf("%+v", status)
	}
}
