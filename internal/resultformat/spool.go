package resultformat

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spool keeps text: a little of it in memory, more of it in a temporary file.
type spool struct {
	dir  string
	text []byte // not yet in the file
	file *os.File
}

const spoolMemory = 1 << 20 // bytes

func (s *spool) Write(p []byte) (int, error) {
	if len(s.text)+len(p) > spoolMemory {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	s.text = append(s.text, p...)
	return len(p), nil
}

func (s *spool) spill() (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, "result-*.spill"); err != nil {
			return fmt.Errorf("keep the result: %w", err)
		}
		_ = os.Remove(s.file.Name()) // the file ends with the process, however that ends
	}
	if _, err := s.file.Write(s.text); err != nil {
		return fmt.Errorf("keep the result: %w", err)
	}
	s.text = s.text[:0]
	return nil
}

// reader reads what was written.
func (s *spool) reader() (io.Reader, error) {
	if s.file == nil {
		return bytes.NewReader(s.text), nil
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("keep the result: %w", err)
	}
	return io.MultiReader(s.file, bytes.NewReader(s.text)), nil
}

func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close()
		s.file = nil
	}
	s.text = nil
}
