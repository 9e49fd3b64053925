package dirstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"csv-pipeline/internal/filestore"
)

// The settings that a result was made under are in an extended attribute of it, which is there
// as soon as the result is. Where the file system has none, they are in a note: a file of the
// same name in a hidden folder of the area. A note is written before its result and is not part
// of it, so it also says which file it is about; one about another file counts as none.
const notes = ".settings"

var _ filestore.Recording = (*Store)(nil)

func noteAt(area filestore.Area, name string) string { return path.Join(string(area), notes, name) }

// record writes the settings to the attribute of a file that is being written, or to a note. That
// it fails is no error: the result is right all the same, and counts as one that says nothing.
func (w *writer) record() {
	if w.settings == "" || setAttribute(w.file, w.settings) {
		return
	}
	fi, err := w.file.Stat()
	about, ok := identify(fi, err)
	if !ok {
		return
	}
	_ = w.store.writeNote(noteAt(w.area, w.name), path.Join(path.Dir(w.temporary), rand.Text()), w.settings+"\n"+about)
}

func (s *Store) writeNote(target, temporary, text string) error {
	defer func() { _ = s.root.Remove(temporary) }() // where it was not renamed
	if err := s.root.WriteFile(temporary, []byte(text), 0o666); err != nil {
		return err
	}
	_, err := s.inFolder(target, func() error { return s.root.Rename(temporary, target) })
	return err
}

// identify tells a file from others that have or had its name.
func identify(fi fs.FileInfo, err error) (about string, ok bool) {
	if err != nil {
		return "", false
	}
	inode, ok := inodeOf(fi)
	return fmt.Sprintf("%d %d %d", inode, fi.Size(), fi.ModTime().UnixNano()), ok
}

// SettingsOf returns the settings that a result was made under.
func (s *Store) SettingsOf(_ context.Context, result filestore.Info) (string, error) {
	if err := filestore.CheckName(result.Name); err != nil {
		return "", err
	}
	f, err := s.root.OpenFile(at(filestore.Processed, result.Name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", notThere(err)
	}
	defer f.Close()
	if settings := attribute(f); settings != "" {
		return settings, nil
	}
	fi, err := f.Stat()
	about, ok := identify(fi, err)
	if !ok {
		return "", err
	}
	return s.readNote(noteAt(filestore.Processed, result.Name), about)
}

func (s *Store) readNote(name, about string) (string, error) {
	note, err := s.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(notThere(err), fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	defer note.Close()
	text, err := io.ReadAll(io.LimitReader(note, maxSettings))
	if err != nil {
		return "", err
	}
	settings, of, _ := strings.Cut(string(text), "\n")
	if of != about {
		return "", nil
	}
	return settings, nil
}

// forget removes the note of a file that was removed.
func (s *Store) forget(area filestore.Area, name string) {
	if area == filestore.Processed {
		_ = s.root.Remove(noteAt(area, name))
	}
}

// maxSettings bounds what is read of a note or an attribute, in bytes.
const maxSettings = 256
