package dirstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
)

func TestRemoveVersionRemovesNoOther(t *testing.T) {
	folder := t.TempDir()
	store, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	file := filepath.Join(folder, "raw", "2022", "a.csv")
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(text string, at time.Time) filestore.Info {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
		i, err := store.Stat(t.Context(), filestore.Raw, "2022/a.csv")
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	day := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	first := write("first", day)
	second := write("other", day.Add(time.Second))
	if removed, err := store.RemoveVersion(t.Context(), filestore.Raw, first); removed || err != nil {
		t.Errorf("a version that was replaced: removed %v, %v", removed, err)
	}
	if now, err := store.Stat(t.Context(), filestore.Raw, "2022/a.csv"); err != nil || now != second {
		t.Errorf("the newer version is %+v, %v, and was %+v", now, err, second)
	}
	if removed, err := store.RemoveVersion(t.Context(), filestore.Raw, second); !removed || err != nil {
		t.Errorf("the version that is there: removed %v, %v", removed, err)
	}
	if _, err := store.RemoveVersion(t.Context(), filestore.Raw, second); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("a file that is gone: %v", err)
	}
	if _, err := store.RemoveVersion(t.Context(), filestore.Raw, filestore.Info{Name: "../x.csv"}); !errors.Is(err, filestore.ErrInvalidName) {
		t.Errorf("a name outside: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, "raw", temporaries, "*")); err != nil || len(left) != 0 {
		t.Errorf("it leaves %q, %v", left, err)
	}
}

// TestPutBackGivesWay: a newer file that came meanwhile stays.
func TestPutBackGivesWay(t *testing.T) {
	folder := t.TempDir()
	store, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, text := range map[string]string{"aside": "older", "target": "newest"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.putBack("aside", "target"); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "target")); err != nil || string(text) != "newest" {
		t.Errorf("the target is %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "aside")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was aside is still there: %v", err)
	}
}
