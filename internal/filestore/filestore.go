// Package filestore is the contract between the pipeline and the store of its files. Raw
// files arrive in one area; each has at most one result in the other area, and a result
// says which version of its input it was made from.
package filestore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"time"
)

// Area is one of the two parts of a store.
type Area string

// The areas.
const (
	Raw       Area = "raw"       // inputs, as they arrived
	Processed Area = "processed" // results
)

var (
	// ErrNotExist means that there is no such file; the same as fs.ErrNotExist.
	ErrNotExist = fs.ErrNotExist
	// ErrExist means that a file of the name exists already; the same as fs.ErrExist.
	ErrExist = fs.ErrExist
	// ErrTaken means that a folder has the name, or a file that of one of its folders.
	ErrTaken = errors.New("a folder has this name, or a file has that of its folder")
	// ErrInvalidName means that no file in a store can have this name.
	ErrInvalidName = errors.New("not a valid file name")
	// ErrReadOnly means that the store may be read but not written.
	ErrReadOnly = errors.New("the store is read-only")
	// ErrFull means that the store has no room for what is being written.
	ErrFull = errors.New("the store is full")
	// ErrUnavailable means that the store cannot be reached or does not work for now. The cause is
	// not in a file.
	ErrUnavailable = errors.New("the store is not available")
)

// Info describes one version of a file.
type Info struct {
	Name    string // slash-separated, relative to its area
	Size    int64  // bytes
	ModTime time.Time
	ETag    string // changes whenever the file does; unquoted, safe in an HTTP header
	// Identity is what a result made from this version carries as its Source.
	Identity string
	// Source is the Identity of the input that a result was made from.
	Source string
	// Settings is a fingerprint of the settings that a result was made under; "" where it is
	// not recorded, or is only told by SettingsOf.
	Settings string
}

// MadeFrom reports whether the result r was made from this version of in.
func (r Info) MadeFrom(in Info) bool { return r.Source == in.Identity }

// File is an open file. It stays one version, whatever is published meanwhile.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt // safe for use by many goroutines
	Info() Info
}

// Writer writes a file that appears as a whole by Commit, or never.
type Writer interface {
	io.Writer
	// Exclusive makes Commit fail with ErrExist, and change nothing, if a file of the name
	// exists by then. Call it before the first Write.
	Exclusive()
	// Commit publishes what was written, durably, in place of an earlier file of the name,
	// and ends the writer. Where the store does not report the time of it, Info.ModTime is
	// wrong by up to a few seconds.
	Commit() (Info, error)
	// Abort removes what was written. After Commit it does nothing.
	Abort()
}

// Store holds files. Its methods are safe for use by many goroutines. The error for a
// name that leads out of its area, or might, wraps ErrInvalidName.
type Store interface {
	// Stat describes a file. The error for a missing file, or for a folder, wraps ErrNotExist.
	Stat(ctx context.Context, area Area, name string) (Info, error)
	// Open opens a file for reading. The error for a missing file, or for a folder, wraps
	// ErrNotExist.
	Open(ctx context.Context, area Area, name string) (File, error)
	// Create begins a file. source is the version of the input that a result is made from, and
	// its Settings those under which it is made; nil for a raw file.
	Create(ctx context.Context, area Area, name string, source *Info) (Writer, error)
	// List yields every file of the area, in no order, except temporary and hidden ones.
	// After an error it ends.
	List(ctx context.Context, area Area) iter.Seq2[Info, error]
	Remove(ctx context.Context, area Area, name string) error
	// RemoveVersion removes a file if it still is the given version, and reports whether it
	// was. It does not remove a version that is published meanwhile. The error for a missing
	// file, or for a folder, wraps ErrNotExist.
	RemoveVersion(ctx context.Context, area Area, version Info) (removed bool, err error)
	// RemoveStale removes what writers left behind that died longer ago than age, and returns how
	// many such files there were.
	RemoveStale(ctx context.Context, age time.Duration) (int, error)
	// Check returns an error while the store cannot be reached.
	Check(ctx context.Context) error
	Close() error
}
