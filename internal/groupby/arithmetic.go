package groupby

import (
	"math/bits"

	"csv-pipeline/internal/expression"
)

// constant is a vector of one number.
func constant(value *expression.Value) (numberVector, bool) {
	c := new(numbers)
	switch value.Kind {
	case expression.NullValue:
		c.nulls = batchRows
	case expression.NumberValue:
		m, scale, ok := value.Number.Small()
		if !ok {
			return nil, false
		}
		for i := range c.values {
			c.values[i] = m
		}
		c.scale, c.most = uint8(scale), magnitude64(m)
	default:
		return nil, false
	}
	return func(_ []byte, n int) (*numbers, bool) {
		if c.nulls > 0 {
			c.nulls = n
		}
		return c, true
	}, true
}

func magnitude64(v int64) uint64 { return uint64((v ^ v>>63) - v>>63) }

const most64 = 1<<63 - 1

// at is the vector at a scale, in into where it is not there already.
func (c *numbers) at(scale uint8, n int, into *numbers) (*numbers, bool) {
	if c.scale == scale {
		return c, true
	}
	by := pow10[scale-c.scale]
	hi, most := bits.Mul64(c.most, by)
	if hi != 0 || most > most64 {
		return nil, false
	}
	for i, v := range c.values[:n] {
		into.values[i] = v * int64(by)
	}
	into.copyValid(c, n)
	into.scale, into.most, into.kind = scale, most, allNumbers
	return into, true
}

func (c *numbers) copyValid(from *numbers, n int) {
	if c.nulls = from.nulls; c.nulls > 0 {
		copy(c.valid[:n], from.valid[:n])
	}
}

// bothValid makes a row NULL where it is in either.
func (c *numbers) bothValid(a, b *numbers, n int) {
	switch {
	case a.nulls == 0:
		c.copyValid(b, n)
	case b.nulls == 0:
		c.copyValid(a, n)
	default:
		nulls := n
		for i := range n {
			both := a.valid[i] & b.valid[i]
			c.valid[i] = both
			nulls -= int(both)
		}
		c.nulls = nulls
	}
	c.clearNulls(n)
}

// clearNulls makes the values of NULL 0.
func (c *numbers) clearNulls(n int) {
	if c.nulls == 0 {
		return
	}
	for i := range n {
		c.values[i] &= -int64(c.valid[i])
	}
}

func arithmetic(op expression.Op, left, right numberVector) numberVector {
	if left == nil || right == nil {
		return nil
	}
	out, x, y := new(numbers), new(numbers), new(numbers)
	return func(text []byte, n int) (*numbers, bool) {
		a, ok := left(text, n)
		if !ok {
			return nil, false
		}
		b, ok := right(text, n)
		if !ok {
			return nil, false
		}
		if op == expression.Mul {
			hi, most := bits.Mul64(a.most, b.most)
			if hi != 0 || most > most64 || a.scale+b.scale > maxScale {
				return nil, false
			}
			for i := range out.values[:n] {
				out.values[i] = a.values[i] * b.values[i]
			}
			out.scale, out.most = a.scale+b.scale, most
			out.bothValid(a, b, n)
			return out, true
		}
		scale := max(a.scale, b.scale)
		if a, ok = a.at(scale, n, x); !ok {
			return nil, false
		}
		if b, ok = b.at(scale, n, y); !ok {
			return nil, false
		}
		most, carry := bits.Add64(a.most, b.most, 0)
		if carry != 0 || most > most64 {
			return nil, false
		}
		if op == expression.Add {
			for i := range out.values[:n] {
				out.values[i] = a.values[i] + b.values[i]
			}
		} else {
			for i := range out.values[:n] {
				out.values[i] = a.values[i] - b.values[i]
			}
		}
		out.scale, out.most = scale, most
		out.bothValid(a, b, n)
		return out, true
	}
}

func unaryNumber(e *expression.Node, x numberVector) numberVector {
	if x == nil {
		return nil
	}
	digits := 0
	if len(e.Args) == 2 {
		m, _, _ := e.Args[1].Value.Number.Small()
		digits = int(m)
	}
	out := new(numbers)
	return func(text []byte, n int) (*numbers, bool) {
		a, ok := x(text, n)
		if !ok || a.most > most64 { // -2^63 has no opposite
			return nil, false
		}
		values := out.values[:n]
		out.copyValid(a, n)
		out.scale, out.most = a.scale, a.most
		switch e.Op {
		case expression.Neg:
			for i := range values {
				values[i] = -a.values[i]
			}
			return out, true
		case expression.Abs:
			for i := range values {
				values[i] = int64(magnitude64(a.values[i]))
			}
			return out, true
		}
		if digits < 0 {
			return nil, false
		}
		if int(a.scale) <= digits {
			return a.at(uint8(digits), n, out)
		}
		by := int64(pow10[int(a.scale)-digits])
		half := by / 2
		for i := range values {
			v := a.values[i]
			sign := v >> 63
			switch e.Op {
			case expression.Round:
				size := int64(magnitude64(v))
				values[i] = (size/by + (size%by+half)/by ^ sign) - sign
			case expression.Floor:
				values[i] = v/by + (v%by)>>63
			default:
				values[i] = v/by - (-(v % by))>>63
			}
		}
		out.scale = uint8(digits)
		return out, true
	}
}
