package dirstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"csv-pipeline/internal/filestore"
)

// RemoveVersion removes a file if it still is the version that info describes, and
// reports whether it was. It takes the file aside before it looks, so that a version
// which is published meanwhile stays; one that it took aside by mistake it puts back.
func (s *Store) RemoveVersion(_ context.Context, area filestore.Area, version filestore.Info) (bool, error) {
	if err := filestore.CheckName(version.Name); err != nil {
		return false, err
	}
	target, aside := at(area, version.Name), path.Join(string(area), temporaries, rand.Text())
	if err := s.root.MkdirAll(path.Dir(aside), 0o777); err != nil {
		return false, refused(err)
	}
	if err := s.root.Rename(target, aside); err != nil {
		return false, refused(notThere(err))
	}
	fi, err := s.root.Lstat(aside)
	if err == nil && fi.Size() == version.Size && fi.ModTime().Equal(version.ModTime) {
		return true, refused(s.root.Remove(aside))
	}
	if back := s.putBack(aside, target); back != nil {
		return false, fmt.Errorf("put %s back: %w", target, refused(back))
	}
	return false, err
}

// putBack gives a file its name again, unless a newer one has it.
func (s *Store) putBack(aside, target string) error {
	switch err := s.root.Link(aside, target); {
	case err == nil, errors.Is(err, fs.ErrExist):
		return s.root.Remove(aside)
	}
	// Not every file system has links.
	return s.root.Rename(aside, target)
}
