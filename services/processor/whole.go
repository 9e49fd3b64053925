package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// whole is a file that is written under a temporary name. It appears at its path with commit,
// as a whole, or not at all.
type whole struct {
	*os.File
	path string
}

// begin creates the temporary file. If path is a symbolic link, commit replaces the file that
// it leads to and not the link. A file that is replaced keeps its mode.
func begin(path string) (*whole, error) {
	target, mode := path, os.FileMode(0o666)
	if there, err := filepath.EvalSymlinks(path); err == nil {
		target = there
	}
	fi, err := os.Stat(target)
	if err == nil {
		mode = fi.Mode().Perm()
	}
	f, failed := os.OpenFile(filepath.Join(filepath.Dir(target), ".aggregate-"+rand.Text()), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if failed != nil {
		return nil, fmt.Errorf("write %s: %w", path, failed)
	}
	w := &whole{f, target}
	if err == nil {
		if failed := f.Chmod(mode); failed != nil { // the umask is for new files
			w.abort()
			return nil, fmt.Errorf("write %s: %w", path, failed)
		}
	}
	return w, nil
}

// abort removes the temporary file. After commit it does nothing.
func (w *whole) abort() {
	if w.File == nil {
		return
	}
	_ = w.Close()
	_ = os.Remove(w.Name())
	w.File = nil
}

// commit syncs the file and renames it to its path.
func (w *whole) commit() error {
	defer w.abort()
	err := w.Sync()
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = os.Rename(w.Name(), w.path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	w.File = nil
	folder, err := os.Open(filepath.Dir(w.path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
