package groupby

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
			all = newPresent(r.states, int(w.dense.limit))
		}
		if err := all.absorbDense(w.dense); err != nil {
			return nil, err
		}
		w.dense = nil
	}
	return all, nil
}

// newPresent is a table with a record for every integer below limit.
func newPresent(s *states, limit int) *table {
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
	return &t
}

// absorbDense adds a dense table of the same limit to one with present.
func (t *table) absorbDense(d *dense) error {
	record := newTable(t.states)
	record.records = make([]uint64, t.words)
	copy(record.scales, d.scales)
	if err := t.matchScales(&record); err != nil {
		return err
	}
	for v := range int(d.limit) {
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
