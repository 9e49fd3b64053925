package groupby

import (
	"math/bits"
)

// batchRows is how many rows go through each step together.
const batchRows = 512

// batch is some rows by column: where their cells are and what they hold.
// Nothing of a batch is added to the table before all of its rows are checked.
type batch struct {
	columns []cells // as Plan.columns
	numbers []numbers
	number  []int  // for each of Plan.columns its index in numbers, or -1
	strict  []bool // for each of numbers: text is an error or in doubt
	reader  numberReader

	keyText []byte // what keys refer into
	keys    cells
	built   []byte // keys made of several columns or of times
	ends    [2 * batchRows]uint32

	compared []compared

	at     [batchRows]uint32 // the row's record
	places places
	pair   []byte
}

// cells is where the cells of a column are in a text: the i-th is what lies
// between the places ends[i*stride] and ends[i*stride+1], exclusive.
type cells struct {
	ends   []uint32
	stride int
	own    *[2 * batchRows]uint32 // for ends that are not those of the chunk
}

func (c *cells) start(i int) uint32 { return c.ends[i*c.stride] + 1 }
func (c *cells) end(i int) uint32   { return c.ends[i*c.stride+1] }
func (c *cells) empty(i int) bool   { return c.start(i) == c.end(i) }

func (c *cells) of(text []byte, i int) []byte { return text[c.start(i):c.end(i)] }

// set gives the i-th cell a place of its own; the column has to be in own.
func (c *cells) set(i int, start, end uint32) { c.own[2*i], c.own[2*i+1] = start-1, end }

// trimCR takes the CR that may end them off n cells.
func (c *cells) trimCR(text []byte, n int) {
	own, ends, stride := c.own[:2*n], c.ends, c.stride
	for i, j := 0, 0; i < len(own); i, j = i+2, j+stride {
		s, e := cellAt(ends, j)
		if e > s && text[e-1] == '\r' {
			e--
		}
		own[i], own[i+1] = s-1, e
	}
	c.ends, c.stride = own, 2
}

// trimQuotes takes the quotes off those of n cells that have them. It has no
// branch, for they may be here and there: what an empty cell begins with is what
// ends it.
func (c *cells) trimQuotes(text []byte, n int) {
	own, ends, stride := c.own[:2*n], c.ends, c.stride
	for i, j := 0, 0; i < len(own); i, j = i+2, j+stride {
		s, e := cellAt(ends, j)
		quoted := (uint32(byteAt(text, s)^'"') - 1) >> 31
		own[i], own[i+1] = s+quoted-1, e-quoted
	}
	c.ends, c.stride = own, 2
}

// clean leaves of n cells what counts of them.
func (c *cells) clean(text []byte, n int, format *CellFormat) {
	own, ends, stride := c.own[:2*n], c.ends, c.stride
	for i, j := 0, 0; i < len(own); i, j = i+2, j+stride {
		s, e := cellAt(ends, j)
		if s != e && (format.First[byteAt(text, s)] || format.Last[byteAt(text, e-1)]) {
			from, to := format.Clean(text[s:e])
			s, e = s+uint32(from), s+uint32(to)
		}
		own[i], own[i+1] = s-1, e
	}
	c.ends, c.stride = own, 2
}

func (b *batch) init(p *Plan, s *states) {
	b.columns = make([]cells, len(p.columns))
	for i := range b.columns {
		b.columns[i].own = new([2 * batchRows]uint32)
	}
	b.number = make([]int, len(p.columns)+len(p.computed))
	for i := range b.number {
		b.number[i] = -1
	}
	use := func(column int, strict bool) {
		n := b.number[column]
		if n < 0 {
			n = len(b.strict)
			b.number[column] = n
			b.strict = append(b.strict, false)
		}
		b.strict[n] = b.strict[n] || strict
	}
	for _, st := range s.list {
		if st.kind.reads() {
			use(st.column, st.kind.strict() || p.times != nil)
		}
	}
	for _, column := range p.numeric {
		use(column, true)
	}
	for i := range p.computed {
		use(len(p.columns)+i, true)
	}
	b.numbers = make([]numbers, len(b.strict))
	b.compared = s.comparedColumns(len(p.columns))
}

// present says whether the i-th row has a value in a column, which may be computed.
func (b *batch) present(column, i int) bool {
	if column < len(b.columns) {
		return !b.columns[column].empty(i)
	}
	c := &b.numbers[b.number[column]]
	return c.nulls == 0 || c.valid[i] != 0
}

// aggregate adds n rows, whose cells are in text, to the table. It returns
// false, and has changed nothing, where a row is in doubt (see exact.go).
func (w *worker) aggregate(text []byte, n int) bool {
	b := &w.batch
	if w.plan.inDoubles || !b.readNumbers(text, n) {
		return false
	}
	if w.vectors != nil {
		var ok bool
		if n, ok = w.compute(text, n); !ok || n == 0 {
			return ok
		}
	}
	t := &w.table
	coded := len(w.plan.keys) > 1 && len(t.paired) == 0 && w.codes != nil && !w.codes.off
	if !coded && !w.makeKeys(text, n) {
		return false
	}
	if w.dense != nil && w.findDense(n) && w.dense.add(b, n) {
		return true
	}
	if !b.matchScales(t, n) {
		return false
	}
	if !coded || !w.findCoded(text, n) {
		if coded {
			w.makeKeys(text, n)
		}
		w.findRecords(n)
	}
	for s, st := range t.list {
		b.apply(t, s, st, text, n)
	}
	for i := range b.compared {
		b.compared[i].count(b, text, n)
	}
	for i, s := range t.paired {
		if st := t.list[s]; st.kind == distinctCount {
			b.addPairs(&t.pairs[i], text, &b.columns[st.column], n)
		} else {
			b.addValues(&t.pairs[i], &b.numbers[b.number[st.column]], n)
		}
	}
	return true
}

// makeKeys sets where the rows' keys are. Bad times are a doubt.
func (w *worker) makeKeys(text []byte, n int) bool {
	b := &w.batch
	if keys := w.plan.keys; len(keys) == 1 && keys[0].fn == column {
		b.keyText, b.keys = text, b.columns[keys[0].column]
		return true
	}
	b.built = append(b.built[:0], 0)
	for i := range n {
		b.ends[2*i] = uint32(len(b.built) - 1)
		for j, k := range w.plan.keys {
			if j > 0 {
				b.built = append(b.built, 0)
			}
			if k.fn == computed {
				b.built = append(b.built, w.vectors.made[j][i]...)
				continue
			}
			cell := b.columns[k.column].of(text, i)
			if k.fn == column || len(cell) == 0 {
				b.built = append(b.built, cell...)
				continue
			}
			var ok bool
			if b.built, ok = truncateTime(b.built, cell, k.fn); !ok {
				return false
			}
		}
		b.ends[2*i+1] = uint32(len(b.built))
	}
	b.built = append(b.built, padding[:shortKey]...)
	b.keyText, b.keys = b.built, cells{ends: b.ends[:], stride: 2}
	return true
}

// findRecords sets at to the rows' records.
func (w *worker) findRecords(n int) {
	b, t := &w.batch, &w.table
	at, text, ends, stride := b.at[:n], b.keyText, b.keys.ends, b.keys.stride
	switch {
	case len(w.plan.keys) == 0:
		only := t.find(nil)
		for i := range at {
			at[i] = only
		}
		return
	case w.rest > 0:
		w.rest--
	case t.findTiny(text, ends, stride, at):
		return
	default:
		w.rest = tinyRest
		defer t.learnTiny(text, ends, stride, at)
	}
	if !w.longKeys {
		t.reserve(n, 0)
		if t.findShortCells(text, ends, stride, at) {
			return
		}
	}
	if len(w.plan.keys) == 1 && w.findCoded(text, n) {
		w.longKeys = true
		return
	}
	t.reserve(n, n)
	w.longKeys = t.findCells(text, ends, stride, at)
}

// readNumbers reads the numeric columns.
func (b *batch) readNumbers(text []byte, n int) bool {
	for column, i := range b.number[:len(b.columns)] {
		if i < 0 {
			continue
		}
		c := &b.numbers[i]
		c.parse(text, &b.columns[column], n, &b.reader)
		if c.kind == mixed || c.kind == allText && b.strict[i] {
			return false
		}
	}
	return true
}

// matchScales brings the numbers and those of the table to the same scales.
func (b *batch) matchScales(t *table, n int) bool {
	for s, st := range t.list {
		if !st.kind.reads() {
			continue
		}
		c := &b.numbers[b.number[st.column]]
		switch have := t.scales[s]; {
		case c.kind == mixed:
			return false
		case st.kind == cellValues:
			t.scales[s] = max(have, c.scale)
		case c.kind == allText || c.scale == have:
		case c.scale < have:
			if !c.rescale(n, have) {
				return false
			}
		case t.raiseScale(s, c.scale) != nil:
			return false
		}
	}
	return true
}

// apply adds a column to one state of the rows' records. It cannot fail.
func (b *batch) apply(t *table, s int, st state, text []byte, n int) {
	at := b.at[:n]
	records := t.records
	switch st.kind {
	case rowCount:
		for _, r := range at {
			records[int(r)+st.offset]++
		}
	case cellCount:
		for i, r := range at {
			if b.present(st.column, i) {
				records[int(r)+st.offset]++
			}
		}
	case cellSum:
		b.numbers[b.number[st.column]].addTo(records[st.offset:], at)
	case cellSquares:
		b.numbers[b.number[st.column]].addSquaresTo(records[st.offset:], at)
	case cellFirst, cellLast:
		b.offerCells(t, st, text, n)
	case cellMin, cellMax:
		c := &b.numbers[b.number[st.column]]
		if c.kind == allNumbers && c.nulls == 0 {
			t.offerNumbers(st, c.values[:n], at)
			return
		}
		for i, r := range at {
			switch {
			case !b.present(st.column, i):
			case c.kind == allText:
				t.offerText(int(r)+st.offset, st.kind, b.columns[st.column].of(text, i))
			default:
				v := c.values[i]
				t.offerNumber(int(r)+st.offset, st.kind, int128{uint64(v >> 63), uint64(v)})
			}
		}
	}
}

// addTo adds the values to the sums that begin at[i] words into records.
func (c *numbers) addTo(records []uint64, at []uint32) {
	values := c.values[:len(at)]
	if c.nulls > 0 {
		for i, r := range at {
			if c.valid[i] != 0 {
				add64(wordsAt(records, r), values[i])
			}
		}
		return
	}
	for i, r := range at {
		add64(wordsAt(records, r), values[i])
	}
}

func add64(sum *[2]uint64, v int64) {
	hi := sum[1]
	if hi == noValue {
		hi = 0
	}
	lo, carry := bits.Add64(sum[0], uint64(v), 0)
	sum[0] = lo
	sum[1], _ = bits.Add64(hi, uint64(v>>63), carry)
}

// addPairs enters the rows' keys with their cells that are not NULL.
func (b *batch) addPairs(pairs *table, text []byte, c *cells, n int) {
	for i := range n {
		if c.empty(i) {
			continue
		}
		b.pair = append(append(b.pair[:0], b.keys.of(b.keyText, i)...), 0)
		b.pair = append(b.pair, c.of(text, i)...)
		pairs.find(b.pair)
	}
}
