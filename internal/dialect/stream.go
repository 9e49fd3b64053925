package dialect

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
)

// blockSize is how many bytes of a text are rewritten at once.
var blockSize = 256 << 10

// Stream is a file as the engine reads it: an io.Reader of the records that Rewrite
// tells. Close ends its goroutines.
type Stream struct {
	name    string
	text    io.Reader
	rules   *rules
	layout  *Layout
	outputs []output
	compute *computation
	sources []output // of the computation
	scales  []int    // of the question's columns
	rejects io.Writer

	header []byte // of a selection
	out    []byte // what is to be read yet
	err    error
	next   func() (*batch, error)
	close  func()

	rows  int64
	tally tally
	begun bool // rows were skipped
}

// batch is whole records on their way.
type batch struct {
	data   []byte
	final  bool
	line   int64
	out    []byte
	rows   int64
	tally  tally
	marks  []marks // of the outputs, then of the sources
	scales []int
	err    error
	done   chan struct{}
	read   chan struct{} // closed once nobody needs it, of a batch that is large
}

// large is the size from which batches are on their way one at a time.
func (b *batch) large() bool { return cap(b.data) > 4*blockSize }

// newStream rewrites a text that begins with the first record, by so many goroutines.
func newStream(ctx context.Context, name string, text io.Reader, r *rules, l *Layout, outputs []output, c *computation, rejects io.Writer, workers int) *Stream {
	s := &Stream{name: name, text: text, rules: r, layout: l, outputs: outputs, compute: c, rejects: rejects, close: func() {}}
	if c != nil {
		s.sources, s.scales = slices.Clone(c.sources), make([]int, len(c.sources))
	}
	if workers > 1 && !r.Lenient && r.SkipFooter == 0 {
		s.parallel(ctx, workers)
	} else {
		s.sequential(ctx)
	}
	return s
}

// Header is that of a selection, as it is read; nothing where it has none.
func (s *Stream) Header() []byte { return s.header }

// SkipHeader passes over the Header of a selection, of which nothing was read yet, and
// returns it.
func (s *Stream) SkipHeader() []byte {
	s.out = s.out[len(s.header):]
	return s.header
}

// Close frees what the stream reads with. Its source stays open.
func (s *Stream) Close() { s.close() }

// Rows is how many records were read.
func (s *Stream) Rows() int64 { return s.rows }

// Rejected is how many records were skipped.
func (s *Stream) Rejected() int64 { return s.tally.bad }

// Scales are the most digits after the point of the numbers of each of the question's
// columns that an expression or a condition takes as numbers; nil where there is none. It is
// complete once Read has said io.EOF.
func (s *Stream) Scales() []int { return s.scales }

func (s *Stream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.err != nil {
			return 0, s.err
		}
		b, err := s.next()
		if err == nil {
			err = s.take(b)
		}
		if err == io.EOF {
			err = s.finish()
		}
		if s.err = err; err != nil {
			s.out = nil
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// take adds what a batch has become.
func (s *Stream) take(b *batch) error {
	s.out = b.out
	s.rows += b.rows
	t, of := &s.tally, &b.tally
	t.bad += of.bad
	t.repeated += of.repeated
	t.padded += of.padded
	t.cut += of.cut
	t.reread += of.reread
	t.tables += of.tables
	if t.first == nil {
		t.first = of.first
	}
	for i, scale := range b.scales {
		s.scales[i] = max(s.scales[i], scale)
	}
	for i, marks := range b.marks {
		o := s.marked(i)
		o.points.merge(marks.points)
		o.currencies.merge(marks.currencies)
	}
	if b.err != nil {
		return b.err
	}
	if len(of.rejects) > 0 && !s.begun {
		t.rejects = append(t.rejects, "line,reason,row\n"...)
		s.begun = true
	}
	t.rejects = append(t.rejects, of.rejects...)
	if len(t.rejects) >= blockSize {
		return s.flush()
	}
	return nil
}

// marked is an output, or a source.
func (s *Stream) marked(i int) *output {
	if i < len(s.outputs) {
		return &s.outputs[i]
	}
	return &s.sources[i-len(s.outputs)]
}

// flush writes the rows that were skipped.
func (s *Stream) flush() error {
	if s.rejects != nil && len(s.tally.rejects) > 0 {
		if _, err := s.rejects.Write(s.tally.rejects); err != nil {
			return fmt.Errorf("write the rejected rows of %s: %w", s.name, err)
		}
	}
	s.tally.rejects = s.tally.rejects[:0]
	return nil
}

// finish checks what can only be told of the whole file; io.EOF is that all is well.
func (s *Stream) finish() error {
	for _, outputs := range [][]output{s.outputs, s.sources} {
		for i := range outputs {
			if err := trap(s.name, &outputs[i]); err != nil {
				return err
			}
		}
	}
	if total := s.rows + s.tally.bad; float64(s.tally.bad) > s.rules.MaxBadShare*float64(total) {
		return tooManyBad(s.tally.first, s.tally.bad, total, s.rules.MaxBadShare)
	}
	if err := s.flush(); err != nil {
		return err
	}
	return io.EOF
}

// sequential rewrites in the goroutine that reads.
func (s *Stream) sequential(ctx context.Context) {
	w := newRewriter(s.name, s.rules, s.layout, s.outputs, s.compute)
	buf := make([]byte, blockSize)
	n, final, b := 0, false, new(batch)
	s.next = func() (*batch, error) {
		if final {
			return nil, io.EOF
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("read %s: %w", s.name, err)
		}
		var err error
		if n, final, err = fill(s.text, buf, n); err != nil {
			return nil, err
		}
		b.line = w.line
		w.last = final
		used := w.run(b, buf[:n], final)
		if used == 0 && n == len(buf) && b.err == nil {
			buf = grown(buf, min(2*len(buf), mostHeld))
		}
		n = copy(buf, buf[used:n])
		final = final || w.ended
		return b, nil
	}
}

// run rewrites the records of a text into a batch; final says that they are whole.
func (w *rewriter) run(b *batch, data []byte, final bool) (used int) {
	w.lenience.begun = w.begun()
	w.out, w.rows, w.tally = b.out[:0], 0, tally{}
	w.line = b.line
	for i := range w.outputs {
		w.outputs[i].marks = marks{}
	}
	if c := w.computing; c != nil {
		clear(c.scales)
		for i := range c.sources {
			c.sources[i].marks = marks{}
		}
	}
	used, b.err = w.rewrite(data, final)
	if b.err == nil && used == 0 && len(data) > maxRecord {
		b.err = tooLong(w.name, w.line, data)
	}
	b.out, b.rows, b.tally = w.out, w.rows, w.tally
	b.marks = b.marks[:0]
	for i := range w.outputs {
		b.marks = append(b.marks, w.outputs[i].marks)
	}
	if c := w.computing; c != nil {
		b.scales = append(b.scales[:0], c.scales...)
		for i := range c.sources {
			b.marks = append(b.marks, c.sources[i].marks)
		}
	}
	return used
}

// mostHeld is how many bytes of a text are held at most, to find a record's end in them.
const mostHeld = maxRecord + 64<<10

// grown is a larger buffer with the same beginning, and no larger than that, as append's is.
func grown(buf []byte, size int) []byte {
	larger := make([]byte, max(size, len(buf)))
	copy(larger, buf)
	return larger
}

// fill reads until buf is full or the text at its end.
func fill(r io.Reader, buf []byte, n int) (int, bool, error) {
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if err == io.EOF {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// parallel splits the text into whole records, which several goroutines rewrite.
func (s *Stream) parallel(ctx context.Context, workers int) {
	ctx, cancel := context.WithCancel(ctx)
	jobs, order := make(chan *batch, 2*workers), make(chan *batch, 2*workers)
	spare := make(chan *batch, 4*workers)
	var group sync.WaitGroup
	group.Go(func() {
		defer close(order)
		defer close(jobs)
		s.split(ctx, jobs, order, spare)
	})
	for range workers {
		w := newRewriter(s.name, s.rules, s.layout, s.outputs, s.compute)
		group.Go(func() {
			for b := range jobs {
				w.last = b.final
				w.run(b, b.data, true) // all of its records are whole
				close(b.done)
			}
		})
	}
	s.close = func() {
		cancel()
		for range order { // lets the splitter end
		}
		group.Wait()
	}
	var last *batch
	s.next = func() (*batch, error) {
		if last != nil && last.large() {
			last.data, last.out = nil, nil
			close(last.read)
		} else if last != nil {
			select {
			case spare <- last:
			default:
			}
		}
		last = nil
		b, ok := <-order
		if !ok {
			if err := context.Cause(ctx); err != nil {
				return nil, fmt.Errorf("read %s: %w", s.name, err)
			}
			return nil, io.EOF
		}
		<-b.done
		last = b
		return b, nil
	}
}

// split cuts the text into batches of whole records.
func (s *Stream) split(ctx context.Context, jobs, order chan<- *batch, spare <-chan *batch) {
	syntax, regular := s.layout.syntax(s.rules), newFast(s.rules, s.layout)
	var rest []byte
	line := s.layout.line
	for final := false; !final; {
		var b *batch
		select {
		case b = <-spare:
		default:
			b = &batch{data: make([]byte, blockSize)}
		}
		b.done, b.read, b.line, b.err = make(chan struct{}), make(chan struct{}), line, nil
		size, cut, n := blockSize, 0, 0
		b.data = b.data[:cap(b.data)]
		var err error
		for cut == 0 && !final && err == nil {
			if size = max(size, min(2*len(rest), mostHeld)); len(b.data) < size {
				b.data = grown(b.data, size)
			}
			if n == 0 {
				if n = copy(b.data, rest); cap(rest) > blockSize {
					rest = nil
				}
			}
			if n, final, err = fill(s.text, b.data[:size], n); err != nil {
				break
			}
			if cut = syntax.boundary(b.data[:n], regular, s.layout); n > maxRecord && cut == 0 {
				err = tooLong(s.name, line, b.data[:n])
			}
			size = min(2*size, mostHeld)
		}
		if final {
			cut = n
		}
		rest = append(rest[:0], b.data[cut:n]...)
		b.data, b.final = b.data[:cut], final
		line += lines(b.data)
		if err != nil {
			b.err = err
			close(b.done)
		}
		select {
		case order <- b:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
		large := b.large() // before somebody else has it
		jobs <- b          // has room wherever order has
		if large {
			select {
			case <-b.read:
			case <-ctx.Done():
				return
			}
		}
	}
}

// boundary is where the last whole record of data ends, more of the text being to come. regular
// may be nil.
func (s *syntax) boundary(data []byte, regular *fast, l *Layout) int {
	if (s.quote == 0 || bytes.IndexByte(data, s.quote) < 0) && (s.escape == 0 || bytes.IndexByte(data, s.escape) < 0) && len(data) > 0 {
		last := bytes.LastIndexByte(data, '\n')
		if cr := bytes.LastIndexByte(data[:len(data)-1], '\r'); cr > last {
			last = cr
		}
		return last + 1
	}
	var r record
	at, slow := 0, 0
	for at < len(data) {
		if regular != nil && at >= slow {
			at += regular.whole(data[at:], l)
			slow = at + notRegular
		}
		if at == len(data) || s.parse(data[at:], false, &r) == incomplete {
			break
		}
		at += r.size
	}
	return at
}
