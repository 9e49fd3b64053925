// Package filestore is the contract between the pipeline and the place that its
// files are in: raw files arrive in one area, each has at most one result in the
// other, and a result tells which version of its input it was made from.
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
	Raw       Area = "raw"       // inputs, as they were put there
	Processed Area = "processed" // results
)

var (
	// ErrNotExist: there is no such file; the same as fs.ErrNotExist.
	ErrNotExist = fs.ErrNotExist
	// ErrExist: there is a file of the name already; the same as fs.ErrExist.
	ErrExist = fs.ErrExist
	// ErrInvalidName: the name cannot be one of a file here.
	ErrInvalidName = errors.New("not a valid file name")
	// ErrReadOnly: the store may be read but not written.
	ErrReadOnly = errors.New("the store is read-only")
	// ErrFull: the store has no room for what is being written.
	ErrFull = errors.New("the store is full")
	// ErrUnavailable: the store cannot be reached, or serves nobody for now; no file
	// is to blame.
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
}

// MadeFrom reports whether the result r was made from just this version of in.
func (r Info) MadeFrom(in Info) bool { return r.Source == in.Identity }

// File is an open file: one version of it, whatever is published meanwhile.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt // safe for use by many goroutines
	Info() Info
}

// Writer is a file that is not there yet. It appears whole by Commit, or never.
type Writer interface {
	io.Writer
	// Exclusive has Commit fail with ErrExist, and change nothing, if there is a file
	// of the name by then. It is to be called before the first Write.
	Exclusive()
	// Commit publishes what was written, on stable storage, in place of an earlier
	// file of the name, and ends the writer. Where the store does not tell when that
	// was, Info has the time to within a few seconds.
	Commit() (Info, error)
	// Abort leaves nothing behind. After Commit it does nothing.
	Abort()
}

// Store holds files. Its methods are safe for use by many goroutines; a name that
// leaves its area, or could, is ErrInvalidName.
type Store interface {
	Stat(ctx context.Context, area Area, name string) (Info, error)
	Open(ctx context.Context, area Area, name string) (File, error)
	// Create begins a file; a result names the version of the input it is made from.
	Create(ctx context.Context, area Area, name string, source *Info) (Writer, error)
	// List yields every file of the area, in no order, but neither temporary nor
	// hidden ones. After an error it ends.
	List(ctx context.Context, area Area) iter.Seq2[Info, error]
	Remove(ctx context.Context, area Area, name string) error
	// RemoveVersion removes a file if it still is the version that was described, and
	// reports whether it was. One that is put in its place meanwhile stays.
	RemoveVersion(ctx context.Context, area Area, version Info) (removed bool, err error)
	// Sweep removes what writers left behind that died before the given time ago, and
	// returns how many such files there were.
	Sweep(ctx context.Context, age time.Duration) (int, error)
	// Check says whether the store can be reached.
	Check(ctx context.Context) error
	Close() error
}
