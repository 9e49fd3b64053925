package dirstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"csv-pipeline/internal/filestore"
)

// RemoveVersion removes a file if it still is the version that info describes, and
// reports whether it was. It takes the file aside and looks what it got, so that a
// version which is published meanwhile stays; one that it took by mistake it puts
// back. Of a symbolic link it removes the link.
func (s *Store) RemoveVersion(ctx context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	now, err := s.Stat(ctx, area, version.Name)
	if err != nil || now.ETag != version.ETag {
		return false, err
	}
	target, aside := at(area, version.Name), path.Join(string(area), temporaries, rand.Text())
	entry, err := s.root.Lstat(target)
	if err != nil {
		return false, notThere(err)
	}
	err = s.root.Rename(target, aside)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.root.MkdirAll(path.Dir(aside), 0o777); err == nil {
			err = s.root.Rename(target, aside)
		}
	}
	if err = refused(notThere(err)); errors.Is(err, filestore.ErrFull) { // it may be removed to make room
		return true, s.Remove(ctx, area, version.Name)
	} else if err != nil {
		return false, err
	}
	taken, err := s.root.Lstat(aside)
	if err == nil && unchanged(entry, now, taken) {
		return true, refused(s.root.Remove(aside))
	}
	if back := s.moveNew(aside, target); errors.Is(back, fs.ErrExist) { // a newer one is there
		return false, refused(s.root.Remove(aside))
	} else if back != nil {
		return false, fmt.Errorf("put %s back: %w", target, refused(back))
	}
	return false, err
}

// unchanged reports whether what was taken aside is the entry that was there, which
// had the version; taking it aside has changed nothing but its change time.
func unchanged(entry fs.FileInfo, version filestore.Info, taken fs.FileInfo) bool {
	if !os.SameFile(entry, taken) {
		return false
	}
	return !taken.Mode().IsRegular() || taken.Size() == version.Size && taken.ModTime().Equal(version.ModTime)
}

// moveNew renames a file unless there is one of the new name: then the error wraps
// fs.ErrExist. A file system that has neither links nor a call for it is asked first
// whether there is one.
func (s *Store) moveNew(from, to string) error {
	err := s.root.Link(from, to)
	if err == nil {
		_ = s.root.Remove(from) // or it is swept
		return nil
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.renameNew(from, to); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	switch _, err := s.root.Lstat(to); {
	case err == nil:
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return s.root.Rename(from, to)
}
