package groupby

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
)

// Input is one file. Run reads it once, from its beginning.
type Input struct {
	Name     string      // named in errors, e.g. "20220101.csv"
	ReaderAt io.ReaderAt // with Size: read in parallel
	Size     int64       // bytes
	Reader   io.Reader   // used when ReaderAt is nil
	Layout   *Layout     // where the columns are; nil leaves it to the header
}

// source reads an input sequentially, counts what it read, and remembers the first error that
// is the reader's own.
type source struct {
	ctx    context.Context
	reader io.Reader
	bytes  *atomic.Int64
	failed error
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.failed = err
		return 0, err
	}
	n, err := s.reader.Read(b)
	s.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// stream is an input's text.
type stream struct {
	io.Reader
	source *source
	name   string
	close  func()
}

// openStream starts reading an input from its beginning.
func openStream(ctx context.Context, in Input, bytesRead *atomic.Int64) *stream {
	src := &source{ctx: ctx, bytes: bytesRead, reader: in.Reader}
	if in.ReaderAt != nil {
		src.reader = io.NewSectionReader(in.ReaderAt, 0, in.Size)
	}
	return &stream{Reader: src, source: src, name: in.Name, close: func() {}}
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if s.source.failed != nil && err != nil {
		err = fmt.Errorf("read %s: %w", s.name, s.source.failed)
	}
	return n, err
}
