package groupby

import (
	"context"
	"fmt"
	"math/big"
	"math/bits"
	"slices"

	"csv-pipeline/internal/expression"
)

// A quantile needs all the different numbers of a group, in order, and how often each
// is there. They are kept as the pairs of count(distinct) are, a number being sortable:
// see sortable.go. In the end the pairs are walked beside the groups.

// fraction is which part of the numbers is below a quantile, reduced.
type fraction struct{ numerator, denominator uint64 }

var half = fraction{1, 2}

// parseFraction reads 0.95.
func parseFraction(s string) (fraction, error) {
	v, scale, problem := parseDecimal([]byte(s))
	f := fraction{v.lo, pow10[scale]}
	if problem != "" || v.hi != 0 || f.numerator > f.denominator {
		return f, fmt.Errorf("%q is no quantile: expected a number from 0 to 1, such as 0.95, with at most %d digits after the point", s, maxScale)
	}
	by := gcd(f.numerator, f.denominator)
	return fraction{f.numerator / by, f.denominator / by}, nil
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// of returns between which of n numbers the quantile is: below is how many are before
// the lower one, and part is how far it is from that to the next, from 0 to 1.
func (f fraction) of(n uint64) (below uint64, part fraction) {
	hi, lo := bits.Mul64(f.numerator, n-1)
	below, rest := bits.Div64(hi, lo, f.denominator)
	by := gcd(rest, f.denominator)
	return below, fraction{rest / by, f.denominator / by}
}

// addValues enters the rows' keys with their numbers that are not NULL.
func (b *batch) addValues(pairs *table, c *numbers, n int) {
	for i := range n {
		if c.nulls > 0 && c.valid[i] == 0 {
			continue
		}
		v := c.values[i]
		b.pair = append(append(b.pair[:0], b.keys.of(b.keyText, i)...), 0)
		b.pair = appendSortable(b.pair, int128{uint64(v >> 63), uint64(v)}, c.scale)
		pairs.records[pairs.find(b.pair)]++
	}
}

// addValue enters the row's key with a cell, which is a number.
func (w *worker) addValue(s int, st state, cell []byte) error {
	b, t := &w.batch, &w.table
	b.pair = append(append(b.pair[:0], b.keys.of(b.keyText, 0)...), 0)
	if st.double {
		f, _ := parseDouble(cell)
		b.pair = appendSortableDouble(b.pair, f)
	} else {
		v, scale, _ := b.reader.parse(cell)
		b.pair = appendSortable(b.pair, v, scale)
		t.scales[s] = max(t.scales[s], scale)
	}
	pairs := &t.pairs[slices.Index(t.paired, s)]
	pairs.records[pairs.find(b.pair)]++
	return nil
}

// walk finds the quantiles of a column, group by group.
type walk struct {
	pairs     *merger
	count     int      // the offset of the state that is the number of a group's values
	quantiles []*found // by their fractions
	ctx       context.Context
	passed    int // pairs
}

// found is a quantile of the group at hand.
type found struct {
	fraction     fraction
	below        uint64
	part         fraction
	lower, upper []byte // sortable; upper where part is more than 0
	double       bool
}

// walks are the walks along the pairs of each of states.paired, nil for those that are
// counted only.
func (o *output) walks(ctx context.Context, pairs []*merger) []*walk {
	if len(pairs) == 0 {
		return nil
	}
	walks := make([]*walk, len(pairs))
	o.found = make([]*found, len(o.plan.aggregates))
	for p, s := range o.states.paired {
		if o.states.list[s].kind != cellValues {
			continue
		}
		w := &walk{pairs: pairs[p], ctx: ctx}
		for i, a := range o.plan.aggregates {
			if o.states.output[i] == s {
				w.count = o.states.list[o.states.cells[i]].offset
				o.found[i] = &found{fraction: a.fraction, double: o.states.list[s].double}
				w.quantiles = append(w.quantiles, o.found[i])
			}
		}
		slices.SortFunc(w.quantiles, func(a, b *found) int { return a.fraction.rat().Cmp(b.fraction.rat()) })
		walks[p] = w
	}
	return walks
}

func (f fraction) rat() *big.Rat {
	return new(big.Rat).SetFrac(new(big.Int).SetUint64(f.numerator), new(big.Int).SetUint64(f.denominator))
}

// group passes over the pairs of a group, whose record is given.
func (w *walk) group(key []byte, t *table, at uint32) error {
	if w == nil {
		return nil
	}
	n := t.records[int(at)+w.count]
	if n == 0 {
		return nil
	}
	for _, q := range w.quantiles {
		q.below, q.part = q.fraction.of(n)
	}
	lower, upper := w.quantiles, w.quantiles
	for seen := uint64(0); seen < n; {
		c := w.pairs.top()
		pair := c.currentKey()
		value := pair[len(key)+1:]
		seen += c.count()
		for len(lower) > 0 && lower[0].below < seen {
			lower[0].lower = append(lower[0].lower[:0], value...)
			lower = lower[1:]
		}
		for len(upper) > 0 && upper[0].below+1 < seen {
			upper[0].upper = append(upper[0].upper[:0], value...)
			upper = upper[1:]
		}
		if err := w.pairs.next(); err != nil {
			return err
		}
		if w.passed++; w.passed&0xffff == 0 && w.ctx.Err() != nil {
			return w.ctx.Err()
		}
	}
	return nil
}

// count is how often the pair at hand is there.
func (c *cursor) count() uint64 {
	if c.run != nil {
		return c.run.table.records[c.run.at]
	}
	return c.table.records[c.at[0]]
}

// appendTo writes the quantile: the exact one, rounded once to a double.
func (q *found) appendTo(dst []byte) []byte {
	if q.double {
		return expression.AppendFloat(dst, q.betweenDoubles())
	}
	a, scale := parseSortable(q.lower)
	if q.part.numerator == 0 {
		return appendMean(dst, a, 1, scale)
	}
	b, other := parseSortable(q.upper)
	if scale == other && a.short() && b.short() && q.part.denominator < 1<<31 {
		below, above, of := int64(a.lo), int64(b.lo), int64(q.part.denominator)
		total := below*of + (above-below)*int64(q.part.numerator)
		return appendMean(dst, int128{uint64(total >> 63), uint64(total)}, uint64(of), scale)
	}
	return expression.AppendFloat(dst, q.between(a, scale, b, other))
}

// short says that a number is below 2^31.
func (a int128) short() bool {
	m := a.abs()
	return m.hi == 0 && m.lo < 1<<31
}

// between is the number that lies part of the way from one to another.
func (q *found) between(a int128, scale uint8, b int128, other uint8) float64 {
	x, y := a.bigInt(), b.bigInt()
	if scale < other {
		x.Mul(x, bigPow10(other-scale))
	} else {
		y.Mul(y, bigPow10(scale-other))
	}
	numerator, denominator := new(big.Int).SetUint64(q.part.numerator), new(big.Int).SetUint64(q.part.denominator)
	y.Sub(y, x).Mul(y, numerator)
	x.Mul(x, denominator).Add(x, y)
	return quotient(x, denominator.Mul(denominator, bigPow10(max(scale, other))))
}

// betweenDoubles is the same of doubles.
func (q *found) betweenDoubles() float64 {
	a := parseSortableDouble(q.lower)
	if q.part.numerator == 0 {
		return a
	}
	x, y := new(big.Rat).SetFloat64(a), new(big.Rat).SetFloat64(parseSortableDouble(q.upper))
	y.Sub(y, x).Mul(y, q.part.rat())
	mean, _ := x.Add(x, y).Float64()
	return mean
}

// appendQuantile writes what was found of the group at hand.
func (o *output) appendQuantile(dst []byte, i int, t *table, at uint32) []byte {
	if t.records[int(at)+t.list[t.cells[i]].offset] == 0 {
		return dst
	}
	return o.found[i].appendTo(dst)
}

// mergers sorts the values of disjoint tables: for each of states.paired, nil for the others.
func (s *sorter) mergers(states *states, tables []*table) []*merger {
	mergers := make([]*merger, len(states.paired))
	for i, state := range states.paired {
		if states.list[state].kind != cellValues {
			continue
		}
		mergers[i] = &merger{order: s.order}
		for _, t := range tables {
			pairs := &t.pairs[i]
			mergers[i].add(pairs, s.sort(pairs, false), false)
			mergers[i].add(pairs, s.sort(pairs, true), true)
		}
	}
	return mergers
}
