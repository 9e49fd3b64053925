package dirstore

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storetest"
)

// withoutAttributes is a folder on a file system without extended attributes, which many network
// volumes are.
func withoutAttributes(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := unix.Mount("none", folder, "ramfs", 0, ""); err != nil {
		t.Skipf("this test needs a file system without extended attributes, which only root may mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	probe := filepath.Join(folder, "probe")
	if err := os.WriteFile(probe, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setxattr(probe, attributeName, []byte("x"), 0); err == nil {
		t.Skip("this kernel's ramfs has extended attributes")
	}
	return folder
}

func TestContractWithoutExtendedAttributes(t *testing.T) {
	storetest.Run(t, func(t *testing.T) filestore.Store { return open(t, withoutAttributes(t)) })
}

// TestANoteIsOfOneResult: one of a result that was replaced by somebody else says nothing of the
// new one, and a removed result leaves none behind.
func TestANoteIsOfOneResult(t *testing.T) {
	folder := withoutAttributes(t)
	s := open(t, folder)
	publish := func(under string) filestore.Info {
		w, err := s.Create(t.Context(), filestore.Processed, "a/r.csv", &filestore.Info{Settings: under})
		if err != nil {
			t.Fatal(err)
		}
		i, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	result := publish("0123456789abcdef")
	if got, err := s.SettingsOf(t.Context(), result); got != "0123456789abcdef" || err != nil {
		t.Fatalf("made under %q, %v", got, err)
	}
	target := filepath.Join(folder, "processed", "a", "r.csv")
	if err := os.Rename(target, target+"-old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := s.SettingsOf(t.Context(), result); got != "" || err != nil {
		t.Errorf("another file of the name: made under %q, %v", got, err)
	}
	if err := s.Remove(t.Context(), filestore.Processed, "a/r.csv"); err != nil {
		t.Fatal(err)
	}
	left := 0
	_ = filepath.WalkDir(filepath.Join(folder, "processed", notes), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left++
		}
		return nil
	})
	if left > 0 {
		t.Errorf("%d notes are left", left)
	}
}
