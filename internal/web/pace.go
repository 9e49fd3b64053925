package web

import (
	"io"
	"net/http"
	"time"
)

// piece is how many bytes a client must send, or take, within Config.ClientTimeout.
// With 30 seconds that is 9 kB a second: less than any line that people use, and too
// much for one who wants to hold on to many connections for nothing.
const piece = 256 << 10

// pace gives a client more time with every piece that went over the line.
type pace struct {
	extend func(time.Time) error
	time   time.Duration
	left   int // of the current piece, in bytes; 0 before the first
}

// step notes that n bytes went over the line, or that the first are about to.
func (p *pace) step(n int) {
	if p.left -= n; p.left <= 0 {
		p.left = piece
		_ = p.extend(time.Now().Add(p.time)) // not every writer has a deadline
	}
}

// pacedBody is a request's body that must arrive at a pace.
type pacedBody struct {
	io.ReadCloser
	pace pace
}

func (s *Server) pacedBody(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	p := &pacedBody{r.Body, pace{extend: http.NewResponseController(w).SetReadDeadline, time: s.ClientTimeout}}
	p.pace.step(0)
	return p
}

func (p *pacedBody) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	p.pace.step(n)
	return n, err
}

// pacedWriter is an answer that must be taken at a pace.
type pacedWriter struct {
	http.ResponseWriter
	pace pace
}

func (s *Server) paced(w http.ResponseWriter) *pacedWriter {
	p := &pacedWriter{w, pace{extend: http.NewResponseController(w).SetWriteDeadline, time: s.ClientTimeout}}
	p.pace.step(0)
	return p
}

// Unwrap is for http.ResponseController.
func (p *pacedWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *pacedWriter) Write(b []byte) (int, error) {
	n, err := p.ResponseWriter.Write(b)
	p.pace.step(n)
	return n, err
}

// ReadFrom has the system send a file by itself, one piece at a time.
func (p *pacedWriter) ReadFrom(src io.Reader) (total int64, err error) {
	// The network's own ReadFrom knows a file behind one limit, not behind two.
	limit, ok := src.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{p}, src)
	}
	for limit.N > 0 && err == nil {
		var n int64
		n, err = io.CopyN(p.ResponseWriter, limit.R, min(limit.N, piece))
		limit.N -= n
		total += n
		p.pace.step(int(n))
	}
	if err == io.EOF { // the source is shorter than its limit
		err = nil
	}
	return total, err
}
