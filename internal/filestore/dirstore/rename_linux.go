package dirstore

import (
	"errors"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// renameNew renames a file unless the new name exists, by renameat2(2) with
// RENAME_NOREPLACE. The error is errors.ErrUnsupported where the file system does not have
// that.
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
	if errors.Is(err, unix.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return errors.ErrUnsupported
	}
	if err != nil {
		return &os.LinkError{Op: "renameat2", Old: from, New: to, Err: err}
	}
	return nil
}
