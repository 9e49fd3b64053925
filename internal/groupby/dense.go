package groupby

import (
	"math/bits"
	"slices"
)

// A dense table has a place for every integer below a limit, and no index.
// Where a single key column holds integers that are many, small and written
// without leading zeros, it takes one memory access a row where a hash table
// takes two, and less memory.
//
// It is a worker's second table: rows whose keys do not fit go to the first, and
// so do keys that fit if another of their batch does not. In the end all are
// merged into a table whose records are in the order of their keys; its present
// marks the keys that exist.
type dense struct {
	*states
	limit  uint64
	words  []int64 // for each integer one for each state: a count, or a narrow sum
	seen   []uint8 // which integers are there though their words may be zero
	scales []uint8 // of the sums, as table.scales
	spent  uint64  // what no sum can be more than, by the numbers added up to now
	full   bool    // a sum is too near to narrowMost
}

// A narrow sum is twice the sum, and one more once there is any: so a place
// begins as zero, and adding to it is the same the first time. It has no room
// for 128 bits; when spent gets to narrowMost, numbers go to the other table.
const narrowMost = 1 << 61

const (
	denseSpread = 128 // places of a dense table for each key seen when it is made, at most
	denseLimit  = 1 << 22
)

// densePlan says whether a plan's groups can be in a dense table.
func (p *Plan) densePlan() bool {
	if p.inDoubles || len(p.keys) != 1 || p.keys[0].fn != column || p.states.words == 0 {
		return false
	}
	for _, st := range p.states.list {
		if st.kind != rowCount && st.kind != cellCount && st.kind != cellSum {
			return false
		}
	}
	return true
}

func newDense(s *states, limit uint64, scales []uint8) *dense {
	return &dense{
		states: s,
		limit:  limit,
		words:  inHugePages(make([]int64, int(limit)*len(s.list))),
		seen:   make([]uint8, limit),
		scales: slices.Clone(scales),
	}
}

func (d *dense) size() int64 {
	if d == nil {
		return 0
	}
	return int64(8*len(d.words) + len(d.seen) + len(d.scales))
}

// sizeOfDense is the memory of the workers' dense tables and of that in which
// they come together, in bytes.
func sizeOfDense(s *states, limit uint64, workers int) int64 {
	return int64(limit) * int64(workers*(8*len(s.list)+1)+8*s.words+1)
}

// smallInteger is the value of a short key that is an integer as it would be
// printed.
func smallInteger(word uint64) (value uint64, ok bool) {
	unused := bits.TrailingZeros64(word) &^ 7
	d := word ^ zeros<<unused
	if word == 0 || notDigits(d) != 0 || unused < 56 && d>>unused&0xff == 0 {
		return 0, false
	}
	return eightDigits(d), true
}

// makeDense gives a worker a dense table if its keys are small integers and the
// memory allows it.
func (r *run) makeDense(w *worker) {
	if w.dense != nil || r.noDense.Load() {
		return
	}
	n, most := 0, uint64(0)
	_ = w.table.each(func(at uint32, long bool) error {
		if v, ok := smallInteger(w.table.records[int(at)+w.table.words]); ok && !long {
			n++
			most = max(most, v)
		}
		return nil
	})
	r.spilled.Lock()
	defer r.spilled.Unlock()
	limit := r.denseLimit
	if limit == 0 {
		limit = 1 << bits.Len64(most)
	}
	size := sizeOfDense(r.states, limit, r.opt.Workers)
	if !r.plan.densePlan() || n < w.table.len()-w.table.len()/16 || limit > denseLimit || limit > uint64(n)*denseSpread || size > r.budget {
		r.noDense.Store(true)
		return
	}
	if r.denseLimit == 0 {
		r.denseLimit = limit
		r.memory.Add(size)
	}
	w.dense = newDense(r.states, limit, w.table.scales)
	w.dense.absorb(&w.table)
}

// absorb moves the groups that fit out of a table, which is then to be reset.
func (d *dense) absorb(t *table) {
	for i, at := range t.short.slots {
		if at == 0 {
			continue
		}
		v, ok := smallInteger(t.records[int(at)+t.words])
		if !ok || v >= d.limit || !d.takeRecord(v, t.records[at:]) {
			continue
		}
		t.short.slots[i] = 0
		t.short.n--
	}
}

// takeRecord fills a place with a record of a table of the same scales, and
// says false where a sum is too wide.
func (d *dense) takeRecord(v uint64, record []uint64) bool {
	const most = narrowMost >> 8
	for _, st := range d.list {
		if st.kind == cellSum && record[st.offset+1] != noValue {
			total := int64(record[st.offset])
			if uint64(total>>63) != record[st.offset+1] || total >= most || total <= -most {
				return false
			}
		}
	}
	d.seen[v] = 1
	place := d.words[int(v)*len(d.list):]
	for s, st := range d.list {
		switch {
		case st.kind != cellSum: // a count: there are no others here
			place[s] = int64(record[st.offset])
		case record[st.offset+1] != noValue:
			total := int64(record[st.offset])
			place[s] = total<<1 | 1
			d.spent = max(d.spent, uint64(max(total, -total)))
		}
	}
	return true
}

// raiseScale is table.raiseScale; it says false, having changed nothing, where
// the sums would be too wide.
func (d *dense) raiseScale(s int, scale uint8) bool {
	by := pow10[scale-d.scales[s]]
	hi, spent := bits.Mul64(d.spent, by)
	if hi != 0 || spent > narrowMost {
		return false
	}
	d.spent, d.scales[s] = spent, scale
	for i := s; i < len(d.words); i += len(d.list) {
		if total := d.words[i]; total != 0 {
			d.words[i] = total>>1*int64(by)<<1 | 1
		}
	}
	return true
}

// findDense sets at to the places of n keys if all of them have one.
func (w *worker) findDense(n int) bool {
	b, d := &w.batch, w.dense
	text, ends, at := b.keyText, b.keys.ends, b.at[:n]
	last, words := d.limit-1, uint32(len(d.list))
	var doubt uint64
	for i, j := 0, 0; i < len(at); i, j = i+1, j+b.keys.stride {
		s, e := cellAt(ends, j)
		length := uint64(e - s)
		raw := load64(text, s)
		d := (raw ^ zeros) << (-(8 * length) & 63)
		v := eightDigits(d)
		// Each of these has a bit set if: the length is not 1 to 8; a byte is no
		// digit; the value is too large; the first of several digits is zero.
		doubt |= (length-1)>>3 | notDigits(d) | (last-v)>>63 | ((raw&0xff^'0')-1)>>63&((1-length)>>63)
		at[i] = uint32(v) * words
	}
	return doubt == 0
}

// add adds n rows, whose places and numbers the batch has. It says false,
// having changed no sum, where there is no room for them.
func (d *dense) add(b *batch, n int) bool {
	certain := false // that a word of each row's place is no longer zero
	var most uint64
	for s, st := range d.list {
		switch st.kind {
		case rowCount:
			certain = true
		case cellSum:
			c := &b.numbers[b.number[st.column]]
			if c.scale > d.scales[s] && !d.raiseScale(s, c.scale) || c.scale < d.scales[s] && !c.rescale(n, d.scales[s]) {
				return false
			}
			certain = certain || c.nulls == 0
			most = max(most, c.most)
		}
	}
	if !d.spend(most, n) {
		return false
	}
	at := b.at[:n]
	if !certain {
		for _, r := range at {
			d.seen[r/uint32(len(d.list))] = 1
		}
	}
	for s, st := range d.list {
		words := d.words[s:]
		switch st.kind {
		case rowCount:
			for _, r := range at {
				words[r]++
			}
		case cellCount:
			for i, r := range at {
				if b.present(st.column, i) {
					words[r]++
				}
			}
		case cellSum:
			b.numbers[b.number[st.column]].addToNarrow(words, at)
		}
	}
	return true
}

// spend makes room in the sums for n numbers of at most this magnitude.
func (d *dense) spend(most uint64, n int) bool {
	if d.full || most > narrowMost/batchRows {
		return false
	}
	most *= uint64(n)
	if d.spent += most; d.spent <= narrowMost {
		return true
	}
	d.spent = d.largest()
	d.full = d.spent > narrowMost/2
	d.spent += most
	return !d.full && d.spent <= narrowMost
}

// largest is the magnitude of the largest sum.
func (d *dense) largest() uint64 {
	var most uint64
	for s, st := range d.list {
		if st.kind != cellSum {
			continue
		}
		for i := s; i < len(d.words); i += len(d.list) {
			total := d.words[i] >> 1
			most = max(most, uint64(max(total, -total)))
		}
	}
	return most
}

// addToNarrow adds the values to narrow sums.
func (c *numbers) addToNarrow(sums []int64, at []uint32) {
	values := c.values[:len(at)]
	if c.nulls > 0 {
		for i, r := range at {
			if c.valid[i] != 0 {
				sums[r] = sums[r] + values[i]<<1 | 1
			}
		}
		return
	}
	for i, r := range at {
		sums[r] = sums[r] + values[i]<<1 | 1
	}
}
