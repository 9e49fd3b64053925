package ops

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// piece is how many bytes a client must send or receive within the client time-out. With
// 30 seconds that is 9 kB a second: slower than any connection that people use, and too fast
// for a client that wants to hold many connections at no cost.
const piece = 256 << 10

// pace limits how long the server waits for the client, for each piece. The time in which
// the server itself works does not count.
type pace struct {
	deadline func(time.Time) error
	time     time.Duration // for each piece
	left     int           // bytes of the current piece that have not been transferred
	waited   time.Duration // during the current piece
	set      time.Time     // the deadline that was set last
}

// begin is called before the server waits for the client. Its result is for end.
func (p *pace) begin() time.Time {
	now := time.Now()
	deadline := now.Add(p.time - p.waited)
	if off := deadline.Sub(p.set).Abs(); off > p.time/8 { // setting it every time would cost too much
		p.set = deadline
		_ = p.deadline(deadline) // the recorder of a test has no deadline
	}
	return now
}

// end notes how long it took to transfer n bytes.
func (p *pace) end(began time.Time, n int) {
	p.waited += time.Since(began)
	if p.left -= n; p.left <= 0 {
		p.left, p.waited = piece, 0
	}
}

// writer is an answer that the client must receive at a pace.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    pace
	begun   bool  // a part of the answer has been sent
	body    *body // of the request; nil: it has none
}

func newWriter(w http.ResponseWriter, limit time.Duration) *writer {
	control := http.NewResponseController(w)
	answer := &writer{ResponseWriter: w, control: control, pace: pace{deadline: control.SetWriteDeadline, time: limit, left: piece}}
	answer.pace.begin() // an answer of net/http itself has a deadline, too
	return answer
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin is called before something is sent. A handler that answers wants no more of the
// request's body.
func (w *writer) begin() {
	w.begun = true
	if w.body != nil {
		w.body.giveUp()
	}
}

func (w *writer) WriteHeader(code int) {
	if code >= 200 {
		w.begin()
	}
	w.pace.end(w.pace.begin(), 0)
	w.ResponseWriter.WriteHeader(code)
}

func (w *writer) Write(b []byte) (total int, err error) {
	w.begin()
	for {
		part := b[total:min(len(b), total+piece)]
		began := w.pace.begin()
		n, err := w.ResponseWriter.Write(part)
		w.pace.end(began, n)
		if total += n; err != nil || total == len(b) {
			return total, err
		}
	}
}

// ReadFrom lets the operating system send a file (sendfile), one piece at a time.
func (w *writer) ReadFrom(src io.Reader) (total int64, err error) {
	w.begin()
	// The ReadFrom of a TCP connection uses sendfile for a file behind one io.LimitedReader,
	// not behind two.
	limit, ok := src.(*io.LimitedReader)
	if ok {
		_, ok = limit.R.(syscall.Conn)
	}
	if !ok {
		return io.Copy(struct{ io.Writer }{w}, src)
	}
	for limit.N > 0 && err == nil {
		var n int64
		began := w.pace.begin()
		n, err = io.CopyN(w.ResponseWriter, limit.R, min(limit.N, piece))
		w.pace.end(began, int(n))
		limit.N -= n
		total += n
	}
	if err == io.EOF { // the file is shorter than the limit
		err = nil
	}
	return total, err
}

// FlushError is for http.ResponseController; Flush is for other callers.
func (w *writer) FlushError() error {
	w.begin()
	began := w.pace.begin()
	err := w.control.Flush()
	w.pace.end(began, 0)
	return err
}

func (w *writer) Flush() { _ = w.FlushError() }

// body is the body of a request, which the client must send at a pace while a handler reads
// it. Before and after an answer net/http would read what is left of a body, and wait for
// it: giveUp prevents that.
type body struct {
	io.ReadCloser
	answer http.ResponseWriter // net/http's own
	pace   pace
	over   bool // it has been read to its end or given up
}

func newBody(w *writer, r *http.Request, limit time.Duration) *body {
	return &body{ReadCloser: r.Body, answer: w.ResponseWriter, pace: pace{deadline: w.control.SetReadDeadline, time: limit, left: piece}}
}

func (b *body) Read(p []byte) (int, error) {
	began := b.pace.begin()
	n, err := b.ReadCloser.Read(p)
	b.pace.end(began, n)
	if err == io.EOF && !b.over {
		b.over = true
		// From now on net/http reads to notice when the client disconnects.
		_ = b.pace.deadline(time.Time{})
	}
	return n, err
}

// giveUp leaves the rest of the body unread. The connection is closed after the answer.
func (b *body) giveUp() {
	if b.over {
		return
	}
	b.over = true
	b.ReadCloser = http.NoBody
	_ = b.pace.deadline(time.Unix(1, 0))
	// A body above the limit of a MaxBytesReader makes net/http close the connection, after
	// it has given the client time to receive the answer.
	_, _ = http.MaxBytesReader(b.answer, io.NopCloser(strings.NewReader("more")), 0).Read(make([]byte, 1))
}
