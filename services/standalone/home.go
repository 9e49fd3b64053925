package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"csv-pipeline/internal/datafolder"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
)

// home is the data folder; with a bucket there is none.
type home struct {
	folder           string // "" with a bucket
	token, tokenFile string // for uploads; "" if the user named a secret, and no file with a bucket
	announce         func(datafolder.Process) error
	leave            func()
}

// occupy locks the data folder for this process, and makes a token if one is needed.
func occupy(c config, needsToken bool) (h home, err error) {
	folder, ok := storeurl.Folder(c.store)
	if !ok {
		h = home{announce: func(datafolder.Process) error { return nil }, leave: func() {}}
		if needsToken {
			h.token = rand.Text()
		}
		return h, nil
	}
	occupied, err := datafolder.Occupy(folder)
	if errors.Is(err, datafolder.ErrInUse) {
		return h, fmt.Errorf("%w: stop it, or name another folder by --store-url (STORE_URL)", err)
	} else if err != nil {
		return h, refused(c.store, folder, err)
	}
	h = home{folder: folder, announce: occupied.Announce, leave: func() { _ = occupied.Leave() }}
	// People copy their files there, so raw/ must exist.
	err = os.MkdirAll(filepath.Join(folder, string(filestore.Raw)), 0o777)
	if err == nil && needsToken {
		h.token, h.tokenFile, err = occupied.Token()
	}
	if err != nil {
		h.leave()
		return h, refused(c.store, folder, err)
	}
	return h, nil
}

// refused is the error of a folder that cannot be worked on. What the system says of one that
// cannot be written to names a file that nobody knows.
func refused(store, folder string, err error) error {
	var why syscall.Errno
	if errors.As(err, &why) && (why == syscall.EROFS || errors.Is(why, fs.ErrPermission)) {
		return fmt.Errorf("--store-url (STORE_URL) %q: cannot write to %s: %w; expected a folder that can be written", store, folder, why)
	}
	return fmt.Errorf("--store-url (STORE_URL) %q: %w", store, err)
}
