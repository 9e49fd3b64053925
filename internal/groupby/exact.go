package groupby

import "bytes"

// The exact path: record by record, cell by cell. It takes over wherever the fast
// path cannot be sure of its result (a row "in doubt" below), and only it refuses
// a row.

// exactly aggregates the records of text that begin at the place at or in the
// size bytes that follow it, and returns how many bytes they take. Where final
// is set, nothing comes after text.
func (w *worker) exactly(text []byte, at, size int, final bool) (used int, err error) {
	for used < size {
		data := text[at+used:]
		problem, incomplete := w.record.parse(data, w.comma, w.times)
		if incomplete {
			if !final {
				break
			}
			if problem == "" || w.record.size == 0 {
				long := &InputError{Name: w.name, Problem: recordTooLong}
				long.show(data, min(len(data), maxShown), w.comma)
				return used, &positionError{InputError: long, at: at + used}
			}
		}
		var bad, fatal *InputError
		switch {
		case problem == fewDelimiters:
			return used, ErrDoubt
		case problem != "":
			bad = &InputError{Name: w.name, Problem: problem}
		case w.record.blank:
			used += w.record.size
			continue
		default:
			if w.table.full(w.sizes.full) {
				if err := w.makeRoom(w); err != nil {
					return used, err
				}
			}
			w.batch.places = places{base: w.base + int64(at+used), ends: beforeFirst}
			bad, fatal = w.row()
			if w.doubted {
				return used, ErrDoubt
			}
		}
		switch {
		case fatal != nil:
			fatal.show(data, w.record.size, w.comma)
			return used, &positionError{InputError: fatal, at: at + used}
		case bad == nil:
			w.rows++
		case w.skip == nil:
			bad.show(data, w.record.size, w.comma)
			return used, &positionError{InputError: bad, at: at + used}
		default:
			bad.Line = w.lineOf(text, at+used)
			if err := w.skip(bytes.TrimSuffix(bytes.TrimSuffix(data[:w.record.size], newline), cr), bad); err != nil {
				return used, err
			}
		}
		used += w.record.size
	}
	return used, nil
}

// beforeFirst is where what is before a text ends.
var beforeFirst = []uint32{^uint32(0)}

var newline, cr = []byte{'\n'}, []byte{'\r'}

// lineOf is the line of a place in the text, which is not before that last
// asked for.
func (w *worker) lineOf(text []byte, at int) int64 {
	w.line += int64(bytes.Count(text[w.lineAt:at], newline))
	w.lineAt = at
	return w.line
}

// row aggregates the record that was read. bad is what is wrong with it; after
// what is fatal the table is of no use.
func (w *worker) row() (bad, fatal *InputError) {
	r, b, t := &w.record, &w.batch, &w.table
	if bad := w.findNUL(); bad != nil {
		return bad, nil
	}
	if len(r.ends) != w.layout.width {
		return &InputError{Name: w.name, Problem: wrongWidth(len(r.ends), w.layout.width)}, nil
	}
	for i, field := range w.layout.index {
		b.columns[i].ends, b.columns[i].stride = b.columns[i].own[:], 2
		b.columns[i].set(0, r.start(field), r.ends[field])
	}
	w.clean(r.text, 1)
	if w.vectors != nil {
		// Expressions have no exact path here. The caller has a row in doubt computed another way.
		w.doubted = !w.aggregate(r.text, 1)
		return nil, nil
	}
	if !w.makeKeys(r.text, 1) {
		for _, k := range w.plan.keys {
			if cell := w.cell(k.column); k.fn != column && len(cell) > 0 && !validTime(cell) {
				return w.badCell(k.column, timeExpected), nil
			}
		}
	}
	for _, st := range t.list {
		if !st.kind.strict() && (!st.kind.extreme() || st.double) {
			continue
		}
		if cell := w.cell(st.column); len(cell) > 0 && st.double {
			if _, ok := parseDouble(cell); !ok {
				return w.badCell(st.column, notNumber), nil
			}
		} else if len(cell) > 0 {
			_, _, problem := b.reader.parse(cell)
			if problem == notNumber && w.plan.times != nil && !st.kind.strict() {
				w.doubted = true // it may be a date
				return nil, nil
			}
			// A number that is too wide is none of the texts among which a minimum is.
			if problem != "" && (problem != notNumber || st.kind.strict()) {
				return w.badCell(st.column, problem), nil
			}
		}
	}
	w.findRecords(1)
	for s, st := range t.list {
		if err := w.addCell(s, st, int(b.at[0])+st.offset); err != nil {
			return nil, w.badCell(st.column, err.Error())
		}
	}
	for i := range b.compared {
		c := &b.compared[i]
		w.countCell(c, w.cell(c.column))
	}
	for i, s := range t.paired {
		if st := t.list[s]; st.kind == distinctCount {
			b.addPairs(&t.pairs[i], r.text, &b.columns[st.column], 1)
		}
	}
	return nil, nil
}

// addCell adds one cell to the state that begins at the given word.
func (w *worker) addCell(s int, st state, at int) error {
	t := &w.table
	if st.kind == rowCount {
		t.records[at]++
		return nil
	}
	cell := w.cell(st.column)
	switch {
	case len(cell) == 0, st.kind == distinctCount:
		return nil
	case st.kind == cellCount:
		t.records[at]++
		return nil
	case st.kind == cellFirst || st.kind == cellLast:
		t.offerCell(at, st.kind, w.batch.places.of(0), cell)
		return nil
	case st.kind == cellValues:
		return w.addValue(s, st, cell)
	}
	if st.double {
		t.addDouble(at, st.kind, cell)
		return nil
	}
	v, scale, problem := w.batch.reader.parse(cell)
	if problem != "" {
		t.offerText(at, st.kind, cell)
		return nil
	}
	if scale > t.scales[s] {
		if err := t.raiseScale(s, scale); err != nil {
			return err
		}
	}
	v, ok := v.scaleUp(t.scales[s] - scale)
	if !ok {
		return errTooWide
	}
	switch {
	case st.kind == cellSum:
		ok = t.addNumber(at, v)
	case st.kind == cellSquares:
		ok = t.addSquare(at, v)
	default:
		t.offerNumber(at, st.kind, v)
	}
	if !ok {
		return errTooWide
	}
	return nil
}

// cell is the text of one of Plan.columns of the record that was read.
func (w *worker) cell(column int) []byte { return w.batch.columns[column].of(w.record.text, 0) }

func (w *worker) badCell(column int, problem string) *InputError {
	field := w.layout.index[column]
	return &InputError{
		Name:    w.name,
		Column:  w.layout.names[field],
		Field:   unescape(w.cell(column)),
		Problem: problem,
		number:  field + 1,

		TooWide:    problem == tooManyDecimals || problem == tooManyDigits || problem == errTooWide.Error(),
		PlanColumn: column,
	}
}

func (w *worker) findNUL() *InputError {
	i := w.record.hasNUL
	if i < 0 {
		return nil
	}
	name := columnRef{number: i + 1}.String()
	if w.layout != nil && i < w.layout.width {
		name = w.layout.names[i]
	}
	return &InputError{Name: w.name, Column: name, Problem: nulByte, number: i + 1}
}
