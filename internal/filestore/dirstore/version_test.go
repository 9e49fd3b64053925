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

// A new result may have the time and the size of the old one: those of the same input.
func TestRemoveVersionTellsResultsApart(t *testing.T) {
	s := open(t, t.TempDir())
	put := func() filestore.Info {
		w, err := s.Create(t.Context(), filestore.Processed, "r.csv", &filestore.Info{ModTime: time.Unix(1e9, 0)})
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	first := put()
	second := put()
	for second.ETag == first.ETag { // the file system's clock is coarse
		second = put()
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Processed, first); removed || err != nil {
		t.Errorf("a result that was replaced: removed %v, %v", removed, err)
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Processed, second); !removed || err != nil {
		t.Errorf("the result that is there: removed %v, %v", removed, err)
	}
}

// RemoveVersion removes a symbolic link, and not its target.
func TestRemoveVersionOfALink(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.MkdirAll(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	kept, link := filepath.Join(folder, "kept.csv"), filepath.Join(folder, "raw", "a.csv")
	if err := errors.Join(os.WriteFile(kept, []byte("text"), 0o666), os.Symlink("../kept.csv", link)); err != nil {
		t.Fatal(err)
	}
	i, err := s.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Raw, i); !removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	if _, err := os.Lstat(link); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the link: %v", err)
	}
	if _, err := os.Lstat(kept); err != nil {
		t.Error(err)
	}
}

// RemoveVersion keeps what is published meanwhile, on each kind of file system.
func TestMovingGivesWay(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	for how, move := range map[string]func(from, to string) error{"by a link": s.moveNew, "without links": s.renameNew} {
		if err := errors.Join(os.WriteFile(filepath.Join(folder, "from"), []byte("older"), 0o666), os.WriteFile(filepath.Join(folder, "to"), []byte("newer"), 0o666)); err != nil {
			t.Fatal(err)
		}
		err := move("from", "to")
		if errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		if text, readErr := os.ReadFile(filepath.Join(folder, "to")); !errors.Is(err, os.ErrExist) || readErr != nil || string(text) != "newer" {
			t.Errorf("%s: %v, and there is %q, %v", how, err, text, readErr)
		}
		if err := os.Remove(filepath.Join(folder, "to")); err != nil {
			t.Fatal(err)
		}
		if err := move("from", "to"); err != nil {
			t.Errorf("%s, with none there: %v", how, err)
		}
		if text, err := os.ReadFile(filepath.Join(folder, "to")); err != nil || string(text) != "older" {
			t.Errorf("%s, with none there: %q, %v", how, text, err)
		}
		if _, err := os.Stat(filepath.Join(folder, "from")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the old name: %v", how, err)
		}
	}
}
