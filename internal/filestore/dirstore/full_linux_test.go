package dirstore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"csv-pipeline/internal/filestore"
)

// A file can be removed also where there is no room for the temporary folder.
func TestRemoveVersionMakesRoom(t *testing.T) {
	folder := t.TempDir()
	if err := unix.Mount("none", folder, "tmpfs", 0, "nr_inodes=3"); err != nil {
		t.Skipf("this test needs a file system that is full, which only root may mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	s := open(t, folder)
	if err := errors.Join(os.Mkdir(filepath.Join(folder, "raw"), 0o777), os.WriteFile(filepath.Join(folder, "raw", "a.csv"), nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(t.Context(), filestore.Raw, "b.csv", nil); !errors.Is(err, filestore.ErrFull) {
		t.Fatalf("the file system is not full: %v", err)
	}
	i, err := s.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Raw, i); !removed || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
}
