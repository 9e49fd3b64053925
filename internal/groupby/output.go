package groupby

import (
	"bytes"
	"fmt"
	"io"
	"math/big"
	"strconv"

	"csv-pipeline/internal/expression"
)

// output writes the result as CSV.
type output struct {
	plan   *Plan
	states *states
	scales []uint8 // for each state: digits after the point of the whole column
	to     io.Writer
	buf    []byte
	groups int64
	found  []*found                           // for each aggregate that is a quantile what it is of the group at hand
	doubt  func(column int, text []byte) bool // Options.Doubt
}

const outputBuffer = 32 << 10

func (o *output) header() error {
	o.buf = AppendRecord(o.buf, o.plan.header)
	return o.endLine(0)
}

// group writes a row: the key, and a record's aggregates.
func (o *output) group(key []byte, t *table, at uint32) error {
	start := len(o.buf)
	o.groups++
	for i, k := range o.plan.keys {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		var cell []byte
		cell, key, _ = bytes.Cut(key, nul)
		if o.doubt != nil && k.fn == column && o.doubt(k.column, cell) {
			return ErrDoubt
		}
		o.buf = appendEscaped(o.buf, cell)
	}
	for i := range o.plan.aggregates {
		if len(o.plan.keys)+i > 0 {
			o.buf = append(o.buf, ',')
		}
		var err error
		if o.buf, err = o.appendAggregate(o.buf, i, t, at); err != nil {
			return err
		}
	}
	return o.endLine(start)
}

// endLine ends the row that began at start. A row of one empty cell is written
// as "", for a blank line would be none.
func (o *output) endLine(start int) error {
	if len(o.buf) == start {
		o.buf = append(o.buf, `""`...)
	}
	o.buf = append(o.buf, '\n')
	if len(o.buf) >= outputBuffer {
		return o.flush()
	}
	return nil
}

func (o *output) flush() error {
	_, err := o.to.Write(o.buf)
	o.buf = o.buf[:0]
	return err
}

func (o *output) appendAggregate(dst []byte, i int, t *table, at uint32) ([]byte, error) {
	a, s := o.plan.aggregates[i], t.output[i]
	st := t.list[s]
	words := t.records[int(at)+st.offset:]
	switch st.kind {
	case cellValues:
		return o.appendQuantile(dst, i, t, at), nil
	case cellSquares:
		return o.appendVariance(dst, i, t, at), nil
	case cellFirst, cellLast:
		return o.appendCell(dst, i, t, at)
	}
	switch {
	case a.fn == count:
		return strconv.AppendUint(dst, words[0], 10), nil
	case words[1] == noValue:
		return dst, nil
	case a.fn == average:
		n := t.records[int(at)+t.list[t.cells[i]].offset]
		if st.double {
			return expression.AppendFloat(dst, t.doubleSum(int(at)+st.offset)/float64(n)), nil
		}
		return appendMean(dst, int128{words[1], words[0]}, n, t.scales[s]), nil
	case st.double && st.kind == cellSum:
		return expression.AppendFloat(dst, t.doubleSum(int(at)+st.offset)), nil
	case st.kind == cellSum:
	case int64(words[1]) >= extremeText:
		text := t.extremeText(int(at) + st.offset)
		if o.doubt != nil && o.doubt(st.column, text) {
			return dst, ErrDoubt
		}
		return appendEscaped(dst, text), nil
	}
	if st.double {
		return expression.AppendFloat(dst, doubleOf(words[0])), nil
	}
	v, ok := int128{words[1], words[0]}.scaleUp(o.scales[s] - t.scales[s])
	if !ok {
		return dst, errTooWide
	}
	return appendDecimal(dst, v, o.scales[s]), nil
}

// AppendRecord writes fields of CSV with commas between them, without the line end.
func AppendRecord(dst []byte, fields []string) []byte {
	for i, field := range fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendField(dst, []byte(field))
	}
	return dst
}

// AppendField writes a field of CSV, in quotes where it needs them.
func AppendField(dst, field []byte) []byte {
	special := false
	for _, c := range field {
		special = special || c == ',' || c == '"' || c == '\n' || c == '\r'
	}
	if !special {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	for _, c := range field {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// appendEscaped is AppendField for a field that is escaped: see record.go.
func appendEscaped(dst, field []byte) []byte {
	special := false
	for _, c := range field {
		special = special || c == ',' || c == '"' || c == '\n' || c == '\r'
	}
	if !special {
		return append(dst, field...)
	}
	dst = append(append(dst, '"'), field...)
	return append(dst, '"')
}

// appendDecimal writes a mantissa with scale digits after the point.
func appendDecimal(dst []byte, v int128, scale uint8) []byte {
	if v.hi == uint64(int64(v.lo)>>63) && scale == 0 {
		return strconv.AppendInt(dst, int64(v.lo), 10)
	}
	if v.negative() {
		dst = append(dst, '-')
		v = v.neg()
	}
	start := len(dst)
	if v.hi == 0 {
		dst = strconv.AppendUint(dst, v.lo, 10)
	} else {
		dst = v.bigInt().Append(dst, 10)
	}
	if scale == 0 {
		return dst
	}
	for len(dst)-start <= int(scale) {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - int(scale)
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

func (a int128) bigInt() *big.Int {
	m := a.abs()
	x := new(big.Int).SetUint64(m.hi)
	x.Lsh(x, 64).Or(x, new(big.Int).SetUint64(m.lo))
	if a.negative() {
		x.Neg(x)
	}
	return x
}

// appendMean writes the exact quotient rounded once to a double. Two integers
// below 2^53 are doubles, and IEEE 754 rounds their quotient correctly.
func appendMean(dst []byte, total int128, n uint64, scale uint8) []byte {
	const exact = 1 << 53
	var mean float64
	v := int64(total.lo)
	if total.hi == uint64(v>>63) && v < exact && v > -exact && scale < 16 && n < exact/pow10[scale] {
		mean = float64(v) / float64(n*pow10[scale])
	} else {
		d := new(big.Int).SetUint64(n)
		d.Mul(d, new(big.Int).SetUint64(pow10[scale]))
		mean, _ = new(big.Rat).SetFrac(total.bigInt(), d).Float64()
	}
	return expression.AppendFloat(dst, mean)
}

func (o *output) wrap(name string, err error) error {
	return fmt.Errorf("write the result of %s: %w", name, err)
}
