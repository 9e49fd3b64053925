package query

import (
	"fmt"
	"io"
	"slices"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/resultformat"
)

// shape is what becomes of the rows that the engine gives: having, expressions over
// aggregates, orderBy and limit.
type shape struct {
	names    []string // of the result; nil for those of the engine's
	types    []expression.Type
	extremes []bool // which of types are of minima and maxima, whose numbers the engine writes in its own form
	columns  []*outColumn
	computed []bool // of a selection's items: whose numbers are written so, too
	all      int    // which of computed stands for all columns of the file; -1: none
	having   *expression.Program
	order    []orderColumn
	limit    int
	rows     bool // columns are taken as they come
	headless bool // there are no names in the first row
	dates    expression.Dates
}

// outColumn is a column of the result.
type outColumn struct {
	node    *expression.Node
	from    int // which of the engine's columns it is as it is; -1: none
	program *expression.Program
	scale   *expression.Node // of a key that is to have as many digits after the point
}

type orderColumn struct {
	name string
	desc bool
	at   int // in the result
}

func (o *orderColumn) find(names []string) error {
	for i, name := range names {
		if name == o.name {
			o.at = i
			return nil
		}
	}
	hint := expression.NameHint(o.name, true, false)
	if near := expression.Nearest(o.name, names); near != "" && hint == "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return part("orderBy", "the result has no column %q: it has %s%s", o.name, groupby.QuoteList(names), hint)
}

// findExpression finds a column of the result by what it is made of, as in sum(quantity) desc.
func (o *orderColumn) findExpression(names []string, nodes []*expression.Node) bool {
	asked, err := expression.ParseItem(o.name)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(nodes, asked.Same)
	if i >= 0 {
		o.name, o.at = names[i], i
	}
	return i >= 0
}

// shapes says whether there is anything to do.
func (s *shape) shapes(b *base) bool {
	if s.having != nil || len(s.order) > 0 || s.limit > 0 || len(s.columns) != len(b.keys)+len(b.aggregates) {
		return true
	}
	for i, o := range s.columns {
		if o.from != i || i < len(b.keys) && padded(b.keys[i]) {
			return true
		}
	}
	return false
}

// padded says whether the digits after the point of a key are those of its columns.
func padded(n *expression.Node) bool {
	return n.Type == expression.Decimal && n.Scale(func(*expression.Node) int { return 1 }) > 0
}

// complete binds the expressions.
func (s *shape) complete(b *base, dates expression.Dates) {
	for i, k := range b.keys {
		s.types = append(s.types, k.Type)
		if padded(k) {
			s.columns[i].scale = k
		}
	}
	s.extremes = make([]bool, len(s.types))
	for _, a := range b.aggregates {
		s.types = append(s.types, a.Type)
		s.extremes = append(s.extremes, a.Function == expression.Min || a.Function == expression.Max)
	}
	for _, o := range s.columns {
		if o.from < 0 {
			o.program = o.node.Bind(baseIndex, dates)
		}
	}
}

// shaper shapes one result. It takes what the engine writes, and is closed at its end.
type shaper struct {
	*shape
	input  string // its name
	to     io.Writer
	row    *expression.Row
	scale  func(*expression.Node) int // of the keys
	groups int64
	in     resultformat.Splitter
	cells  [][]byte // of the row that is taken
	values []expression.Value
	out    []byte
	key    []byte
	date   []byte
	sorter *sorter
	by     []orderColumn
	seen   []groupby.Compared  // for each of by
	points []dialect.Thousands // the same
	header bool                // was taken
}

func (s *shape) open(to io.Writer, input string, env expression.Env, scale func(*expression.Node) int, tempDir string) *shaper {
	sh := &shaper{shape: s, input: input, to: to, row: expression.NewRow(env, len(s.types)), scale: scale, header: s.headless, by: append([]orderColumn(nil), s.order...)}
	if len(s.order) > 0 {
		sh.sorter = newSorter(s.limit, tempDir)
		sh.seen = make([]groupby.Compared, len(s.order))
		sh.points = make([]dialect.Thousands, len(s.order))
	}
	return sh
}

// Write takes CSV as the engine writes it.
func (s *shaper) Write(p []byte) (int, error) {
	if err := s.in.Feed(p, s.record); err != nil {
		return 0, err
	}
	if len(s.out) >= 32<<10 {
		if err := s.flush(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (s *shaper) flush() error {
	_, err := s.to.Write(s.out)
	s.out = s.out[:0]
	return err
}

// record takes a row, whose text ends with a newline.
func (s *shaper) record(text []byte, cells [][]byte) error {
	s.cells = cells
	if !s.header {
		s.header = true
		names := s.names
		if names == nil {
			for _, c := range s.cells {
				names = append(names, string(c))
			}
		}
		for i := range s.by {
			if s.by[i].find(names) != nil { // of a selection, whose names are the file's
				return &groupby.InputError{Name: s.input, Header: names, Problem: dialect.NoColumn(groupby.Column{Name: s.by[i].name, Part: "orderBy (ORDER_BY)"}, names)}
			}
		}
		s.appendNames(names)
		return nil
	}
	if s.rows {
		return s.emit(text)
	}
	for i, t := range s.types {
		s.load(i, t)
	}
	var v expression.Value
	s.row.Begin()
	if s.having != nil {
		if err := s.having.Run(s.row, &v); err != nil {
			return fmt.Errorf("having: %w", err)
		}
		if !v.IsTrue() {
			return nil
		}
	}
	start := len(s.out)
	s.values = s.values[:0]
	for i, o := range s.columns {
		if i > 0 {
			s.out = append(s.out, ',')
		}
		if o.from < 0 {
			if err := o.program.Run(s.row, &v); err != nil {
				return fmt.Errorf("%s: %w", s.names[i], err)
			}
			s.appendValue(&v)
		} else {
			v = *s.row.Value(o.from)
			s.appendCell(o, &v)
		}
		if s.sorter != nil {
			s.values = append(s.values, v)
		}
	}
	if len(s.out) == start {
		s.out = append(s.out, `""`...)
	}
	s.out = append(s.out, '\n')
	if s.sorter == nil {
		if s.groups++; s.limit > 0 && s.groups > int64(s.limit) {
			s.out = s.out[:start]
			s.groups--
		}
		return nil
	}
	err := s.sort(s.out[start:])
	s.out = s.out[:start]
	return err
}

// load sets a cell of the row by its type.
func (s *shaper) load(i int, t expression.Type) {
	cell := s.cells[i]
	var v expression.Value
	switch {
	case len(cell) == 0:
		s.row.SetNull(i)
	case (t.Numeric() || s.extremes[i]) && expression.ParseValue(cell, &v):
		if t == expression.Double && v.Kind == expression.NumberValue {
			v.Kind, v.Float = expression.FloatValue, v.Number.Float()
		}
		s.row.Set(i, &v)
	case t == expression.Bool:
		v.Kind, v.True = expression.BoolValue, string(cell) == "true"
		s.row.Set(i, &v)
	default:
		s.row.SetText(i, cell)
	}
}

// appendCell writes a column as the engine has it.
func (s *shaper) appendCell(o *outColumn, v *expression.Value) {
	if o.scale != nil && v.Kind == expression.NumberValue {
		padded := *v
		padded.Number.Pad(s.scale(o.scale))
		s.out = padded.Append(s.out)
		return
	}
	s.out = groupby.AppendField(s.out, s.cells[o.from])
}

func (s *shaper) appendValue(v *expression.Value) {
	if v.Kind == expression.TextValue {
		s.out = groupby.AppendField(s.out, v.Text)
		return
	}
	s.out = v.Append(s.out)
}

// emit writes a row as it is, or has it sorted.
func (s *shaper) emit(text []byte) error {
	if s.sorter == nil {
		if s.limit > 0 && s.groups == int64(s.limit) {
			return nil
		}
		s.groups++
		s.out = append(s.out, text...)
		return nil
	}
	s.values = s.values[:0]
	for i, c := range s.cells {
		var v expression.Value
		if len(c) > 0 && !(s.isComputed(i) && expression.ParseValue(c, &v)) {
			v.Kind, v.Text = expression.TextValue, c
		}
		s.values = append(s.values, v)
	}
	return s.sort(text)
}

// isComputed says whether a cell of a selection's row is of an expression that gives numbers.
func (s *shaper) isComputed(i int) bool {
	behind := len(s.cells) - len(s.computed) // how many columns there are more than items
	switch {
	case s.all < 0 || i < s.all:
		return s.computed[i]
	case i <= s.all+behind:
		return false
	}
	return s.computed[i-behind]
}

// sort gives a row to the sorter, under a key whose bytes are in the wanted order.
func (s *shaper) sort(text []byte) error {
	s.key = s.key[:0]
	for i, by := range s.by {
		v := &s.values[by.at]
		if v.Kind == expression.TextValue {
			if n, ok := s.row.ParseNumber(v.Text); ok {
				s.points[i].Observe(v.Text)
				v = &n
			}
		}
		isDate := false
		if v.Kind == expression.TextValue && s.dates != nil {
			var date []byte
			if date, isDate = s.dates(s.date[:0], v.Text); isDate {
				s.date = date
				v = &expression.Value{Kind: expression.TextValue, Text: date}
			}
		}
		if !isDate {
			compare(&s.seen[i], v)
		}
		start := len(s.key)
		s.key = v.AppendOrdered(s.key)
		if by.desc {
			for i := start; i < len(s.key); i++ {
				s.key[i] = ^s.key[i]
			}
		}
	}
	return s.sorter.add(s.key, text)
}

func (s *shaper) appendNames(names []string) {
	s.out = groupby.AppendRecord(s.out, names)
	s.out = append(s.out, '\n')
}

// notes tell of an order that is of numbers and texts.
func (s *shaper) notes(q *Query) (notes []string) {
	for i, c := range s.seen {
		if note := q.comparedNote("orderBy "+s.by[i].name+" compares", c); note != "" {
			notes = append(notes, note)
		}
	}
	return notes
}

// finish writes what was kept back. unclear says that nothing but its numbers tells what a point
// in one means.
func (s *shaper) finish(unclear bool) error {
	for i := range s.points {
		if err := s.points[i].Err(s.input, s.by[i].name); unclear && err != nil {
			return err
		}
	}
	if s.sorter != nil {
		n, err := s.sorter.each(func(row []byte) error {
			if s.out = append(s.out, row...); len(s.out) >= 32<<10 {
				return s.flush()
			}
			return nil
		})
		if s.groups = n; err != nil {
			return err
		}
	}
	return s.flush()
}

func (s *shaper) close() {
	if s.sorter != nil {
		s.sorter.close()
	}
}
