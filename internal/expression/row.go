package expression

import (
	"fmt"

	"golang.org/x/sys/cpu"

	"csv-pipeline/internal/cacheline"
)

// Env is what a file's settings make of its cells.
type Env interface {
	// Number reads a text as a number: as ParseValue does, or as the settings say. It
	// says false for what is none.
	Number(text []byte, v *Value) bool
	// Time reads a text as a time, and tells it in ISO 8601 from the year to at least the
	// day. The result is good until the next call.
	Time(text []byte) ([]byte, bool)
	FileName() string
}

// Row is the cells that programs run over. It is used by one goroutine at a time.
type Row struct {
	_     cpu.CacheLinePad // see package cacheline
	env   Env
	cells []rowCell
	arena []byte // texts that were made
	slots []Value
	dates []byte // room for Dates
	_     cpu.CacheLinePad
}

type rowCell struct {
	value  Value // text, number or NULL
	parsed bool  // number is what a text is as a number
	number Value // NULL where it is none
}

// NewRow makes a row of so many columns.
func NewRow(env Env, columns int) *Row {
	return &Row{env: env, cells: cacheline.Slice[rowCell](columns), dates: cacheline.Slice[byte](64)}
}

// Begin forgets the texts that programs made of the row before.
func (r *Row) Begin() { r.arena = r.arena[:0] }

// SetText makes a text the cell of a column.
func (r *Row) SetText(column int, text []byte) {
	c := &r.cells[column]
	c.parsed = false
	c.value.Kind, c.value.Text, c.value.cell = TextValue, text, int32(column+1)
}

// SetNull makes a cell NULL.
func (r *Row) SetNull(column int) {
	c := &r.cells[column]
	c.value.Kind, c.parsed = NullValue, false
}

// Set makes a value that is no text the cell of a column.
func (r *Row) Set(column int, v *Value) {
	c := &r.cells[column]
	c.value, c.parsed = *v, false
	c.value.cell = 0
}

// Text is the text of the cell of a column, where it is one.
func (r *Row) Text(column int) []byte { return r.cells[column].value.Text }

// Number is the cell of a column as a number, or nil where it is none or NULL.
func (r *Row) Number(column int) *Value {
	c := &r.cells[column]
	switch c.value.Kind {
	case NumberValue, FloatValue:
		return &c.value
	case TextValue:
		if !c.parsed {
			c.parsed = true
			c.number.cell = 0
			if !r.env.Number(c.value.Text, &c.number) {
				c.number.Kind = NullValue
			}
		}
		if c.number.Kind != NullValue {
			return &c.number
		}
	}
	return nil
}

// scale is how many digits after the point the number of a cell has.
func (r *Row) scale(column int) int {
	if v := r.Number(column); v != nil && v.Kind == NumberValue {
		return v.Number.Scale()
	}
	return 0
}

// keep is room for a text that is made: append to it, then take it with kept.
func (r *Row) keep() []byte { return r.arena[len(r.arena):] }

func (r *Row) kept(text []byte) []byte {
	// Where the arena has grown, texts that were made before stay where they are.
	if n := len(r.arena); cap(text) > 0 && cap(r.arena)-n == cap(text) {
		r.arena = r.arena[:n+len(text)]
		return r.arena[n:]
	}
	r.arena = text
	return text
}

// ValueError is a value that is not what an expression needs.
type ValueError struct {
	Column int    // whose cell it is; -1 where it was made of others
	Text   []byte // of a cell that is no number or no time; nil otherwise
	Time   bool   // wanted; a number otherwise
	// Compared says that the cell is compared with a number.
	Compared bool
	// Problem is what is wrong where it is not the cell.
	Problem string
}

func (e *ValueError) Error() string {
	switch {
	case e.Problem != "":
		return e.Problem
	case e.Time:
		return fmt.Sprintf("%q is not a date or time", e.Text)
	}
	return fmt.Sprintf("%q is not a number", e.Text)
}

// asNumber makes a number of a text.
func (r *Row) asNumber(v *Value) error {
	if v.Kind != TextValue {
		return nil
	}
	if v.cell > 0 {
		column := int(v.cell - 1)
		if n := r.Number(column); n != nil {
			*v = *n
			return nil
		}
		return &ValueError{Column: column, Text: v.Text}
	}
	text := v.Text
	if r.env.Number(text, v) {
		v.Text, v.cell = nil, 0
		return nil
	}
	return &ValueError{Column: -1, Text: text}
}

// asText makes a text of a number.
func (r *Row) asText(v *Value) {
	if v.Kind == NumberValue || v.Kind == FloatValue || v.Kind == BoolValue {
		v.setText(r.kept(v.Append(r.keep())))
	}
}

// Value is the cell of a column. It is good until that is set again.
func (r *Row) Value(column int) *Value { return &r.cells[column].value }

// ParseNumber reads a text as a number.
func (r *Row) ParseNumber(text []byte) (v Value, ok bool) {
	ok = r.env.Number(text, &v)
	return v, ok
}
