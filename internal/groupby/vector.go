package groupby

import (
	"math/bits"
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
	case Text:
		use(&v.plan.memoized)
	}
	return i
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
	i := v.column(c, Text)
	if v.w == nil {
		return nil, true
	}
	return memoNumbers(newMemo[int64](v.w, i, n)), true
}

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
		if !ok {
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

// branches are the conditions and values of a case; there is a value more where it has else.
func (v *vectorizer) branches(n *expression.Node) (conditions []maskVector, values []*expression.Node, ok bool) {
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
	if !ok || n.Type != expression.Text && n.Type != expression.Cell {
		return nil, false
	}
	i := v.column(c, Text)
	if v.w == nil {
		return nil, true
	}
	return memoTexts(newMemo[[]byte](v.w, i, n)), true
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

// vectors are those of a worker.
type vectors struct {
	where  maskVector
	keys   []textVector // nil for those that are not computed
	values []numberVector
	forget []func() // what was remembered of the cells of an input
	scales []uint8  // the most digits after the point that a number of each of Plan.columns had
	ends   [batchRows]uint32
	made   []*texts // of keys, for the batch
}

// newVectors makes the vectors of a worker; nil where the plan has none.
func (w *worker) newVectors() *vectors {
	p := w.plan
	if !p.Computes() {
		return nil
	}
	x := &vectors{keys: make([]textVector, len(p.keys)), made: make([]*texts, len(p.keys)), scales: make([]uint8, len(p.columns))}
	w.vectors = x
	v := vectorizer{plan: p, w: w}
	if p.where != nil {
		x.where, _ = v.mask(p.where)
	}
	for i, k := range p.keys {
		if k.fn == computed {
			x.keys[i], _ = v.text(k.node)
		}
	}
	for _, c := range p.computed {
		var vector numberVector
		if c.present {
			vector, _ = v.presence(c.node)
		} else {
			vector, _ = v.number(c.node)
		}
		x.values = append(x.values, vector)
	}
	return x
}

// compute makes what is computed of n rows, after it has put those for which the condition
// holds together. It says how many these are, and false where a row is in doubt.
func (w *worker) compute(text []byte, n int) (int, bool) {
	b, x := &w.batch, w.vectors
	for i, at := range b.number[:len(w.plan.columns)] {
		if at >= 0 {
			c := &b.numbers[at]
			if c.nulls < n && c.kind == allNumbers {
				x.scales[i] = max(x.scales[i], c.scale)
			}
		}
	}
	if x.where != nil {
		m, ok := x.where(text, n)
		if !ok {
			return 0, false
		}
		n = b.keep(m, n, len(w.plan.columns), &x.ends)
	}
	if n == 0 {
		return 0, true
	}
	for i, vector := range x.keys {
		if vector == nil {
			continue
		}
		var ok bool
		if x.made[i], ok = vector(text, n); !ok {
			return 0, false
		}
	}
	for i, vector := range x.values {
		c, ok := vector(text, n)
		if !ok {
			return 0, false
		}
		b.numbers[b.number[len(w.plan.columns)+i]].copyFrom(c, n)
	}
	return n, true
}

func (c *numbers) copyFrom(from *numbers, n int) {
	copy(c.values[:n], from.values[:n])
	c.copyValid(from, n)
	c.scale, c.most, c.kind = from.scale, from.most, allNumbers
}

// keep puts the rows for which a condition holds together, and says how many they are.
func (b *batch) keep(m *mask, n, columns int, ends *[batchRows]uint32) int {
	var rows [batchRows]uint16
	kept := 0
	for i, is := range m[:n] {
		rows[kept] = uint16(i)
		kept += int(is & isTrue)
	}
	if kept == n {
		return n
	}
	chosen := rows[:kept]
	for i := range columns {
		c := &b.columns[i]
		for to, from := range chosen {
			start, end := c.ends[int(from)*c.stride], c.ends[int(from)*c.stride+1]
			c.own[2*to], c.own[2*to+1] = start, end
		}
		c.ends, c.stride = c.own[:], 2
		if at := b.number[i]; at >= 0 {
			b.numbers[at].keep(chosen)
		}
	}
	for to, from := range chosen {
		ends[to] = b.places.ends[int(from)*b.places.stride]
	}
	b.places.ends, b.places.stride = ends[:], 1
	return kept
}

func (c *numbers) keep(rows []uint16) {
	for to, from := range rows {
		c.values[to] = c.values[from]
	}
	if c.nulls == 0 {
		return
	}
	c.nulls = len(rows)
	for to, from := range rows {
		c.valid[to] = c.valid[from]
		c.nulls -= int(c.valid[to])
	}
}

// begin is for another input.
func (x *vectors) begin() {
	clear(x.scales)
	for _, forget := range x.forget {
		forget()
	}
}

// computedScales gives the numbers of a plan that computes as many digits after the point as
// those of its columns make, in the rows that do not count, too.
func (r *run) computedScales(o *output) {
	p := r.plan
	if r.workers[0].vectors == nil {
		return
	}
	scales := make([]uint8, len(p.columns))
	for _, w := range r.workers {
		for i, scale := range w.vectors.scales {
			scales[i] = max(scales[i], scale)
		}
	}
	v := vectorizer{plan: p, w: r.workers[0]}
	for s, st := range r.states.list {
		switch {
		case !st.kind.numeric() || st.double:
		case st.column < len(p.columns):
			o.scales[s] = scales[st.column]
		default:
			n := p.computed[st.column-len(p.columns)].node.Scale(func(c *expression.Node) int { return int(scales[v.column(c, Number)]) })
			o.scales[s] = uint8(min(n, maxScale))
		}
	}
}
