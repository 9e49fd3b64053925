package expression

import (
	"bytes"
	"errors"
)

// operand gives a value of a row that is only read: where it stands, or in room. Its value is
// good as long as the row and room are.
type operand func(r *Row, room *Value) (*Value, error)

// as is what an operand is taken as.
type as uint8

const (
	asItIs as = iota
	asNumbers
	asTexts
)

func (b *binder) operand(n *Node, taken as) operand {
	if value := b.constant(n); value != nil && (taken == asItIs || taken == asNumbers && n.Type.Numeric() || taken == asTexts && value.Kind == TextValue) {
		return func(*Row, *Value) (*Value, error) { return value, nil }
	}
	if n.Op == Column {
		return b.cell(n, taken)
	}
	var x eval
	switch taken { // bound once: twice would be 2^n times for n operators
	case asNumbers:
		x = b.number(n)
	case asTexts:
		x = b.text(n)
	default:
		x = b.bind(n)
	}
	return func(r *Row, room *Value) (*Value, error) { return room, x(r, room) }
}

// cell is the operand that is a column.
func (b *binder) cell(n *Node, taken as) operand {
	i := b.index(n)
	return func(r *Row, room *Value) (*Value, error) {
		cell := &r.cells[i].value
		switch {
		case cell.Kind == NullValue, taken == asItIs, taken == asTexts && cell.Kind == TextValue:
			return cell, nil
		case taken == asNumbers && cell.cell > 0:
			if number := r.Number(i); number != nil {
				return number, nil
			}
			return cell, &ValueError{Column: i, Text: cell.Text}
		}
		*room = *cell
		if taken == asNumbers {
			return room, r.asNumber(room)
		}
		r.asText(room)
		return room, nil
	}
}

// slot is room for an operand of a node, which those within it do not use.
func (b *binder) slot() int {
	b.slots++
	return b.slots - 1
}

// constant is the value of an expression of nothing but numbers, and of a literal; nil of others.
func (b *binder) constant(n *Node) *Value {
	if n.Op == Literal {
		return &n.Value
	}
	if value, ok := b.constants[n]; ok {
		return value
	}
	value := b.compute(n)
	if b.constants == nil {
		b.constants = map[*Node]*Value{}
	}
	b.constants[n] = value
	return value
}

func (b *binder) compute(n *Node) *Value {
	computed := true
	n.Walk(func(n *Node) bool {
		switch n.Op {
		case Add, Sub, Mul, Div, Neg, Abs, Floor, Ceil, Round:
		case Literal:
			computed = computed && n.Type.Numeric()
		default:
			computed = false
		}
		return computed
	})
	if !computed {
		return nil
	}
	var run eval
	switch n.Op {
	case Add, Sub, Mul, Div:
		run = b.arithmetic(n)
	default:
		run = b.unary(n)
	}
	v := new(Value)
	if (&Program{n.Type, run, b.slots}).Run(new(Row), v) != nil {
		return nil // each row says so
	}
	return v
}

// pair is the operands of an operator that is NULL where one of them is.
type pair struct {
	left, right operand
	slot        int // of the right one's value
}

// of returns the values of both; where it fails or one is NULL, v is NULL and there are none.
func (p *pair) of(r *Row, v *Value) (x, y *Value, err error) {
	if x, err = p.left(r, v); err == nil && x.Kind != NullValue {
		if y, err = p.right(r, &r.slots[p.slot]); err == nil && y.Kind != NullValue {
			return x, y, nil
		}
	}
	v.Kind = NullValue
	return nil, nil, err
}

func (b *binder) arithmetic(n *Node) eval {
	op, both := n.Op, pair{b.operand(n.Args[0], asNumbers), b.operand(n.Args[1], asNumbers), b.slot()}
	return func(r *Row, v *Value) error {
		x, y, err := both.of(r, v)
		if y == nil {
			return err
		}
		if op == Div {
			return divide(v, x, y)
		}
		if x.Kind == NumberValue && y.Kind == NumberValue {
			if x != v {
				v.Kind, v.Number = NumberValue, x.Number
			}
			switch op {
			case Add:
				v.Number.add(y.Number)
			case Sub:
				other := y.Number
				other.negate()
				v.Number.add(other)
			default:
				v.Number.multiply(y.Number)
			}
			return nil
		}
		f, g := x.float(), y.float()
		switch op {
		case Add:
			f += g
		case Sub:
			f -= g
		default:
			f *= g
		}
		return v.setFloat(f)
	}
}

// comparison compares by value where one side is a number, as text where one side is a
// text, and two cells by value where both are numbers. What would be compared as text is
// compared by time where it is two dates: two cells, or anything with a date in quotes.
func (b *binder) comparison(n *Node) eval {
	a, c, op := n.Args[0], n.Args[1], n.Op
	taken, order := asItIs, func(_ *Row, x, y *Value) int { return compareNumbers(x, y) }
	switch {
	case a.Type.Numeric() || c.Type.Numeric():
		taken = asNumbers
	case a.Type == Bool || c.Type == Bool:
		order = func(_ *Row, x, y *Value) int {
			switch {
			case x.True == y.True:
				return 0
			case x.True:
				return 1
			}
			return -1
		}
	case a.Type == Cell && c.Type == Cell:
		order = b.compareCells
	case b.dates.IsDate(c):
		compare := b.dates.compareTo(c.Value.Text)
		taken, order = asTexts, func(r *Row, x, y *Value) int { return compare(r, x.Text, y.Text) }
	case b.dates.IsDate(a):
		compare := b.dates.compareTo(a.Value.Text)
		taken, order = asTexts, func(r *Row, x, y *Value) int { return -compare(r, y.Text, x.Text) }
	default:
		taken, order = asTexts, func(_ *Row, x, y *Value) int { return bytes.Compare(x.Text, y.Text) }
	}
	both := pair{b.operand(a, taken), b.operand(c, taken), b.slot()}
	cells := a.Op == Column || c.Op == Column
	return func(r *Row, v *Value) error {
		x, y, err := both.of(r, v)
		if err != nil && cells {
			b.markCompared(err, a, c)
		}
		if y == nil {
			return err
		}
		v.setBool(op.Holds(order(r, x, y)))
		return nil
	}
}

// markCompared tells of the error of a cell that it is one side of a comparison.
func (b *binder) markCompared(err error, sides ...*Node) {
	var value *ValueError
	if !errors.As(err, &value) || value.Problem != "" || value.Time {
		return
	}
	for _, n := range sides {
		value.Compared = value.Compared || n.Op == Column && b.index(n) == value.Column
	}
}

func (b *binder) compareCells(r *Row, left, right *Value) int {
	if left.Kind == TextValue && right.Kind == TextValue && left.cell > 0 && right.cell > 0 {
		x, y := r.Number(int(left.cell-1)), r.Number(int(right.cell-1))
		if x != nil && y != nil {
			return compareNumbers(x, y)
		}
		return b.dates.compare(r, left.Text, right.Text)
	}
	x, y := *left, *right
	if r.asNumber(&x) == nil && r.asNumber(&y) == nil {
		return compareNumbers(&x, &y)
	}
	x, y = *left, *right
	r.asText(&x)
	r.asText(&y)
	return b.dates.compare(r, x.Text, y.Text)
}
