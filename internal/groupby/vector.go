package groupby

import (
	"slices"

	"csv-pipeline/internal/expression"
)

// Expressions are computed for all rows of a batch together: numbers as 64-bit mantissas at
// one scale, conditions as masks. What a function makes of the cells of one column is
// computed once for each different cell, as far as they repeat: see memo.go. What does not
// fit (a number beyond 64 bits, a cell that is no number) is a doubt.

// vector computes an expression for the first n rows of the batch; it says false where a
// row is in doubt.
type (
	numberVector func(text []byte, n int) (*numbers, bool)
	maskVector   func(text []byte, n int) (*mask, bool)
	textVector   func(text []byte, n int) (*texts, bool)
)

// texts are escaped, as cells are.
type texts [batchRows][]byte

// vectorizer makes vectors for a worker. Without a worker it only says what can be.
type vectorizer struct {
	plan *Plan
	w    *worker
}

// column is the index of a Column in Plan.columns, in a role; it is entered where it is new.
func (v *vectorizer) column(n *expression.Node, role Role) int {
	i := v.plan.enter(refOf(n), role)
	if v.w != nil {
		return i
	}
	use := func(list *[]int) {
		if !slices.Contains(*list, i) {
			*list = append(*list, i)
		}
	}
	switch role {
	case Number:
		use(&v.plan.numeric)
	case Text, Time:
		use(&v.plan.memoized)
	}
	return i
}

// countDigits has the columns read as numbers whose digits after the point are those of an expression:
// computedScales asks for them, also where the expression itself is computed of texts.
func (v *vectorizer) countDigits(n *expression.Node) {
	n.Scale(func(c *expression.Node) int { return v.column(c, Number) })
}

// one is the only column of an expression.
func one(n *expression.Node) (*expression.Node, bool) {
	columns := n.Columns()
	if len(columns) == 0 || n.HasAggregate() {
		return nil, false
	}
	for _, c := range columns[1:] {
		if !c.Same(columns[0]) {
			return nil, false
		}
	}
	named := false
	n.Walk(func(n *expression.Node) bool { named = named || n.Op == expression.FileName; return true })
	return columns[0], !named
}

// number makes the vector of an expression that is taken as a number.
func (v *vectorizer) number(n *expression.Node) (numberVector, bool) {
	switch n.Op {
	case expression.Column:
		i := v.column(n, Number)
		if v.w == nil {
			return nil, true
		}
		c := &v.w.batch.numbers[v.w.batch.number[i]]
		return func(_ []byte, n int) (*numbers, bool) { return c, c.kind == allNumbers || c.nulls == n }, true
	case expression.Literal:
		return constant(&n.Value)
	case expression.Add, expression.Sub, expression.Mul:
		if n.Type != expression.Decimal {
			return nil, false
		}
		a, aOK := v.number(n.Args[0])
		b, bOK := v.number(n.Args[1])
		return arithmetic(n.Op, a, b), aOK && bOK
	case expression.Neg, expression.Abs, expression.Round, expression.Floor, expression.Ceil:
		x, ok := v.number(n.Args[0])
		return unaryNumber(n, x), ok && n.Type == expression.Decimal
	case expression.ToNumber:
		return v.number(n.Args[0])
	case expression.Case:
		return v.numberCase(n)
	case expression.Coalesce:
		return v.numberCoalesce(n)
	}
	c, ok := one(n)
	if !ok || n.Type != expression.Decimal {
		return nil, false
	}
	v.countDigits(n)
	i := v.column(c, Text)
	if v.w == nil {
		return nil, true
	}
	return memoNumbers(newMemo[int64](v.w, i, n)), true
}

// presence makes the vector of what is counted: its valid rows are those with a value.
func (v *vectorizer) presence(n *expression.Node) (numberVector, bool) {
	switch {
	case n.Op == expression.Column:
		i := v.column(n, Presence)
		if v.w == nil {
			return nil, true
		}
		out, c := new(numbers), &v.w.batch.columns[i]
		return func(_ []byte, n int) (*numbers, bool) {
			out.nulls = 0
			for i := range n {
				out.valid[i] = 1
				if c.empty(i) {
					out.valid[i] = 0
					out.nulls++
				}
			}
			return out, true
		}, true
	case n.Op == expression.Case && len(n.Args) == 2:
		m, ok := v.mask(n.Args[0])
		if !ok {
			return nil, false
		}
		x, ok := v.presence(n.Args[1])
		if !ok || v.w == nil {
			return nil, ok
		}
		out := new(numbers)
		return func(text []byte, n int) (*numbers, bool) {
			is, ok := m(text, n)
			if !ok {
				return nil, false
			}
			value, ok := x(text, n)
			if !ok {
				return nil, false
			}
			valid := n
			for i := range n {
				out.valid[i] = is[i] & isTrue
			}
			if value.nulls > 0 {
				for i := range n {
					out.valid[i] &= value.valid[i]
				}
			}
			for _, one := range out.valid[:n] {
				valid -= int(one)
			}
			out.nulls = valid
			return out, true
		}, true
	case n.Op == expression.Literal:
		none := new(numbers)
		if n.Value.Kind == expression.NullValue || n.Value.Kind == expression.TextValue && len(n.Value.Text) == 0 {
			return nil, false
		}
		return func([]byte, int) (*numbers, bool) { return none, true }, true
	}
	return v.number(n)
}

// text makes the vector of a key.
func (v *vectorizer) text(n *expression.Node) (textVector, bool) {
	switch {
	case n.Op == expression.Column:
		i := v.column(n, Text)
		if v.w == nil {
			return nil, true
		}
		out, c := new(texts), &v.w.batch.columns[i]
		return func(text []byte, n int) (*texts, bool) {
			for i := range n {
				out[i] = c.of(text, i)
			}
			return out, true
		}, true
	case n.Op == expression.Literal && n.Value.Kind == expression.TextValue:
		cell, out := escape(n.Value.Text), new(texts)
		for i := range out {
			out[i] = cell
		}
		return func([]byte, int) (*texts, bool) { return out, true }, true
	case n.Op == expression.Case && slices.Contains([]expression.Type{expression.Text, expression.Cell}, n.Type):
		if _, single := one(n); !single || len(n.NumericColumns(false)) > 0 {
			return v.textCase(n)
		}
	}
	c, ok := one(n)
	if !ok || n.Type != expression.Text && n.Type != expression.Cell && n.Op != expression.Year {
		return nil, false
	}
	role := Text
	if n.IsTime() && n.Args[0].Op == expression.Column {
		role = Time
	}
	i := v.column(c, role)
	if v.w == nil {
		return nil, true
	}
	return memoTexts(newMemo[[]byte](v.w, i, n)), true
}
