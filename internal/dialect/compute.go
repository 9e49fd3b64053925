package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/cpu"

	"csv-pipeline/internal/cacheline"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// Want is a column of what a file is rewritten into: a cell of one of the question's
// columns, or an expression over them.
type Want struct {
	Column     int // from 0; where Expression is nil
	Role       groupby.Role
	Expression *expression.Node
	Distinct   bool // equal numbers are to be the same text
	All        bool // all columns of the file, of a selection
	Source     string
}

// computation is the expressions of a question, bound to its columns.
type computation struct {
	where   *expression.Program
	uses    []int // the columns that are needed
	numbers []int // those of them that are taken as numbers
	sources []output
}

// computing runs a computation over rows.
type computing struct {
	_ cpu.CacheLinePad // see package cacheline
	*computation
	row     *expression.Row
	sources []output // for each of the question's columns: where it is, and its points
	room    [][]byte // for decoded cells
	scales  []int    // the most digits after the point that a number of a column has
	value   expression.Value
	buf     []byte
	_       cpu.CacheLinePad
}

// compile binds the expressions of the columns that are wanted and of a condition; it is
// nil where there are none.
func (r *Reading) compile(wants []Want, where *expression.Node) ([]output, *computation) {
	names := fieldNames(r.Layout.Header, r.Layout.width)
	source := func(i int) output {
		at := r.Layout.fields[i]
		return output{field: at, role: r.columns[i].Role, name: names[at]}
	}
	index := func(n *expression.Node) int {
		return slices.IndexFunc(r.columns, func(c groupby.Column) bool { return c.Name == n.Text && c.Number == n.Number })
	}
	c := new(computation)
	use := func(n *expression.Node, numeric bool) {
		for _, column := range n.Columns() {
			if i := index(column); !slices.Contains(c.uses, i) {
				c.uses = append(c.uses, i)
			}
		}
		for _, column := range n.NumericColumns(numeric) {
			if i := index(column); !slices.Contains(c.numbers, i) {
				c.numbers = append(c.numbers, i)
			}
		}
	}
	outputs := make([]output, len(wants))
	for i, want := range wants {
		if want.Expression == nil {
			outputs[i] = source(want.Column)
			outputs[i].role = want.Role
			continue
		}
		outputs[i] = output{role: want.Role, name: want.Source, distinct: want.Distinct}
		if want.Role == groupby.Number {
			outputs[i].program = want.Expression.BindNumber(index, r.rules.dates.appendComparable)
		} else {
			outputs[i].program = want.Expression.Bind(index, r.rules.dates.appendComparable)
		}
		use(want.Expression, want.Role == groupby.Number)
	}
	if where != nil {
		c.where = where.Bind(index, r.rules.dates.appendComparable)
		use(where, false)
		for _, want := range wants {
			if want.Expression == nil && (want.Role == groupby.Number || want.Role == groupby.Extreme) && !slices.Contains(c.numbers, want.Column) {
				c.numbers = append(c.numbers, want.Column)
				if !slices.Contains(c.uses, want.Column) {
					c.uses = append(c.uses, want.Column)
				}
			}
		}
	} else if !slices.ContainsFunc(outputs, func(o output) bool { return o.program != nil }) {
		return outputs, nil
	}
	for i := range r.columns {
		c.sources = append(c.sources, source(i))
	}
	return outputs, c
}

func (w *rewriter) compute(c *computation) {
	n := len(c.sources)
	w.computing = &computing{
		computation: c,
		row:         expression.NewRow(w, n),
		sources:     cacheline.Slice[output](n),
		room:        cacheline.Slice[[]byte](n),
		scales:      cacheline.Slice[int](n),
		buf:         cacheline.Slice[byte](64),
	}
	copy(w.computing.sources, c.sources)
}

// Number reads a text by the settings.
func (w *rewriter) Number(text []byte, v *expression.Value) bool {
	var ok bool
	c := w.computing
	c.buf, ok = w.numbers.appendNumber(c.buf[:0], text)
	return ok && expression.ParseValue(c.buf, v)
}

// Time reads a text by the settings.
func (w *rewriter) Time(text []byte) ([]byte, bool) {
	var ok bool
	c := w.computing
	c.buf, ok = w.dates.appendTime(c.buf[:0], text)
	return c.buf, ok
}

// FileName is the name of the file.
func (w *rewriter) FileName() string { return w.name }

// set makes a text the cell of a column; nil is NULL.
func (c *computing) set(column int, text []byte) {
	if text == nil {
		c.row.SetNull(column)
	} else {
		c.row.SetText(column, text)
	}
}

// begin looks at the row whose cells were set, and says whether it is wanted.
func (w *rewriter) begin() (wanted bool, err error) {
	c := w.computing
	c.row.Begin()
	for _, i := range c.numbers {
		v := c.row.Number(i)
		if v == nil {
			continue
		}
		if v.Kind == expression.NumberValue {
			c.scales[i] = max(c.scales[i], v.Number.Scale())
		}
		w.observe(&c.sources[i], c.row.Text(i))
	}
	if c.where == nil {
		return true, nil
	}
	err = c.where.Run(c.row, &c.value)
	return c.value.IsTrue(), err
}

// computed appends the value of an expression.
func (w *rewriter) computed(o *output) error {
	v := &w.computing.value
	if err := o.program.Run(w.computing.row, v); err != nil {
		return err
	}
	text := v.Kind == expression.TextValue
	switch {
	case v.Kind == expression.NullValue:
	case text && len(v.Text) == 0: // NULL, as an empty cell is
	case o.role == groupby.Presence:
		w.out = append(w.out, '1')
	case text && o.role == groupby.Extreme && o.program.Type == expression.Cell:
		if _, ok := w.extreme(v.Text); !ok {
			return &expression.ValueError{Column: -1, Text: v.Text}
		}
	case text:
		w.out = groupby.AppendField(w.out, v.Text)
	case o.distinct:
		w.out = v.AppendDistinct(w.out)
	default:
		w.out = v.Append(w.out)
	}
	return nil
}

// extreme appends a cell as minima and maxima compare it, and says whether it is a number. A date
// in a form that was said is written in ISO 8601, whose texts are in order. A number that the
// settings do not read and the engine would is neither a number nor a text: it is not ok.
func (w *rewriter) extreme(cell []byte) (number, ok bool) {
	if w.out, number = w.numbers.appendNumber(w.out, cell); number {
		return true, true
	}
	if w.otherDates != nil {
		if w.out, ok = w.dates.appendDay(w.out, cell); ok {
			return false, true
		}
	}
	if isPlainNumber(cell) {
		return false, false
	}
	w.out = groupby.AppendField(w.out, cell)
	return false, true
}

// isPlainNumber says whether the engine takes a cell for a number.
func isPlainNumber(cell []byte) bool {
	var v expression.Value
	return strings.IndexByte("+-.0123456789", cell[0]) >= 0 && expression.ParseValue(cell, &v)
}

// load sets the cells of the record that was read.
func (w *rewriter) load(data []byte) {
	c := w.computing
	for _, i := range c.uses {
		w.scratch, c.room[i] = c.room[i], w.scratch
		c.set(i, w.text(data, c.sources[i].field))
		w.scratch, c.room[i] = c.room[i], w.scratch
	}
}

// badValue is the error of a row that an expression does not take.
func (w *rewriter) badValue(data []byte, name string, err error) *groupby.InputError {
	var value *expression.ValueError
	if !errors.As(err, &value) {
		return w.badAt(data, -1, "", err.Error())
	}
	problem := value.Problem
	switch {
	case problem != "":
		problem = fmt.Sprintf("%s: %s", name, problem)
	case value.Time:
		problem = "is not a date or time" + w.dateHint(value.Text, w.first())
	case value.Compared:
		problem = "is not a number" + w.comparedHint(value.Text, w.first())
	default:
		problem = "is not a number" + w.numberHint(value.Text, w.first())
	}
	if value.Column >= 0 {
		return w.badCell(data, &w.computing.sources[value.Column], bytes.Clone(value.Text), problem)
	}
	bad := w.badAt(data, -1, string(value.Text), problem)
	if value.Text != nil {
		bad.Column = name
	}
	return bad
}

const condition = "the condition"

// Cells wants columns as they are.
func Cells(columns []groupby.Column) []Want {
	wants := make([]Want, len(columns))
	for i, c := range columns {
		wants[i] = Want{Column: i, Role: c.Role}
	}
	return wants
}

// ofResults is what the settings make of texts in results: a date may be in ISO 8601 there,
// as minima and maxima give it.
type ofResults struct{ *rewriter }

func (r ofResults) Time(text []byte) ([]byte, bool) {
	var ok bool
	c := r.computing
	c.buf, _, ok = r.dates.appendWritten(c.buf[:0], text, false)
	return c.buf, ok
}

// Env is what the settings make of texts, for expressions over the results of several files.
func (d *Dialect) Env() expression.Env {
	return ofResults{&rewriter{rules: d.rules, computing: new(computing)}}
}

// Dates reads the dates and times that are compared by time.
func (d *Dialect) Dates() expression.Dates { return d.rules.dates.appendComparable }

// OtherDates is Dates for what is put in order; nil where the settings name no other form than ISO
// 8601, whose texts are.
func (d *Dialect) OtherDates() expression.Dates { return d.rules.otherDates }

// Times reads the cells that are taken as dates and times; nil where the engine does by itself.
func (d *Dialect) Times() expression.Dates {
	if d.rules.dates.plain {
		return nil
	}
	return d.rules.dates.appendTime
}

// Env is what the settings make of texts, for expressions over results.
func (r *Reading) Env() expression.Env {
	return ofResults{&rewriter{rules: r.rules, name: r.file.Name, computing: new(computing)}}
}
