package groupby

import (
	"bytes"
	"cmp"
	"sync"
)

// A table with present has a record for every integer below a limit, in their
// order, and no index: it is what dense tables come together in.

// collectDense brings the dense tables together, in a table with present; nil
// if there is none.
func (r *run) collectDense() (*table, error) {
	var all *table
	for _, w := range r.workers {
		if w.dense == nil {
			continue
		}
		if all == nil {
			all = newPresent(r.states, int(w.dense.limit), r.opt.Workers)
		}
		if err := all.absorbDense(w.dense, r.opt.Workers); err != nil {
			return nil, err
		}
		w.dense = nil
	}
	return all, nil
}

// newPresent is a table with a record for every integer below limit. Several goroutines write it, as
// the system gives its memory at the first write.
func newPresent(s *states, limit, workers int) *table {
	t := newTable(s)
	t.records = inHugePages(make([]uint64, limit*s.words))
	t.present = make([]uint8, limit)
	_ = inParts(limit, workers, func(_, from, to int) error {
		for _, st := range s.list {
			if st.kind.numeric() {
				for at := from*s.words + st.offset + 1; at < to*s.words; at += s.words {
					t.records[at] = noValue
				}
			}
		}
		return nil
	})
	return &t
}

// absorbDense adds a dense table of the same limit to one with present, by several goroutines.
func (t *table) absorbDense(d *dense, workers int) error {
	empty := newTable(t.states)
	copy(empty.scales, d.scales)
	if err := t.matchScales(&empty); err != nil {
		return err
	}
	return inParts(int(d.limit), workers, func(_, from, to int) error { return t.absorbPart(d, from, to) })
}

// absorbPart is absorbDense for the integers from from to before to. The scales match already.
func (t *table) absorbPart(d *dense, from, to int) error {
	record := newTable(t.states)
	record.records = make([]uint64, t.words)
	copy(record.scales, d.scales)
	for v := from; v < to; v++ {
		place := d.words[v*len(d.list):][:len(d.list)]
		present := d.seen[v]
		for s, st := range d.list {
			total := place[s]
			if total != 0 {
				present = 1
			}
			switch {
			case st.kind != cellSum: // a count: dense tables have no others
				record.records[st.offset] = uint64(total)
			case total == 0:
				record.records[st.offset+1] = noValue
			default:
				record.records[st.offset], record.records[st.offset+1] = uint64(total>>1), uint64(total>>63)
			}
		}
		if present == 0 {
			continue
		}
		t.present[v] = 1
		if err := t.mergeStates(v*t.words, &record, 0); err != nil {
			return err
		}
	}
	return nil
}

// inParts cuts the integers from 0 to before n into as many parts as there are workers, has each done
// by a goroutine of its own, and returns the first error of the parts in their order.
func inParts(n, workers int, do func(part, from, to int) error) error {
	errs := make([]error, workers)
	var group sync.WaitGroup
	for part := range workers {
		group.Go(func() { errs[part] = do(part, n*part/workers, n*(part+1)/workers) })
	}
	group.Wait()
	return cmp.Or(errs...)
}

// writePresent writes the groups of a table with present, by several goroutines.
func (r *run) writePresent(o *output, t *table) error {
	if err := o.flush(); err != nil {
		return err
	}
	workers := r.opt.Workers
	parts, texts := make([]output, workers), make([]bytes.Buffer, workers)
	for i := range parts {
		parts[i] = *o
		parts[i].buf, parts[i].groups, parts[i].to = nil, 0, &texts[i]
	}
	wave := presentPart * workers
	for begin := 0; begin < len(t.present); begin += wave {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if err := inParts(min(wave, len(t.present)-begin), workers, func(part, from, to int) error {
			return parts[part].present(t, begin+from, begin+to)
		}); err != nil {
			return err
		}
		for i := range texts {
			if _, err := texts[i].WriteTo(o.to); err != nil {
				return err
			}
		}
	}
	for i := range parts {
		o.groups += parts[i].groups
	}
	return nil
}

// presentPart is how many integers a goroutine writes at a time.
const presentPart = 1 << 14

// present writes the groups of the integers from from to before to.
func (o *output) present(t *table, from, to int) error {
	var key []byte
	for v := from; v < to; v++ {
		if t.present[v] == 0 {
			continue
		}
		at := uint32(v * t.words)
		key = t.key(at, false, key[:0])
		if err := o.group(key, t, at); err != nil {
			return err
		}
	}
	return o.flush()
}

// absorb moves the groups of another table that fit to one with present. The
// other one is then only to be read.
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
