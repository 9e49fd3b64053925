package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"csv-pipeline/internal/datafolder"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
)

// home is the data folder, if there is one.
type home struct {
	folder           string // "" with a bucket
	token, tokenFile string // for those who may write; the file is "" with a bucket
	announce         func(datafolder.Process) error
	leave            func()
}

// occupy takes the data folder for this process, and a token if one is needed.
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
		return h, fmt.Errorf("--store-url (STORE_URL) %q: %w", c.store, err)
	}
	h = home{folder: folder, announce: occupied.Announce, leave: func() { _ = occupied.Leave() }}
	// Without it, the first thing that a person does fails: to copy a file there.
	err = os.MkdirAll(filepath.Join(folder, string(filestore.Raw)), 0o777)
	if err == nil && needsToken {
		h.token, h.tokenFile, err = occupied.Token()
	}
	if err != nil {
		h.leave()
		return h, fmt.Errorf("--store-url (STORE_URL) %q: %w", c.store, err)
	}
	return h, nil
}
