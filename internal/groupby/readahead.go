package groupby

import "io"

// readAhead reads in a goroutine of its own what the scanner will want next.
type readAhead struct {
	full chan piece
	free chan []byte
	now  piece
	rest []byte // of now, not yet read
}

type piece struct {
	text []byte
	err  error // after the text
}

// readAhead makes the stream read ahead, in pieces of size bytes, until it is
// closed.
func (s *stream) readAhead(size int) {
	const pieces = 2
	from, closed := s.Reader, make(chan struct{})
	a := &readAhead{full: make(chan piece, pieces), free: make(chan []byte, pieces)}
	for range pieces {
		a.free <- make([]byte, size)
	}
	go func() {
		defer close(a.full)
		for {
			var next piece
			select {
			case next.text = <-a.free:
			case <-closed:
				return
			}
			n := 0
			for n < size && next.err == nil {
				var m int
				m, next.err = from.Read(next.text[n:])
				n += m
			}
			next.text = next.text[:n]
			a.full <- next // there is room for all pieces
			if next.err != nil {
				return
			}
		}
	}()
	s.Reader = a
	closeReader := s.close
	s.close = func() {
		close(closed)
		for range a.full { // until the goroutine has ended
		}
		closeReader()
	}
}

func (a *readAhead) Read(b []byte) (int, error) {
	if len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.text != nil {
			a.free <- a.now.text[:cap(a.now.text)]
		}
		var open bool
		if a.now, open = <-a.full; !open {
			return 0, io.ErrUnexpectedEOF
		}
		a.rest = a.now.text
		if len(a.rest) == 0 {
			return 0, a.now.err
		}
	}
	n := copy(b, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}
