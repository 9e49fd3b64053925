package dirstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storetest"
)

func open(t *testing.T, folder string) *Store {
	t.Helper()
	s, err := Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) filestore.Store { return open(t, t.TempDir()) })
}

// Kernels before 5.6, and some sandboxes, have no openat2.
func TestContractWithoutDirectOpening(t *testing.T) {
	storetest.Run(t, func(t *testing.T) filestore.Store {
		s := open(t, t.TempDir())
		s.direct.close()
		s.direct = nil
		return s
	})
}

func TestNothingLeavesTheFolder(t *testing.T) {
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.csv"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	s := open(t, folder)
	for _, dir := range []string{"raw", "processed"} {
		if err := os.Mkdir(filepath.Join(folder, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"raw/file.csv": filepath.Join(outside, "secret.csv"), "raw/dir": outside,
		"raw/up.csv": "../../" + filepath.Base(outside) + "/secret.csv", "raw/loop.csv": "loop.csv",
	} {
		if err := os.Symlink(target, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"file.csv", "dir/secret.csv", "up.csv", "loop.csv"} {
		if f, err := s.Open(t.Context(), filestore.Raw, name); err == nil {
			_ = f.Close()
			t.Errorf("%s could be opened", name)
		}
		if _, err := s.Stat(t.Context(), filestore.Raw, name); err == nil {
			t.Errorf("%s could be looked at", name)
		}
	}
	w, err := s.Create(t.Context(), filestore.Raw, "dir/new.csv", nil)
	if err == nil {
		_, err = w.Commit()
	}
	if !errors.Is(err, filestore.ErrInvalidName) {
		t.Errorf("a file written through a link to outside: %v, want ErrInvalidName", err)
	}
	for info, err := range s.List(t.Context(), filestore.Raw) {
		t.Errorf("the listing shows %+v, %v", info, err)
	}
}

func TestNamedPipeIsNoFile(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.Mkdir(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "raw/pipe.csv"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), filestore.Raw, "pipe.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("opening a named pipe: %v", err)
	}
}

// The time may be before that of the result it replaces: an input that was replaced by an
// older file is another input.
func TestResultHasItsInputsTimeAndATouchedInputIsAnother(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.Mkdir(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	raw := filepath.Join(folder, "raw/a.csv")
	if err := os.WriteFile(raw, []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 789, time.UTC)
	for _, when := range []time.Time{time.Now(), old} {
		if err := os.Chtimes(raw, when, when); err != nil {
			t.Fatal(err)
		}
		in, err := s.Stat(t.Context(), filestore.Raw, "a.csv")
		if err != nil {
			t.Fatal(err)
		}
		if earlier, err := s.Stat(t.Context(), filestore.Processed, "r.csv"); err == nil && earlier.MadeFrom(in) {
			t.Error("the earlier result passes for one of the older input")
		}
		w, err := s.Create(t.Context(), filestore.Processed, "r.csv", &in)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := w.Commit(); err != nil || !r.MadeFrom(in) || !r.ModTime.Equal(when) {
			t.Errorf("result %+v of input %+v, %v", r, in, err)
		}
	}
}

func TestStoreThatWasRemovedTakesNothing(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	s := open(t, folder)
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("a new store: %v", err)
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if w, err := s.Create(t.Context(), filestore.Raw, "a.csv", nil); err == nil {
		w.Abort()
		t.Error("a file was begun in a folder that is gone")
	}
}

// A listing has each file once, also in folders that are read in several parts, and ends
// when the caller stops.
func TestListingOfLargeFolders(t *testing.T) {
	folder := t.TempDir()
	want := map[string]bool{}
	for _, below := range []string{"", "a/", "a/b/", "c/"} {
		if err := os.MkdirAll(filepath.Join(folder, "raw", below), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range 3 * atOnce / 2 {
			name := below + strconv.Itoa(i) + ".csv"
			if err := os.WriteFile(filepath.Join(folder, "raw", name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
			want[name] = true
		}
	}
	s := open(t, folder)
	seen := map[string]bool{}
	for info, err := range s.List(t.Context(), filestore.Raw) {
		if err != nil || seen[info.Name] || !want[info.Name] {
			t.Fatalf("%q, seen before: %t, %v", info.Name, seen[info.Name], err)
		}
		seen[info.Name] = true
	}
	if len(seen) != len(want) {
		t.Errorf("%d files, want %d", len(seen), len(want))
	}
	taken := 0
	for _, err := range s.List(t.Context(), filestore.Raw) {
		if err != nil {
			t.Fatal(err)
		}
		if taken++; taken == atOnce+1 {
			break
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, last = range s.List(ctx, filestore.Raw) {
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("after a cancel: %v", last)
	}
}
