package dialect

import (
	"bytes"

	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/separators"
)

// The fast way through records that are regular: a delimiter of one byte, or of one repeated as
// in ||, quotes as RFC 4180 has them or none, escapes only in cells that nobody asks for, and in
// each row the header's number of cells. What is not goes the exact way, record by record, which
// alone refuses rows.

// notRegular is how many bytes go the exact way before the fast one is tried again.
const notRegular = 512

// fast is what the fast way needs.
type fast struct {
	finder separators.Finder
	step   int // how often the byte is repeated: between two cells are so many less one empty ones
	ends   [1 + separators.Chunk + separators.Slack]uint32
	masked []byte // room for a text whose escapes are masked
}

// newFast is nil where the syntax is not of the kind.
func newFast(r *rules, l *Layout) *fast {
	if !l.repeated() || l.quote != '"' && l.quote != 0 || l.blankAfter || len(r.comment) > 0 || r.Lenient || r.SkipFooter > 0 || l.delimiter[0] == '"' || l.delimiter[0] == ' ' {
		return nil
	}
	f := &fast{step: len(l.delimiter)}
	f.finder.Use(nil)
	return f
}

// regular rewrites the regular rows that data begins with, and returns how many bytes
// they take.
func (w *rewriter) regular(data []byte) (used int) {
	f := w.fast
	for used+64 <= len(data) {
		size := min(separators.Chunk, len(data)-used)
		text := data[used : used+size&^63]
		found, rows, seen, good := f.finder.Find(f.withoutEscapes(text, w.layout.escape), w.layout.delimiter[0], f.ends[1:])
		width := f.step*(w.layout.width-1) + 1
		if !good || rows == 0 || found < rows*width || seen&separators.Quote != 0 && w.layout.quote == 0 {
			return used
		}
		done, all := w.regularRows(text, rows, width, seen)
		used += done
		if !all {
			return used
		}
	}
	return used
}

// whole is how many bytes the records take that data begins with and that are regular, whatever
// their cells; a last one that may not be whole is left out.
func (f *fast) whole(data []byte, l *Layout) (used int) {
	for used+64 <= len(data) {
		text := data[used : used+min(separators.Chunk, len(data)-used)&^63]
		found, rows, seen, good := f.finder.Find(f.withoutEscapes(text, l.escape), l.delimiter[0], f.ends[1:])
		if !good || rows == 0 || seen&separators.Quote != 0 && l.quote == 0 {
			break
		}
		for text[f.ends[found]] != '\n' {
			found--
		}
		used += int(f.ends[found]) + 1
	}
	return used
}

// withoutEscapes is a text with other bytes in the place of escapes and what they escape.
func (f *fast) withoutEscapes(text []byte, escape byte) []byte {
	if escape == 0 {
		return text
	}
	at := bytes.IndexByte(text, escape)
	if at < 0 {
		return text
	}
	const other = 'x'
	f.masked = append(f.masked[:0], text...)
	for next := 0; next >= 0; next = bytes.IndexByte(text[at:], escape) {
		at += next
		f.masked[at] = other
		if at++; at == len(text) {
			break
		}
		f.masked[at] = other
		at++
	}
	return f.masked
}

// regularRows rewrites rows up to the first that is in doubt. width is how many cells there are
// with the empty ones.
func (w *rewriter) regularRows(text []byte, rows, width int, seen separators.Kinds) (used int, all bool) {
	ends := w.fast.ends[:1+rows*width]
	ends[0] = ^uint32(0)
	shaped := true // as there are as many newlines as rows, and all of them end one
	for r := 1; r <= rows; r++ {
		shaped = shaped && text[ends[r*width]] == '\n'
	}
	for r := range rows {
		row := ends[r*width : (r+1)*width+1]
		start, end := int(row[0]+1), int(row[width])
		if !shaped && !isRow(text, row) {
			return used, false
		}
		next := end + 1
		if seen&separators.CR != 0 {
			if end > start && text[end-1] == '\r' {
				end--
			}
			if bytes.IndexByte(text[start:end], '\r') >= 0 {
				return used, false
			}
		}
		if end == start || width == 1 && len(trimSpace(text[start:end])) == 0 || text[start] == 0x1a {
			return used, false // a blank line, or nearly
		}
		if w.fast.step > 1 && !w.fast.areApart(row) || w.likelyHeader(text, row) {
			return used, false
		}
		cellAt := func(field int) []byte {
			field *= w.fast.step
			from, to := int(row[field]+1), int(row[field+1])
			if field == width-1 {
				to = end
			}
			return text[from:to]
		}
		if w.computing != nil {
			wanted, ok := w.regularRow(cellAt, seen)
			if !ok {
				return used, false
			}
			if !wanted {
				w.passed(text[start:end], seen)
				used = next
				continue
			}
		}
		before := len(w.out)
		for i := range w.outputs {
			o := &w.outputs[i]
			if i > 0 {
				w.out = append(w.out, ',')
			}
			if o.program != nil {
				if w.computed(o) != nil {
					w.out = w.out[:before]
					return used, false
				}
			} else if !w.regularCell(cellAt(o.field), o, seen) {
				w.out = w.out[:before]
				return used, false
			}
		}
		if len(w.out) == before {
			w.out = append(w.out, `""`...)
		}
		w.out = append(w.out, '\n')
		w.passed(text[start:end], seen)
		used = next
	}
	return used, true
}

// passed counts a row.
func (w *rewriter) passed(row []byte, seen separators.Kinds) {
	w.rows++
	if w.line++; seen&separators.Quote != 0 || w.layout.escape != 0 {
		w.line += int64(bytes.Count(row, []byte{'\n'}))
	}
}

// regularRow sets the cells of a row for the expressions. It says whether the row is
// wanted, and false where it is in doubt.
func (w *rewriter) regularRow(cellAt func(field int) []byte, seen separators.Kinds) (wanted, ok bool) {
	c := w.computing
	for _, i := range c.uses {
		w.scratch, c.room[i] = c.room[i], w.scratch
		text, certain := w.regularText(cellAt(c.sources[i].field), seen)
		w.scratch, c.room[i] = c.room[i], w.scratch
		if !certain {
			return false, false
		}
		c.set(i, text)
	}
	wanted, err := w.begin()
	return wanted, err == nil
}

// areApart says whether the cells that are to be empty are.
func (f *fast) areApart(row []uint32) bool {
	for i := 1; i < len(row)-1; i += f.step {
		for j := range f.step - 1 {
			if row[i+j+1] != row[i+j]+1 {
				return false
			}
		}
	}
	return true
}

// isRow says whether of the places where fields end just the last is a newline.
func isRow(text []byte, ends []uint32) bool {
	last := len(ends) - 1
	for _, end := range ends[1:last] {
		if text[end] == '\n' {
			return false
		}
	}
	return text[ends[last]] == '\n'
}

// likelyHeader says whether a row may be the header once more.
func (w *rewriter) likelyHeader(text []byte, row []uint32) bool {
	header := w.layout.Header
	if len(header) < 2 {
		return false
	}
	name, cell := header[0], text[row[0]+1:row[1]]
	if escape := w.layout.escape; escape != 0 && bytes.IndexByte(cell, escape) >= 0 {
		return true
	}
	if len(cell) > 0 && (cell[0] == '"' || cell[0] == byteOrderMark[0] || isBlank(cell[0])) {
		cell = bytes.Trim(bytes.TrimPrefix(cell, byteOrderMark), "\" \t")
	}
	if len(cell) == 0 || len(name) == 0 {
		return len(cell) == len(name)
	}
	return cell[0] == name[0] && len(cell) >= len(name) && w.layout.name(cell) == name || cell[0] >= 0x80 && name[0] >= 0x80
}

// regularText is the text of a cell, nil where it is NULL, or says that it is in doubt.
func (w *rewriter) regularText(cell []byte, seen separators.Kinds) (text []byte, ok bool) {
	if seen&separators.Quote != 0 && len(cell) > 0 {
		if cell[0] == '"' {
			if cell = cell[1 : len(cell)-1]; bytes.IndexByte(cell, '"') >= 0 {
				return nil, false // doubled ones
			}
		} else if cell[0] == ' ' || cell[0] == '\t' {
			if inner := trimSpace(cell); len(inner) > 0 && inner[0] == '"' {
				return nil, false
			}
		}
	}
	if w.layout.charset.table != nil {
		cell, w.scratch = w.layout.charset.decode(cell, w.scratch[:0])
	}
	if w.Trim {
		cell = trimSpace(cell)
	}
	if len(cell) == 0 || len(cell) <= w.longest && w.missing[string(cell)] {
		return nil, true
	}
	if escape := w.layout.escape; escape != 0 && bytes.IndexByte(cell, escape) >= 0 {
		return nil, false
	}
	return cell, true
}

// regularCell appends a cell in its role, or says that it is in doubt.
func (w *rewriter) regularCell(cell []byte, o *output, seen separators.Kinds) bool {
	cell, certain := w.regularText(cell, seen)
	if cell == nil {
		return certain
	}
	switch o.role {
	case groupby.Text:
		w.out = groupby.AppendField(w.out, cell)
		return true
	case groupby.Presence:
		w.out = append(w.out, '1')
		return true
	case groupby.Number:
		var ok bool
		if w.out, ok = w.numbers.appendNumber(w.out, cell); ok {
			w.observe(o, cell)
		}
		return ok
	case groupby.Extreme:
		number, ok := w.extreme(cell)
		if number {
			w.observe(o, cell)
		}
		return ok
	}
	if bytes.Equal(cell, o.last) {
		w.out = append(w.out, o.told...)
		return true
	}
	start := len(w.out)
	var ok bool
	if w.out, ok = w.dates.appendTime(w.out, cell); ok {
		o.last, o.told = append(o.last[:0], cell...), append(o.told[:0], w.out[start:]...)
	}
	return ok
}
