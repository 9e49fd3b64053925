package groupby

import (
	"csv-pipeline/internal/expression"
)

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

// compute evaluates the expressions of those of n rows for which the condition holds, and
// moves these to the front. It returns how many they are, and false if the fast path cannot
// compute one of them exactly.
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
