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

// source reads an input from its beginning, counts what it read, and names the
// input in its errors.
type source struct {
	ctx    context.Context
	name   string
	reader io.Reader
	bytes  *atomic.Int64
}

func (s *source) Read(b []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, fmt.Errorf("read %s: %w", s.name, err)
	}
	n, err := s.reader.Read(b)
	s.bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read %s: %w", s.name, err)
	}
	return n, err
}

// stream is an input's text.
type stream struct {
	io.Reader
	close func()
}

// openStream starts reading an input from its beginning.
func openStream(ctx context.Context, in Input, bytesRead *atomic.Int64) *stream {
	src := &source{ctx: ctx, name: in.Name, bytes: bytesRead, reader: in.Reader}
	if in.ReaderAt != nil {
		src.reader = io.NewSectionReader(in.ReaderAt, 0, in.Size)
	}
	return &stream{Reader: src, close: func() {}}
}
