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

// RemoveVersion removes a file if it still is the given version, and reports whether it
// was. It renames the file to a temporary name and compares it then, so that it does not
// remove a version that is published meanwhile: it renames that one back. Of a symbolic
// link it removes the link.
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
	_, err = s.inFolder(aside, func() error { return s.root.Rename(target, aside) })
	if err = refused(notThere(err)); errors.Is(err, filestore.ErrFull) { // there is no room for the temporary folder
		return true, s.Remove(ctx, area, version.Name)
	} else if err != nil {
		return false, err
	}
	taken, err := s.root.Lstat(aside)
	if err == nil && unchanged(entry, now, taken) {
		s.forget(area, version.Name)
		return true, refused(s.root.Remove(aside))
	}
	if back := s.moveNew(aside, target); errors.Is(back, fs.ErrExist) { // a newer version has the name
		return false, refused(s.root.Remove(aside))
	} else if back != nil {
		return false, fmt.Errorf("rename %s back: %w", target, refused(back))
	}
	return false, err
}

// unchanged reports whether the renamed file is the entry that had the version. Renaming
// changes only the change time.
func unchanged(entry fs.FileInfo, version filestore.Info, taken fs.FileInfo) bool {
	if !os.SameFile(entry, taken) {
		return false
	}
	return !taken.Mode().IsRegular() || taken.Size() == version.Size && taken.ModTime().Equal(version.ModTime)
}

// moveNew renames a file unless the new name exists: then the error wraps fs.ErrExist. On
// a file system that has neither hard links nor a call for that, it checks first whether
// the name exists.
func (s *Store) moveNew(from, to string) error {
	err := s.root.Link(from, to)
	if err == nil {
		_ = s.root.Remove(from) // if that fails, RemoveStale removes it
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
