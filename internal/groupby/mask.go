package groupby

import (
	"encoding/binary"

	"csv-pipeline/internal/expression"
)

// mask is a condition for each row of a batch, in SQL's logic of three values: isTrue,
// isFalse, or neither where it is unknown.
type mask [batchRows]uint8

const (
	isTrue  = 1
	isFalse = 2

	trueBits  = lowBits * isTrue
	falseBits = lowBits * isFalse
)

// words calls f with eight rows at a time.
func words(out, a, b *mask, n int, f func(a, b uint64) uint64) {
	for i := 0; i < n; i += 8 {
		x, y := binary.LittleEndian.Uint64(a[i:i+8]), binary.LittleEndian.Uint64(b[i:i+8])
		binary.LittleEndian.PutUint64(out[i:i+8], f(x, y))
	}
}

func bothTrue(a, b uint64) uint64   { return a&b&trueBits | (a|b)&falseBits }
func eitherTrue(a, b uint64) uint64 { return (a|b)&trueBits | a&b&falseBits }
func negation(a, _ uint64) uint64   { return a>>1&trueBits | a<<1&falseBits }

// mask makes the vector of a condition.
func (v *vectorizer) mask(n *expression.Node) (maskVector, bool) {
	comparison := false
	switch n.Op {
	case expression.And, expression.Or:
		a, ok := v.mask(n.Args[0])
		if !ok {
			return nil, false
		}
		b, ok := v.mask(n.Args[1])
		if !ok {
			return nil, false
		}
		f := bothTrue
		if n.Op == expression.Or {
			f = eitherTrue
		}
		return combine(a, b, f), true
	case expression.Not:
		a, ok := v.mask(n.Args[0])
		return combine(a, a, negation), ok
	case expression.IsNull:
		return v.isNull(n)
	case expression.Equal, expression.Unequal, expression.Less, expression.LessEqual, expression.Greater, expression.GreaterEqual:
		if a, b := n.Args[0], n.Args[1]; a.Type.Numeric() || b.Type.Numeric() {
			return v.compare(n.Op, a, b)
		}
		comparison = true
	case expression.In:
		if m, ok := v.inNumbers(n); ok {
			return m, true
		}
	}
	c, ok := one(n)
	if !ok {
		return nil, false
	}
	i := v.column(c, Text)
	if v.w == nil {
		return nil, true
	}
	m := newMemo[uint8](v.w, i, n)
	if comparison {
		switch left, right := n.Args[0], n.Args[1]; {
		case left.Op == expression.Column && isText(right):
			return compareTexts(m, right, n.Op.Holds), true
		case isText(left) && right.Op == expression.Column:
			return compareTexts(m, left, func(order int) bool { return n.Op.Holds(-order) }), true
		}
	}
	return memoMask(m), true
}

func isText(n *expression.Node) bool {
	return n.Op == expression.Literal && n.Value.Kind == expression.TextValue
}

func combine(a, b maskVector, f func(a, b uint64) uint64) maskVector {
	out := new(mask)
	return func(text []byte, n int) (*mask, bool) {
		x, ok := a(text, n)
		if !ok {
			return nil, false
		}
		y, ok := b(text, n)
		if !ok {
			return nil, false
		}
		words(out, x, y, n, f)
		return out, true
	}
}

func (v *vectorizer) isNull(n *expression.Node) (maskVector, bool) {
	x, ok := v.presence(n.Args[0])
	if !ok || v.w == nil {
		return nil, ok
	}
	out := new(mask)
	return func(text []byte, n int) (*mask, bool) {
		value, ok := x(text, n)
		if !ok {
			return nil, false
		}
		for i := range n {
			valid := uint8(1)
			if value.nulls > 0 {
				valid = value.valid[i]
			}
			out[i] = isTrue + valid
		}
		return out, true
	}, true
}

// inNumbers is in where all are numbers.
func (v *vectorizer) inNumbers(n *expression.Node) (maskVector, bool) {
	var either maskVector
	for _, a := range n.Args[1:] {
		if !a.Type.Numeric() {
			return nil, false
		}
		m, ok := v.compare(expression.Equal, n.Args[0], a)
		if !ok {
			return nil, false
		}
		if either == nil {
			either = m
		} else {
			either = combine(either, m, eitherTrue)
		}
	}
	return either, true
}

// compare compares numbers.
func (v *vectorizer) compare(op expression.Op, left, right *expression.Node) (maskVector, bool) {
	a, ok := v.number(left)
	if !ok {
		return nil, false
	}
	b, ok := v.number(right)
	if !ok || v.w == nil {
		return nil, ok
	}
	// a > b is b < a, and a <= b is not b < a.
	negative := false
	switch op {
	case expression.Greater:
		a, b, op = b, a, expression.Less
	case expression.LessEqual:
		a, b, op, negative = b, a, expression.Less, true
	case expression.GreaterEqual:
		op, negative = expression.Less, true
	case expression.Unequal:
		op, negative = expression.Equal, true
	}
	holds, differs := uint8(isTrue), uint8(isFalse)
	if negative {
		holds, differs = differs, holds
	}
	out, x, y := new(mask), new(numbers), new(numbers)
	return func(text []byte, n int) (*mask, bool) {
		p, ok := a(text, n)
		if !ok {
			return nil, false
		}
		q, ok := b(text, n)
		if !ok {
			return nil, false
		}
		scale := max(p.scale, q.scale)
		if p, ok = p.at(scale, n, x); !ok {
			return nil, false
		}
		if q, ok = q.at(scale, n, y); !ok {
			return nil, false
		}
		if op == expression.Less {
			for i := range n {
				out[i] = differs
				if p.values[i] < q.values[i] {
					out[i] = holds
				}
			}
		} else {
			for i := range n {
				out[i] = differs
				if p.values[i] == q.values[i] {
					out[i] = holds
				}
			}
		}
		for _, c := range []*numbers{p, q} {
			if c.nulls > 0 {
				for i := range n {
					out[i] &= -c.valid[i]
				}
			}
		}
		return out, true
	}, true
}
