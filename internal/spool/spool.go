// Package spool keeps what is written: a little of it in memory, more of it in a temporary file.
package spool

import (
	"io"
	"os"
)

// DefaultMemory is how many bytes a Spool keeps in memory where it does not say.
const DefaultMemory = 1 << 20

// Spool keeps what is written to it until Close. The zero Spool is empty and ready to use. One goroutine
// may write, or any number read.
type Spool struct {
	Dir    string // of the temporary file; "": os.TempDir
	Memory int    // bytes; 0: DefaultMemory

	file *os.File // nil while there is none
	size int64    // of the file
	last []byte   // what comes behind the file
}

// Write appends p. Its errors are those of the file.
func (s *Spool) Write(p []byte) (int, error) {
	memory := s.Memory
	if memory == 0 {
		memory = DefaultMemory
	}
	if len(s.last) > 0 && len(s.last)+len(p) > memory {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.last = append(s.last, p...)
	return len(p), nil
}

func (s *Spool) spill() (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.Dir, "csv-pipeline-*.spool"); err != nil {
			return err
		}
		_ = os.Remove(s.file.Name()) // the file ends with the process, however that ends
	}
	n, err := s.file.WriteAt(s.last, s.size)
	s.size += int64(n)
	s.last = s.last[:copy(s.last, s.last[n:])]
	return err
}

// Size is how many bytes were written.
func (s *Spool) Size() int64 { return s.size + int64(len(s.last)) }

// ReadAt reads what was written, as io.ReaderAt says.
func (s *Spool) ReadAt(p []byte, at int64) (n int, err error) {
	if at < s.size {
		n, err = s.file.ReadAt(p[:min(int64(len(p)), s.size-at)], at)
		if err != nil && err != io.EOF {
			return n, err
		}
	}
	if n == len(p) {
		return n, nil
	}
	if from := at + int64(n) - s.size; from >= 0 && from < int64(len(s.last)) {
		n += copy(p[n:], s.last[from:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Reader reads all that was written so far.
func (s *Spool) Reader() io.Reader { return io.NewSectionReader(s, 0, s.Size()) }

// WriteTo writes all that was written.
func (s *Spool) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, s.Reader()) }

// Reset empties it.
func (s *Spool) Reset() error {
	s.size, s.last = 0, s.last[:0]
	if s.file == nil {
		return nil
	}
	return s.file.Truncate(0)
}

// Close forgets what was written. The Spool is empty then, and may be used again.
func (s *Spool) Close() {
	if s.file != nil {
		_ = s.file.Close()
	}
	*s = Spool{Dir: s.Dir, Memory: s.Memory}
}
