package main

import (
	"bytes"
	"io"
	"os"
)

// spool keeps what is written to it: the beginning in memory, the rest in a temporary file.
type spool struct {
	size  int64
	first []byte
	rest  *os.File // nil while there is none
}

const spoolMemory = 8 << 20 // bytes

func (s *spool) Write(p []byte) (n int, err error) {
	if room := spoolMemory - len(s.first); room > 0 {
		n = min(room, len(p))
		s.first = append(s.first, p[:n]...)
	}
	if n < len(p) {
		if s.rest == nil {
			if s.rest, err = os.CreateTemp("", "processor-*.spool"); err != nil {
				return n, err
			}
			_ = os.Remove(s.rest.Name()) // the file ends with the process, however that ends
		}
		var m int
		m, err = s.rest.WriteAt(p[n:], s.size+int64(n)-spoolMemory)
		n += m
	}
	s.size += int64(n)
	return n, err
}

func (s *spool) ReadAt(p []byte, at int64) (n int, err error) {
	if at < int64(len(s.first)) {
		n = copy(p, s.first[at:])
	}
	if n == len(p) {
		return n, nil
	}
	if s.rest == nil {
		return n, io.EOF
	}
	m, err := s.rest.ReadAt(p[n:], at+int64(n)-spoolMemory)
	return n + m, err
}

func (s *spool) writeTo(w io.Writer) error {
	if _, err := io.Copy(w, bytes.NewReader(s.first)); err != nil || s.rest == nil {
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(s.rest, 0, s.size-spoolMemory))
	return err
}

// reset empties it.
func (s *spool) reset() error {
	s.first, s.size = s.first[:0], 0
	if s.rest == nil {
		return nil
	}
	return s.rest.Truncate(0)
}

func (s *spool) close() {
	if s.rest != nil {
		_ = s.rest.Close()
	}
}
