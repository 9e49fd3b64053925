package groupby

import (
	"math/bits"
	"strconv"
)

// A dense table has a record for every integer below a limit, at its place,
// and no index. Where a single key column holds integers that are many, small
// and written without leading zeros, it takes one memory access a row where a
// hash table takes two, and less memory.
//
// It is a worker's second table: rows whose keys do not fit go to the first,
// and so may a key that does, when it is in a batch with others. In the end the
// dense table absorbs those.

const (
	denseSpread = 128 // places of a dense table for each key seen when it is made, at most
	denseLimit  = 1 << 22
)

// densePlan says whether a plan's groups can be in a dense table.
func (p *Plan) densePlan() bool {
	if len(p.keys) != 1 || p.keys[0].fn != column || p.states.words == 0 {
		return false
	}
	for _, st := range p.states.list {
		if st.kind == cellMin || st.kind == cellMax || st.kind == distinctCount {
			return false
		}
	}
	return true
}

func newDense(s *states, limit int) table {
	t := newTable(s)
	t.records = make([]uint64, limit*s.words)
	t.present = make([]uint8, limit)
	for _, st := range s.list {
		if st.kind.numeric() {
			for at := st.offset + 1; at < len(t.records); at += s.words {
				t.records[at] = noValue
			}
		}
	}
	return t
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

// makeDense gives a worker a dense table if its keys are of the kind and the
// memory allows it.
func (r *run) makeDense(w *worker) error {
	if w.dense.present != nil || r.noDense.Load() {
		return nil
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
	size := int64(limit) * int64(8*r.states.words+1) * int64(r.opt.Workers)
	if !r.plan.densePlan() || n < w.table.len()-w.table.len()/16 || limit > denseLimit || limit > n*denseSpread || size > r.budget {
		r.noDense.Store(true)
		return nil
	}
	r.denseLimit = limit
	w.dense = newDense(r.states, limit)
	r.memory.Add(w.dense.size())
	return w.dense.absorb(&w.table)
}

// absorb moves the groups that fit to a dense table. The other one is then to
// be reset or only to be read.
func (t *table) absorb(from *table) error {
	if err := t.matchScales(from); err != nil {
		return err
	}
	for i, at := range from.short.slots {
		if at == 0 {
			continue
		}
		v, ok := smallInteger(from.records[int(at)+from.words])
		if !ok || v >= uint64(len(t.present)) {
			continue
		}
		if err := t.mergeStates(int(v)*t.words, from, int(at)); err != nil {
			return err
		}
		t.present[v] = 1
		from.short.slots[i] = 0
		from.short.n--
	}
	return nil
}

// absorbDense adds the groups of another dense table of the same limit.
func (t *table) absorbDense(from *table) error {
	if err := t.matchScales(from); err != nil {
		return err
	}
	for v, present := range from.present {
		if present == 0 {
			continue
		}
		if err := t.mergeStates(v*t.words, from, v*t.words); err != nil {
			return err
		}
		t.present[v] = 1
	}
	return nil
}

// findDense sets at to the places of n keys if all of them have one.
func (w *worker) findDense(n int) bool {
	b, t := &w.batch, &w.dense
	text, ends, at := b.keyText, b.keys.ends, b.at[:n]
	last, words := uint64(len(t.present)-1), uint32(t.words)
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

// keep notes that the rows' places are taken.
func (t *table) keep(at []uint32) {
	words := uint32(t.words)
	for _, r := range at {
		t.present[r/words] = 1
	}
}

// denseKey appends the key of a place.
func (t *table) denseKey(at uint32, buf []byte) []byte {
	return strconv.AppendUint(buf, uint64(at)/uint64(t.words), 10)
}

// collectDense brings all dense tables together in one, with what the others
// have that fits; nil if there is none.
func (r *run) collectDense() (*table, error) {
	var all *table
	for _, w := range r.workers {
		switch {
		case w.dense.present == nil:
		case all == nil:
			all = &w.dense
		default:
			if err := all.absorbDense(&w.dense); err != nil {
				return nil, err
			}
			w.dense = table{}
		}
	}
	return all, nil
}
