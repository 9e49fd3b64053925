// Package dirstore keeps files in a folder of a file system, on one disk or a
// network volume that several machines mount.
//
// Results appear whole or not at all, by the sequence of T. Pillai et al., "All
// File Systems Are Not Created Equal" (OSDI 2014): write a temporary file, fsync,
// rename, fsync the folder. Temporary files are in the folder .tmp of their area, so that
// the cost of RemoveStale does not depend on the number of other files.
package dirstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/djherbis/times"

	"csv-pipeline/internal/filestore"
)

// Store is a filestore.Store in a folder. No name and no symbolic link leads out of the
// folder: all access is through an os.Root, or, for reading files on Linux, through
// openat2(2), which guarantees the same.
type Store struct {
	root   *os.Root
	direct *direct
}

var (
	_ filestore.Store = (*Store)(nil)
	_ filestore.Dated = (*Store)(nil)
)

const temporaries = ".tmp"

// Open opens the folder, and creates it if it does not exist. Its parent must exist.
func Open(folder string) (*Store, error) {
	if err := os.Mkdir(folder, 0o777); err != nil && !isFolder(folder) {
		return nil, fmt.Errorf("open the store: %w", refused(err))
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	return &Store{root, openDirect(root)}, nil
}

func isFolder(name string) bool {
	fi, err := os.Stat(name)
	return err == nil && fi.IsDir()
}

// Close ends the use of the folder.
func (s *Store) Close() error {
	s.direct.close()
	return s.root.Close()
}

// Check returns an error while the folder does not exist or cannot be listed.
func (s *Store) Check(context.Context) error {
	dir, err := s.root.Open(".")
	if err != nil {
		return fmt.Errorf("list the store: %w", err)
	}
	defer dir.Close()
	if _, err := dir.ReadDir(1); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("list the store: %w", err)
	}
	return nil
}

func info(area filestore.Area, name string, fi fs.FileInfo) filestore.Info {
	var changed time.Time
	if t := times.Get(fi); t.HasChangeTime() {
		changed = t.ChangeTime()
	}
	return describe(area, name, fi.Size(), fi.ModTime(), changed)
}

// changed is the change time of a file (ctime), or where the system has none the later of
// its birth and modification time.
func changed(fi fs.FileInfo) time.Time {
	t := times.Get(fi)
	switch {
	case t.HasChangeTime():
		return t.ChangeTime()
	case t.HasBirthTime() && t.BirthTime().After(t.ModTime()):
		return t.BirthTime()
	}
	return t.ModTime()
}

// describe makes the Info of a file. changed is zero where the file system has no change
// time.
func describe(area filestore.Area, name string, size int64, modified, changed time.Time) filestore.Info {
	version := strconv.FormatInt(modified.UnixNano(), 36)
	i := filestore.Info{Name: name, Size: size, ModTime: modified, ETag: version + "-" + strconv.FormatInt(size, 36)}
	// A result has the modification time of its input, and so has one that other settings
	// made of the same input. Only the change time differs.
	if area == filestore.Processed {
		i.Source = version
		if !changed.IsZero() {
			i.ETag += "-" + strconv.FormatInt(changed.UnixNano(), 36)
		}
	} else {
		i.Identity = version
	}
	return i
}

// Stat describes a regular file.
func (s *Store) Stat(_ context.Context, area filestore.Area, name string) (filestore.Info, error) {
	if err := filestore.CheckName(name); err != nil {
		return filestore.Info{}, err
	}
	fi, err := s.root.Stat(at(area, name))
	if err != nil {
		return filestore.Info{}, notThere(err)
	}
	if !fi.Mode().IsRegular() {
		return filestore.Info{}, &fs.PathError{Op: "stat", Path: at(area, name), Err: fs.ErrNotExist}
	}
	return info(area, name, fi), nil
}

func at(area filestore.Area, name string) string { return path.Join(string(area), name) }

// leaves reports whether a symbolic link leads out of the folder or in a circle. os.Root
// exports no error for leaving it: it is the one that wraps no error of the system.
func leaves(err error) bool {
	var system syscall.Errno
	if errors.As(err, &system) {
		return system == syscall.ELOOP
	}
	return err != nil && !errors.Is(err, fs.ErrClosed) && !errors.Is(err, fs.ErrExist)
}

// notThere makes an error wrap fs.ErrNotExist where a part of the path is a file, or a
// symbolic link leads out of the folder or in a circle, and ErrInvalidName where the file
// system has no names that long.
func notThere(err error) error {
	if leaves(err) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return tooLong(err)
}

func tooLong(err error) error {
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return fmt.Errorf("%w: it is longer than the file system allows", filestore.ErrInvalidName)
	}
	return err
}

// unusable makes the error of writing a file wrap ErrInvalidName where none can have the name.
func unusable(err error) error {
	if leaves(err) {
		return fmt.Errorf("%w: a part of it is a symbolic link that leads out of the data folder, or in a circle", filestore.ErrInvalidName)
	}
	return tooLong(err)
}

type file struct {
	*os.File
	info filestore.Info
}

func (f file) Info() filestore.Info { return f.info }

// Open opens a regular file for reading.
func (s *Store) Open(_ context.Context, area filestore.Area, name string) (filestore.File, error) {
	if err := filestore.CheckName(name); err != nil {
		return nil, err
	}
	if f, ok := s.direct.open(area, name); ok {
		return f, nil
	}
	// Non-blocking: otherwise opening a named pipe waits for its writer.
	f, err := s.root.OpenFile(at(area, name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, notThere(err)
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: at(area, name), Err: fs.ErrNotExist}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return file{f, info(area, name, fi)}, nil
}

// List walks the area. Folders and files that are removed meanwhile are left out.
func (s *Store) List(ctx context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	return func(yield func(filestore.Info, error) bool) {
		folders := []string{string(area)}
		for len(folders) > 0 {
			last := len(folders) - 1
			folder := folders[last]
			inner, err := s.look(ctx, area, folder, func(i filestore.Info) bool { return yield(i, nil) })
			switch {
			case errors.Is(err, fs.SkipAll):
				return
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				yield(filestore.Info{}, fmt.Errorf("list %s: %w", area, err))
				return
			}
			folders = append(folders[:last], inner...)
		}
	}
}

// atOnce is how many entries of a folder are read at once. An entry takes some 400 bytes of
// memory, and a folder may have a million.
const atOnce = 512

// look yields the files of one folder and returns the folders in it. The error is
// fs.SkipAll when yield returns false.
func (s *Store) look(ctx context.Context, area filestore.Area, folder string, yield func(filestore.Info) bool) (folders []string, err error) {
	dir, err := s.root.Open(folder)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	for {
		entries, err := dir.ReadDir(atOnce)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, d := range entries {
			where := folder + "/" + d.Name()
			if strings.HasPrefix(d.Name(), ".") {
				continue
			}
			if d.IsDir() {
				folders = append(folders, where)
				continue
			}
			fi, err := d.Info()
			if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
				fi, err = s.root.Stat(where)
			}
			if err != nil || !fi.Mode().IsRegular() {
				continue // it was removed, leads out of the folder or is not a regular file
			}
			if !yield(info(area, where[len(area)+1:], fi)) {
				return nil, fs.SkipAll
			}
		}
		if err != nil {
			return folders, nil
		}
	}
}

// Remove removes a file.
func (s *Store) Remove(_ context.Context, area filestore.Area, name string) error {
	if err := filestore.CheckName(name); err != nil {
		return err
	}
	err := s.root.Remove(at(area, name))
	if err == nil {
		s.forget(area, name)
	}
	return refused(notThere(err))
}

// refused makes an error wrap ErrReadOnly or ErrFull where the file system is the cause.
func refused(err error) error {
	switch {
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: %w", filestore.ErrReadOnly, err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", filestore.ErrFull, err)
	}
	return err
}

// Create begins a file under a temporary name.
func (s *Store) Create(_ context.Context, area filestore.Area, name string, source *filestore.Info) (filestore.Writer, error) {
	if err := filestore.CheckName(name); err != nil {
		return nil, err
	}
	w := &writer{store: s, area: area, name: name, temporary: path.Join(string(area), temporaries, rand.Text())}
	if source != nil {
		w.modTime, w.settings = source.ModTime, source.Settings
	}
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	_, err := s.inFolder(w.temporary, func() (err error) {
		w.file, err = s.root.OpenFile(w.temporary, flags, 0o666)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin %s: %w", at(area, name), refused(unusable(err)))
	}
	return w, nil
}

// inFolder calls do, which puts a file at this name. If the folder of the name does not exist yet,
// inFolder makes it and calls do again.
func (s *Store) inFolder(name string, do func() error) (made bool, err error) {
	if err = do(); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err = s.root.MkdirAll(path.Dir(name), 0o777); err == nil {
		err = do()
	}
	return true, err
}

type writer struct {
	store           *Store
	file            *os.File
	area            filestore.Area
	name, temporary string
	modTime         time.Time // zero: the time of writing
	settings        string    // "": none are recorded
	exclusive       bool
}

func (w *writer) Exclusive() { w.exclusive = true }

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	return n, refused(err)
}

// Abort closes and removes the temporary file, unless it was published.
func (w *writer) Abort() {
	if w.file == nil {
		return
	}
	_ = w.file.Close()
	w.file = nil
	_ = w.store.root.Remove(w.temporary)
}

// Commit makes what was written durable, and renames it to its name.
func (w *writer) Commit() (filestore.Info, error) {
	defer w.Abort()
	i, err := w.commit()
	switch {
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrExist) && !w.exclusive:
		return filestore.Info{}, fmt.Errorf("publish %s: %w", at(w.area, w.name), filestore.ErrTaken)
	case err != nil:
		return filestore.Info{}, fmt.Errorf("publish %s: %w", at(w.area, w.name), refused(unusable(err)))
	}
	return i, nil
}

func (w *writer) commit() (filestore.Info, error) {
	root, target := w.store.root, at(w.area, w.name)
	if !w.modTime.IsZero() {
		if err := root.Chtimes(w.temporary, time.Time{}, w.modTime); err != nil {
			return filestore.Info{}, err
		}
	}
	w.record()
	if err := w.file.Sync(); err != nil {
		return filestore.Info{}, err
	}
	publish := root.Rename
	if w.exclusive {
		publish = w.store.moveNew
	}
	made, err := w.store.inFolder(target, func() error { return publish(w.temporary, target) })
	if err != nil {
		return filestore.Info{}, err
	}
	file := w.file
	w.file = nil
	// Renaming sets the change time. Meanwhile another writer may have published under this
	// name, so the Stat is of the open file.
	fi, err := file.Stat()
	if err := errors.Join(err, file.Close()); err != nil {
		return filestore.Info{}, err
	}
	folder := path.Dir(target)
	err = syncFolder(root, folder)
	for made && err == nil && folder != "." { // each new folder is an entry of the one above
		folder = path.Dir(folder)
		err = syncFolder(root, folder)
	}
	return info(w.area, w.name, fi), err
}

func syncFolder(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// RemoveStale removes temporary files that have not changed for the given time. Their
// modification time does not count: a result gets that of its input.
func (s *Store) RemoveStale(_ context.Context, age time.Duration) (int, error) {
	removed := 0
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		folder := path.Join(string(area), temporaries)
		entries, err := fs.ReadDir(s.root.FS(), folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, fmt.Errorf("remove temporary files in %s: %w", folder, err)
		}
		for _, entry := range entries {
			fi, err := entry.Info()
			if err != nil || time.Since(changed(fi)) < age {
				continue
			}
			if err := s.root.Remove(path.Join(folder, entry.Name())); err == nil {
				removed++
			} else if !errors.Is(err, fs.ErrNotExist) {
				return removed, fmt.Errorf("remove temporary files in %s: %w", folder, refused(err))
			}
		}
	}
	return removed, nil
}
