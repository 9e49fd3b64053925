package dirstore

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"csv-pipeline/internal/filestore"
)

// TestLinksWithinTheFolderAreFollowed: TestNothingLeavesTheFolder tests those that lead out.
func TestLinksWithinTheFolderAreFollowed(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.MkdirAll(filepath.Join(folder, "raw", "2022"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "raw", "2022", "a.csv"), []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("2022/a.csv", filepath.Join(folder, "raw", "latest.csv")); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for i, err := range s.List(t.Context(), filestore.Raw) {
		if err != nil || i.Size != 4 {
			t.Errorf("%+v, %v", i, err)
		}
		listed = append(listed, i.Name)
	}
	slices.Sort(listed)
	if want := []string{"2022/a.csv", "latest.csv"}; !slices.Equal(listed, want) {
		t.Errorf("listed %q, want %q", listed, want)
	}
	if i, err := s.Stat(t.Context(), filestore.Raw, "latest.csv"); err != nil || i.Size != 4 {
		t.Errorf("%+v, %v", i, err)
	}
	f, err := s.Open(t.Context(), filestore.Raw, "latest.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := io.ReadAll(f); string(text) != "text" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

// TestErrorsOfNames: whoever uses a store knows no errors of a file system.
func TestErrorsOfNames(t *testing.T) {
	folder := t.TempDir()
	s := open(t, folder)
	if err := os.Mkdir(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(folder, "raw", "loop")); err != nil {
		t.Fatal(err)
	}
	for _, exclusive := range []bool{false, true} {
		w, err := s.Create(t.Context(), filestore.Raw, "loop/new.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		if exclusive {
			w.Exclusive()
		}
		if _, err := w.Commit(); !errors.Is(err, filestore.ErrInvalidName) {
			t.Errorf("through a link in a circle: %v, want ErrInvalidName", err)
		}
	}
	if _, err := s.Stat(t.Context(), filestore.Raw, "loop/new.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("through a link in a circle: %v, want ErrNotExist", err)
	}
	// No name that CheckName takes is too long here; on some file systems one of 144 bytes is.
	long := &fs.PathError{Op: "openat", Path: "raw/long.csv", Err: syscall.ENAMETOOLONG}
	for _, err := range []error{notThere(long), unusable(long)} {
		if !errors.Is(err, filestore.ErrInvalidName) {
			t.Errorf("too long: %v, want ErrInvalidName", err)
		}
	}
}
