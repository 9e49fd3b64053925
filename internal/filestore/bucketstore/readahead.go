package bucketstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"csv-pipeline/internal/filestore"
)

const (
	// mostAhead is how many parts of an object are fetched ahead.
	mostAhead = 5
	// behind is how many parts are kept behind the foremost reader: several workers read
	// one object, each a block of its own.
	behind = 1
	// window is how many parts are in memory of an object that is read in order.
	window = behind + 1 + mostAhead
)

// parts is a window of an object: the parts that are read now and next.
type parts struct {
	ctx          context.Context
	store        *Store
	key, version string
	size         int64
	first        *ranged // the answer to the request that opened the object; nil once it is taken

	mu     sync.Mutex
	known  map[int64]*part
	front  int64 // the foremost part that a reader has reached
	ahead  int64 // how many parts to fetch beyond it
	closed bool
}

func newParts(ctx context.Context, s *Store, key, version string, size int64, first *ranged) *parts {
	return &parts{ctx: ctx, store: s, key: key, version: version, size: size, first: first, known: make(map[int64]*part)}
}

// part is a piece of an object that is being fetched or was. It has the size of a buffer,
// or less at the end of the object.
type part struct {
	from int64
	data []byte // all of it; filled up to n
	mu   sync.Mutex
	more sync.Cond
	n    int
	err  error // why there are no more than n bytes
	used int   // by readers, and while it is fetched; guarded by parts.mu
	gone bool  // out of the window; guarded by parts.mu
}

// read copies bytes from the offset on, which must be within the object: at least one, and
// at most those up to the end of a part.
func (p *parts) read(b []byte, at int64) (int, error) {
	t, err := p.acquire(at / p.store.buffers.size)
	if err != nil {
		return 0, err
	}
	defer p.release(t)
	offset := int(at - t.from)
	want := min(offset+len(b), len(t.data))
	t.mu.Lock()
	for t.n < want && t.err == nil {
		t.more.Wait()
	}
	n, err := t.n, t.err
	t.mu.Unlock()
	if n <= offset {
		return 0, err
	}
	return copy(b, t.data[offset:n]), nil
}

// acquire returns a part that is being fetched or was, and begins to fetch those after it.
func (p *parts) acquire(i int64) (*part, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, fmt.Errorf("read %s: %w", p.key, errClosed)
	}
	t := p.known[i]
	if t == nil {
		p.store.buffers.take(true)
		t = p.begin(i)
	}
	t.used++
	switch {
	case i == p.front+1:
		p.front, p.ahead = i, min(max(2*p.ahead, 2), mostAhead)
	case i > p.front || i < p.front-behind: // a jump: perhaps only one piece is read
		p.front, p.ahead = i, 0
	}
	for j, part := range p.known {
		if j < p.front-behind || j > p.front+mostAhead {
			p.drop(j, part)
		}
	}
	for j := p.front + 1; j <= p.front+p.ahead && j*p.store.buffers.size < p.size; j++ {
		if p.known[j] == nil {
			if !p.store.buffers.take(false) {
				break
			}
			p.begin(j)
		}
	}
	return t, nil
}

var errClosed = errors.New("the file is closed")

// begin starts to fetch a part. The caller has taken its buffer.
func (p *parts) begin(i int64) *part {
	size := p.store.buffers.size
	t := &part{from: i * size, used: 1}
	t.more.L = &t.mu
	t.data = p.store.buffers.get(min(size, p.size-t.from))
	p.known[i] = t
	first := p.first
	if i == 0 {
		p.first = nil
	} else {
		first = nil
	}
	go func() {
		defer p.release(t)
		p.fetch(t, first)
	}()
	return t
}

func (p *parts) drop(i int64, t *part) {
	delete(p.known, i)
	t.gone = true
	if t.used == 0 {
		p.store.buffers.put(t.data)
	}
}

func (p *parts) release(t *part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.used--
	t.mu.Lock()
	failed := t.err != nil
	t.mu.Unlock()
	switch i := t.from / p.store.buffers.size; {
	case t.used == 0 && t.gone:
		p.store.buffers.put(t.data)
	case failed && !t.gone && p.known[i] == t:
		p.drop(i, t) // the next reader fetches it again
	}
}

func (p *parts) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.first != nil {
		_ = p.first.Close()
		p.first = nil
	}
	for i, t := range p.known {
		p.drop(i, t)
	}
}

// tries is how often in a row a request may fail or bring no byte.
const tries = 5

// fetch fills a part. After an answer that breaks off, it requests the rest of the same
// version.
func (p *parts) fetch(t *part, answer *ranged) {
	failures := 0
	for {
		err := p.receive(t, answer)
		answer = nil
		t.mu.Lock()
		done := t.n == len(t.data)
		t.mu.Unlock()
		switch {
		case done:
			return
		case err == nil: // some bytes came
			failures = 0
		case p.ctx.Err() == nil && p.store.diagnose(err) == unavailable && failures < tries:
			failures++
			pause := 50 * time.Millisecond << failures
			select {
			case <-time.After(pause/2 + rand.N(pause)):
			case <-p.ctx.Done():
			}
		default:
			t.mu.Lock()
			t.err = p.store.explain(p.ctx, "read", p.key, err)
			t.mu.Unlock()
			t.more.Broadcast()
			return
		}
	}
}

// receive reads one answer. The error is nil if it brought any byte.
func (p *parts) receive(t *part, answer *ranged) error {
	t.mu.Lock()
	from := t.n
	t.mu.Unlock()
	if answer == nil {
		var err error
		if answer, err = p.store.openRange(p.ctx, p.key, p.version, t.from+int64(from), int64(len(t.data)-from)); err != nil {
			return err
		}
		if version, _ := p.store.backend.opened(answer.Reader); answer.Size() != p.size || version != "" && version != p.version {
			_ = answer.Close()
			return fmt.Errorf("read %s: %w", p.key, errReplaced)
		}
	}
	defer answer.Close()
	stalled := time.AfterFunc(p.store.stall, answer.cancel)
	defer stalled.Stop()
	n := from
	for n < len(t.data) {
		m, err := answer.Read(t.data[n:])
		if m > 0 {
			n += m
			t.mu.Lock()
			t.n = n
			t.mu.Unlock()
			t.more.Broadcast()
			stalled.Reset(p.store.stall)
		}
		switch {
		case err == nil || n == len(t.data):
		case n > from:
			return nil
		case p.ctx.Err() != nil:
			return p.ctx.Err()
		case errors.Is(err, context.Canceled):
			return fmt.Errorf("%w: no byte arrived for %s", filestore.ErrUnavailable, p.store.stall)
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		default:
			return err
		}
	}
	return nil
}

// buffers bounds the total memory of all parts.
type buffers struct {
	size int64 // of each, in bytes: what one request reads of a large object
	most int64
	used atomic.Int64
	free sync.Pool // of *[]byte
}

const (
	mib          = 1 << 20
	mostMemory   = window * 8 * mib
	smallestPart = mib
)

// newBuffers allows a fifth of the memory that the process may use. Parts are as large as
// that allows: fewer requests are less work for the server and for this process.
func newBuffers() *buffers {
	memory := int64(mostMemory)
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		memory = min(memory, limit/5)
	}
	size := max(memory/window/mib*mib, smallestPart)
	return &buffers{size: size, most: max(memory/size, window)}
}

// take reserves a buffer. It always succeeds where a reader waits for the part.
func (b *buffers) take(waiting bool) bool {
	if b.used.Add(1) > b.most && !waiting {
		b.used.Add(-1)
		return false
	}
	return true
}

func (b *buffers) get(size int64) []byte {
	if size < b.size {
		return make([]byte, size)
	}
	if p, ok := b.free.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, size)
}

func (b *buffers) put(data []byte) {
	b.used.Add(-1)
	if int64(len(data)) == b.size {
		b.free.Put(&data)
	}
}
