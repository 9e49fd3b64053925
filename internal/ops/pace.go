package ops

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// piece is how many bytes a client must send, or take, within the time that it has.
// With 30 seconds that is 9 kB a second: less than any line that people use, and too
// much for one who wants to hold on to many connections for nothing.
const piece = 256 << 10

// pace says how long the network may still be waited for. Only waiting for it counts,
// so that a client does not pay for the time that the server takes.
type pace struct {
	deadline func(time.Time) error
	time     time.Duration // for each piece
	left     int           // bytes of the current piece
	waited   time.Duration // during the current piece
	set      time.Time     // the deadline that is set
}

// begin is called before the network is waited for; what it returns is for end.
func (p *pace) begin() time.Time {
	now := time.Now()
	deadline := now.Add(p.time - p.waited)
	if off := deadline.Sub(p.set).Abs(); off > p.time/8 { // setting it each time would cost too much
		p.set = deadline
		_ = p.deadline(deadline) // a test's recorder has none
	}
	return now
}

// end notes how long it took until n bytes went over the line.
func (p *pace) end(began time.Time, n int) {
	p.waited += time.Since(began)
	if p.left -= n; p.left <= 0 {
		p.left, p.waited = piece, 0
	}
}

// writer is an answer that must be taken at a pace.
type writer struct {
	http.ResponseWriter
	control *http.ResponseController
	pace    pace
	begun   bool  // something of the answer was given to the client
	body    *body // of the request; nil: there is none
}

func newWriter(w http.ResponseWriter, limit time.Duration) *writer {
	control := http.NewResponseController(w)
	answer := &writer{ResponseWriter: w, control: control, pace: pace{deadline: control.SetWriteDeadline, time: limit, left: piece}}
	answer.pace.begin() // net/http itself may answer
	return answer
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin is called before something is sent. A handler that answers has read as much of
// the request as it wants.
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

// ReadFrom has the system send a file by itself, one piece at a time.
func (w *writer) ReadFrom(src io.Reader) (total int64, err error) {
	w.begin()
	// The network's own ReadFrom knows a file behind one limit, not behind two.
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
	if err == io.EOF { // the source is shorter than its limit
		err = nil
	}
	return total, err
}

// FlushError is for http.ResponseController, as Flush is for others.
func (w *writer) FlushError() error {
	w.begin()
	began := w.pace.begin()
	err := w.control.Flush()
	w.pace.end(began, 0)
	return err
}

func (w *writer) Flush() { _ = w.FlushError() }

// body is the body of a request, which must arrive at a pace when a handler reads it.
// Otherwise the network is not waited for, which net/http does by itself, before and
// after an answer, to have the rest of the body out of the way.
type body struct {
	io.ReadCloser
	answer http.ResponseWriter // net/http's own
	pace   pace
	over   bool // it was read to its end, or given up
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
		// From now on net/http watches whether the client is still there.
		_ = b.pace.deadline(time.Time{})
	}
	return n, err
}

// giveUp leaves the rest of the body unread; the connection ends with the answer.
func (b *body) giveUp() {
	if b.over {
		return
	}
	b.over = true
	b.ReadCloser = http.NoBody
	_ = b.pace.deadline(time.Unix(1, 0))
	// A limit that is passed is what makes net/http close the connection and, before
	// that, give the client time to take the answer.
	_, _ = http.MaxBytesReader(b.answer, io.NopCloser(strings.NewReader("more")), 0).Read(make([]byte, 1))
}
