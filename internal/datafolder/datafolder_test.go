package datafolder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func occupy(t *testing.T, folder string) *Folder {
	t.Helper()
	f, err := Occupy(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Leave() })
	return f
}

func TestASecondOneIsKeptOutAndToldWhoIsThere(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new")
	if _, err := Find(folder); !errors.Is(err, ErrFree) {
		t.Errorf("a folder that is not there: %v", err)
	}
	first := occupy(t, folder)
	if _, err := Occupy(folder); !errors.Is(err, ErrInUse) {
		t.Errorf("before the first one has said who it is: %v", err)
	}
	p := Process{PID: 4711, Page: "http://127.0.0.1:8080", Redis: "127.0.0.1:6379", Password: "secret"}
	if err := first.Announce(p); err != nil {
		t.Fatal(err)
	}
	if _, err := Occupy(folder); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "pid 4711") || strings.Contains(err.Error(), "secret") {
		t.Errorf("a second one: %v", err)
	}
	if got, err := Find(folder); got != p || err != nil {
		t.Errorf("found %+v, %v, want %+v", got, err, p)
	}
	if err := first.Leave(); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(folder); !errors.Is(err, ErrFree) {
		t.Errorf("after it left: %v", err)
	}
	occupy(t, folder)
}

// TestOneThatWasKilledIsForgotten: it could not say that it left.
func TestOneThatWasKilledIsForgotten(t *testing.T) {
	folder := t.TempDir()
	killed := occupy(t, folder)
	if err := killed.Announce(Process{PID: 4711}); err != nil {
		t.Fatal(err)
	}
	if err := killed.lock.Close(); err != nil { // as the system does
		t.Fatal(err)
	}
	occupy(t, folder)
	if p, err := Find(folder); !errors.Is(err, ErrFree) {
		t.Errorf("found %+v, %v", p, err)
	}
}

func TestTheTokenStaysAndIsItsOwnersAlone(t *testing.T) {
	folder := t.TempDir()
	f := occupy(t, folder)
	if err := f.Announce(Process{}); err != nil {
		t.Fatal(err)
	}
	first, path, err := f.Token()
	if err != nil || len(first) < minToken {
		t.Fatalf("the token %q, %v", first, err)
	}
	if text, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(text)) != first {
		t.Errorf("the file holds %q, %v", text, err)
	}
	err = filepath.WalkDir(filepath.Join(folder, hidden), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err == nil && fi.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may use %s: %v", path, fi.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if again, _, err := f.Token(); again != first || err != nil {
		t.Errorf("asked again it is %q, %v", again, err)
	}
	for name, spoil := range map[string]func() error{
		"readable by others": func() error { return os.Chmod(path, 0o644) },
		"too short":          func() error { return os.WriteFile(path, []byte("x\n"), 0o600) },
	} {
		before, _, err := f.Token()
		if err := errors.Join(err, spoil()); err != nil {
			t.Fatal(err)
		}
		after, _, err := f.Token()
		fi, statErr := os.Stat(path)
		if err != nil || statErr != nil || after == before || len(after) < minToken || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: it is %q after %q, %v, %v", name, after, before, fi.Mode(), errors.Join(err, statErr))
		}
	}
}
