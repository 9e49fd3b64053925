package groupby

import (
	"bytes"
	"math/bits"

	"csv-pipeline/internal/expression"
)

// memo remembers what an expression makes of the cells of a column, of which columns of
// texts and times have few that differ, one after the other.
type memo[T any] struct {
	w       *worker
	column  int // of Plan.columns
	program *expression.Program
	row     *expression.Row
	convert func(m *memo[T], v *expression.Value) (T, bool)
	value   expression.Value
	cut     uint32    // how many bytes of a time the expression goes by; 0: it is not of times
	clear   bool      // a cell that clearCell takes is not in doubt
	keys    []memoKey // as many as values, a power of two
	values  []T
	shift   uint // of a hash, for a place in them

	rows, missed int // since it was last decided how many places there are
	rest         int // rows to go before cells are remembered again
}

const (
	memoSlots = 256
	memoMost  = 16384
	memoCell  = 16 // bytes of the longest cell that is remembered

	memoTrial = 16 * batchRows // rows after which it is decided how many places there are
	memoRest  = 16 * memoTrial // rows that are computed without, where cells do not repeat
)

// memoKey tells cells of up to memoCell bytes apart: their first eight bytes and their last.
type memoKey struct {
	first, last uint64
	length      uint32
	known       bool
}

func newMemo[T any](w *worker, column int, n *expression.Node) *memo[T] {
	m := &memo[T]{w: w, column: column, program: n.Bind(func(*expression.Node) int { return 0 }, w.plan.dates), row: expression.NewRow(&plainCells{reader: &w.batch.reader, times: w.plan.times}, 1),
		clear: clearColumn(w.plan, column)}
	if w.plan.times == nil {
		m.cut = timeCut(n)
	}
	m.resize(memoSlots)
	w.vectors.forget = append(w.vectors.forget, m.forget)
	return m
}

func (m *memo[T]) forget() {
	m.rows, m.missed, m.rest = 0, 0, 0
	if clear(m.keys); len(m.keys) > memoSlots {
		m.resize(memoSlots)
	}
}

func (m *memo[T]) resize(slots int) {
	m.keys, m.values = make([]memoKey, slots), make([]T, slots)
	m.shift = uint(64 - bits.TrailingZeros(uint(slots)))
}

// begin is for the next n rows. Where many cells were not found there are more places for them, and
// none for a while where that does not help.
func (m *memo[T]) begin(n int) {
	if m.rest > 0 {
		m.rest -= n
		return
	}
	if m.rows += n; m.rows < memoTrial {
		return
	}
	switch {
	case m.missed < m.rows/8:
	case len(m.keys) < memoMost:
		m.resize(4 * len(m.keys))
	case m.missed > m.rows/2:
		m.resize(memoSlots)
		m.rest = memoRest
	}
	m.rows, m.missed = 0, 0
}

// of returns the value for a cell, and false where the cell is in doubt.
func (m *memo[T]) of(text []byte, start, end uint32) (value T, ok bool) {
	length := end - start
	if m.cut > 0 && length > m.cut && m.clear && clearCell(text, start, end) && validTime(text[start:end]) {
		length, end = m.cut, start+m.cut
	}
	if length > memoCell || m.rest > 0 {
		return m.compute(text, start, end)
	}
	key := memoKey{length: length, known: true}
	if length > 8 {
		key.first, key.last = load64(text, start), load64(text, end-8)
	} else if length > 0 {
		key.first = load64(text, start) << (-(8 * length) & 63)
	}
	slot := (key.first ^ key.last*0x9E3779B97F4A7C15) * 0x9E3779B97F4A7C15 >> (m.shift & 63)
	if m.keys[slot] == key {
		return m.values[slot], true
	}
	if value, ok = m.compute(text, start, end); ok {
		m.keys[slot], m.values[slot] = key, value
		m.missed++
	}
	return value, ok
}

func (m *memo[T]) compute(text []byte, start, end uint32) (value T, ok bool) {
	m.row.Begin()
	switch cell := text[start:end]; {
	case start == end:
		m.row.SetNull(0)
	case m.clear && clearCell(text, start, end):
		m.row.SetText(0, cell)
	default:
		if m.w.doubt != nil && m.w.doubt(m.column, cell) {
			return value, false
		}
		if bytes.IndexByte(cell, '"') >= 0 {
			cell = bytes.ReplaceAll(cell, doubledQuote, quote)
		}
		m.row.SetText(0, cell)
	}
	m.w.batch.reader.doubt = false
	if m.program.Run(m.row, &m.value) != nil || m.w.batch.reader.doubt {
		return value, false
	}
	return m.convert(m, &m.value)
}

// timeCut is how many bytes of valid times tell what an expression makes of them, where it has
// its column as a time alone; 0 otherwise.
func timeCut(n *expression.Node) (cut uint32) {
	whole := false
	n.Walk(func(n *expression.Node) bool {
		switch {
		case n.Op == expression.Column:
			whole = true
		case n.IsTime() && n.Args[0].Op == expression.Column:
			cut = max(cut, uint32(len("2022-01-31")))
			if n.Op == expression.Hour {
				cut = uint32(len("2022-01-31T12"))
			}
			return false
		}
		return true
	})
	if whole {
		return 0
	}
	return cut
}

// clearColumn says whether the name of a column begins with no digit, so that cells that do are
// not its header among the rows.
func clearColumn(p *Plan, column int) bool {
	name := p.columns[column].name
	return name != "" && name[0]-'0' > 9
}

// clearCell says whether a cell begins with a digit and has nothing but printable ASCII without
// quotes, as dates and times have: of a clearColumn it is not in doubt, and it has no escape.
func clearCell(text []byte, start, end uint32) bool {
	if start == end || byteAt(text, start)-'0' > 9 {
		return false
	}
	var odd uint64
	for at := start; at < end; at += 8 {
		w := load64(text, at)
		if left := end - at; left < 8 {
			w = w<<(64-8*left) | zeros>>(8*left)
		}
		quotes := w ^ lowBits*'"'
		odd |= w | (w-lowBits*' ')&^w | (quotes-lowBits)&^quotes
	}
	return odd&highBits == 0
}

// compareTexts compares the cells of a column with a text: those that clearCell takes here, others
// by the memo. A date that differs from one in quotes is in order by its bytes; of that day, times
// are compared.
func compareTexts(m *memo[uint8], text *expression.Node, holds func(order int) bool) maskVector {
	slow, p := memoMask(m), m.w.plan
	if !m.clear || p.times != nil {
		return slow
	}
	with := text.Value.Text
	var day []byte
	var month uint64 // of the day, with the hyphens
	if p.dates.IsDate(text) {
		if !validTime(with) {
			return slow
		}
		day, month = with[:len("2022-01-31")], load64(with, 0)
	}
	var results [3]uint8 // where the cell is less, equal, greater
	for i := range results {
		if results[i] = isFalse; holds(i - 1) {
			results[i] = isTrue
		}
	}
	out := new(mask)
	return func(text []byte, n int) (*mask, bool) {
		m.begin(n)
		c := &m.w.batch.columns[m.column]
		for i := range n {
			start, end := c.start(i), c.end(i)
			if clearCell(text, start, end) {
				cell := text[start:end]
				switch {
				case load64(text, start) != month || !bytes.HasPrefix(cell, day):
					out[i] = results[1+bytes.Compare(cell, with)]
					continue
				case validTime(cell):
					out[i] = results[1+compareHours(cell, with)]
					continue
				}
			}
			value, ok := m.of(text, start, end)
			if !ok {
				return nil, false
			}
			out[i] = value
		}
		return out, true
	}
}

// plainCells are cells without settings but for the forms of numbers and times.
type plainCells struct {
	reader *numberReader
	times  expression.Dates
	buf    []byte
}

func (c *plainCells) Number(text []byte, v *expression.Value) bool {
	if c.reader.format != nil {
		number, ok := c.reader.append(text)
		return ok && expression.ParseValue(number, v)
	}
	return expression.ParseValue(bytes.Trim(text, " \t"), v)
}

func (c *plainCells) Time(text []byte) (_ []byte, ok bool) {
	if c.times == nil {
		return text, validTime(text)
	}
	c.buf, ok = c.times(c.buf[:0], text)
	return c.buf, ok
}

func (*plainCells) FileName() string { return "" }

var doubledQuote = []byte(`""`)

func escape(text []byte) []byte { return bytes.ReplaceAll(text, quote, doubledQuote) }

func memoMask(m *memo[uint8]) maskVector {
	m.convert = func(_ *memo[uint8], v *expression.Value) (uint8, bool) {
		switch {
		case v.Kind == expression.NullValue:
			return 0, true
		case v.IsTrue():
			return isTrue, true
		}
		return isFalse, true
	}
	out := new(mask)
	return func(text []byte, n int) (*mask, bool) {
		m.begin(n)
		c := &m.w.batch.columns[m.column]
		for i := range n {
			value, ok := m.of(text, c.start(i), c.end(i))
			if !ok {
				return nil, false
			}
			out[i] = value
		}
		return out, true
	}
}

func memoTexts(m *memo[[]byte]) textVector {
	var buf []byte
	known := make(map[string][]byte) // of texts, as many cells make the same of few
	m.convert = func(_ *memo[[]byte], v *expression.Value) ([]byte, bool) {
		buf = v.Append(buf[:0])
		text, ok := known[string(buf)]
		if !ok {
			if text = escape(buf); len(known) < memoSlots && len(buf) <= 4*memoCell {
				known[string(buf)] = text
			}
		}
		return text, true
	}
	out := new(texts)
	return func(text []byte, n int) (*texts, bool) {
		m.begin(n)
		c := &m.w.batch.columns[m.column]
		for i := range n {
			var ok bool
			if out[i], ok = m.of(text, c.start(i), c.end(i)); !ok {
				return nil, false
			}
		}
		return out, true
	}
}

// memoNull is what memoNumbers remembers of NULL.
const memoNull = -1 << 63

func memoNumbers(m *memo[int64]) numberVector {
	m.convert = func(_ *memo[int64], v *expression.Value) (int64, bool) {
		if v.Kind == expression.NullValue {
			return memoNull, true
		}
		n, scale, ok := v.Number.Small()
		return n, ok && scale == 0 && n != memoNull && v.Kind == expression.NumberValue
	}
	out := new(numbers)
	return func(text []byte, n int) (*numbers, bool) {
		m.begin(n)
		c := &m.w.batch.columns[m.column]
		out.nulls, out.most = 0, 0
		for i := range n {
			value, ok := m.of(text, c.start(i), c.end(i))
			if !ok {
				return nil, false
			}
			out.values[i], out.valid[i] = value, 1
			if value == memoNull {
				out.values[i], out.valid[i] = 0, 0
				out.nulls++
			}
			out.most = max(out.most, magnitude64(out.values[i]))
		}
		return out, true
	}
}
