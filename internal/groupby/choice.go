package groupby

import (
	"math"

	"csv-pipeline/internal/expression"
)

// numberCase takes of each row the value of the first condition that holds.
func (v *vectorizer) numberCase(n *expression.Node) (numberVector, bool) {
	conditions, values, ok := v.branches(n)
	if !ok {
		return nil, false
	}
	vectors := make([]numberVector, len(values))
	for i, value := range values {
		if vectors[i], ok = v.number(value); !ok {
			return nil, false
		}
	}
	if v.w == nil {
		return nil, true
	}
	pick := new([batchRows]uint8)
	out, room := new(numbers), make([]numbers, len(values))
	chosen := make([]*numbers, len(values))
	return func(text []byte, n int) (*numbers, bool) {
		if !choose(conditions, pick, text, n) {
			return nil, false
		}
		scale, most, nulls := uint8(0), uint64(0), 0
		for i, x := range vectors {
			if chosen[i], ok = x(text, n); !ok {
				return nil, false
			}
			scale = max(scale, chosen[i].scale)
		}
		for i, c := range chosen {
			if chosen[i], ok = c.at(scale, n, &room[i]); !ok {
				return nil, false
			}
			most = max(most, chosen[i].most)
		}
		for i := range n {
			k := int(pick[i])
			if k >= len(chosen) {
				out.values[i], out.valid[i] = 0, 0
				nulls++
				continue
			}
			c := chosen[k]
			valid := uint8(1)
			if c.nulls > 0 {
				valid = c.valid[i]
			}
			out.values[i], out.valid[i] = c.values[i], valid
			nulls += int(1 - valid)
		}
		out.scale, out.most, out.nulls = scale, most, nulls
		out.clearNulls(n)
		return out, true
	}, true
}

// mostConditions is how many conditions the number of a branch has room for, with one more for none
// of them.
const mostConditions = math.MaxUint8

// branches are the conditions and values of a case; there is a value more where it has else. ok is
// false where a condition is none that is computed here, or there are too many of them.
func (v *vectorizer) branches(n *expression.Node) (conditions []maskVector, values []*expression.Node, ok bool) {
	if len(n.Args)/2 > mostConditions {
		return nil, nil, false
	}
	for i, a := range n.Args {
		if i%2 == 1 || i == len(n.Args)-1 {
			values = append(values, a)
			continue
		}
		c, ok := v.mask(a)
		if !ok {
			return nil, nil, false
		}
		conditions = append(conditions, c)
	}
	return conditions, values, true
}

// choose sets pick to the first condition that holds, or to how many there are.
func choose(conditions []maskVector, pick *[batchRows]uint8, text []byte, n int) bool {
	for i := range pick[:n] {
		pick[i] = uint8(len(conditions))
	}
	for k := len(conditions) - 1; k >= 0; k-- {
		m, ok := conditions[k](text, n)
		if !ok {
			return false
		}
		for i, is := range m[:n] {
			if is&isTrue != 0 {
				pick[i] = uint8(k)
			}
		}
	}
	return true
}

func (v *vectorizer) numberCoalesce(n *expression.Node) (numberVector, bool) {
	next, ok := v.number(n.Args[len(n.Args)-1])
	for i := len(n.Args) - 2; i >= 0 && ok; i-- {
		var x numberVector
		if x, ok = v.number(n.Args[i]); ok && v.w != nil {
			next = either(x, next)
		}
	}
	return next, ok
}

// either is the first of two numbers that is not NULL.
func either(first, second numberVector) numberVector {
	out, x, y := new(numbers), new(numbers), new(numbers)
	return func(text []byte, n int) (*numbers, bool) {
		a, ok := first(text, n)
		if !ok {
			return nil, false
		}
		b, ok := second(text, n)
		if !ok {
			return nil, false
		}
		scale := max(a.scale, b.scale)
		if a, ok = a.at(scale, n, x); !ok {
			return nil, false
		}
		if b, ok = b.at(scale, n, y); !ok {
			return nil, false
		}
		nulls := 0
		for i := range n {
			c := a
			if a.nulls > 0 && a.valid[i] == 0 {
				c = b
			}
			valid := uint8(1)
			if c.nulls > 0 {
				valid = c.valid[i]
			}
			out.values[i], out.valid[i] = c.values[i], valid
			nulls += int(1 - valid)
		}
		out.scale, out.most, out.nulls = scale, max(a.most, b.most), nulls
		out.clearNulls(n)
		return out, true
	}
}

func (v *vectorizer) textCase(n *expression.Node) (textVector, bool) {
	conditions, values, ok := v.branches(n)
	if !ok {
		return nil, false
	}
	vectors := make([]textVector, len(values))
	for i, value := range values {
		if vectors[i], ok = v.text(value); !ok {
			return nil, false
		}
	}
	if v.w == nil {
		return nil, true
	}
	pick, out := new([batchRows]uint8), new(texts)
	chosen := make([]*texts, len(values))
	return func(text []byte, n int) (*texts, bool) {
		if !choose(conditions, pick, text, n) {
			return nil, false
		}
		for i, x := range vectors {
			var ok bool
			if chosen[i], ok = x(text, n); !ok {
				return nil, false
			}
		}
		for i := range n {
			if k := int(pick[i]); k < len(chosen) {
				out[i] = chosen[k][i]
			} else {
				out[i] = nil
			}
		}
		return out, true
	}, true
}
