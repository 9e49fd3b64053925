package dirstore

import (
	"errors"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// renameNew is renameat2(2) with RENAME_NOREPLACE, which some file systems without
// links have; errors.ErrUnsupported where it is not.
func (s *Store) renameNew(from, to string) error {
	source, err := s.root.Open(path.Dir(from))
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := s.root.Open(path.Dir(to))
	if err != nil {
		return err
	}
	defer target.Close()
	err = unix.Renameat2(int(source.Fd()), path.Base(from), int(target.Fd()), path.Base(to), unix.RENAME_NOREPLACE)
	if err == unix.EINVAL || errors.Is(err, errors.ErrUnsupported) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return &os.LinkError{Op: "renameat2", Old: from, New: to, Err: err}
	}
	return nil
}
