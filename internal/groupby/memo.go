package groupby

import (
	"bytes"

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
	keys    [memoSlots]memoKey
	values  [memoSlots]T
}

const (
	memoSlots = 256
	memoCell  = 16 // bytes of the longest cell that is remembered
)

// memoKey tells cells of up to memoCell bytes apart: their first eight bytes and their last.
type memoKey struct {
	first, last uint64
	length      uint32
	known       bool
}

func newMemo[T any](w *worker, column int, n *expression.Node) *memo[T] {
	m := &memo[T]{w: w, column: column, program: n.Bind(func(*expression.Node) int { return 0 }, nil), row: expression.NewRow(plainCells{&w.batch.reader}, 1)}
	w.vectors.forget = append(w.vectors.forget, func() { clear(m.keys[:]) })
	return m
}

// of returns the value for a cell, and false where the cell is in doubt.
func (m *memo[T]) of(text []byte, start, end uint32) (value T, ok bool) {
	length := end - start
	if length > memoCell {
		return m.compute(text[start:end])
	}
	key := memoKey{length: length, known: true}
	if length > 8 {
		key.first, key.last = load64(text, start), load64(text, end-8)
	} else if length > 0 {
		key.first = load64(text, start) << (-(8 * length) & 63)
	}
	slot := (key.first ^ key.last*0x9E3779B97F4A7C15) * 0x9E3779B97F4A7C15 >> 56
	if m.keys[slot] == key {
		return m.values[slot], true
	}
	if value, ok = m.compute(text[start:end]); ok {
		m.keys[slot], m.values[slot] = key, value
	}
	return value, ok
}

func (m *memo[T]) compute(cell []byte) (value T, ok bool) {
	m.row.Begin()
	if len(cell) == 0 {
		m.row.SetNull(0)
	} else {
		if m.w.doubt != nil && m.w.doubt(m.column, cell) {
			return value, false
		}
		if bytes.IndexByte(cell, '"') >= 0 {
			cell = bytes.ReplaceAll(cell, doubledQuote, quote)
		}
		m.row.SetText(0, cell)
	}
	var v expression.Value
	m.w.batch.reader.doubt = false
	if m.program.Run(m.row, &v) != nil || m.w.batch.reader.doubt {
		return value, false
	}
	return m.convert(m, &v)
}

// plainCells are cells without settings but for the format of numbers.
type plainCells struct{ reader *numberReader }

func (c plainCells) Number(text []byte, v *expression.Value) bool {
	if c.reader.format != nil {
		number, ok := c.reader.append(text)
		return ok && expression.ParseValue(number, v)
	}
	return expression.ParseValue(bytes.Trim(text, " \t"), v)
}
func (plainCells) Time(text []byte) ([]byte, bool) { return text, validTime(text) }
func (plainCells) FileName() string                { return "" }

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
	m.convert = func(_ *memo[[]byte], v *expression.Value) ([]byte, bool) {
		return escape(v.Append(nil)), true
	}
	out := new(texts)
	return func(text []byte, n int) (*texts, bool) {
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
