//go:build !linux

package dirstore

import "errors"

func (*Store) renameNew(_, _ string) error { return errors.ErrUnsupported }
