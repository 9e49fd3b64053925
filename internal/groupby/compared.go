package groupby

// Compared is what the minima and maxima of a column were taken of: numbers, which go by
// value, and texts, which come after them and go by their bytes.
type Compared struct {
	Numbers, Texts int64
	Text           string // the first of the texts
}

// compared is what a worker has seen of one of Plan.Columns.
type compared struct {
	column  int
	numbers int64
	texts   int64
	first   []byte // text, escaped
	at      uint64 // its place in the input
}

// comparedColumns are those of which minima or maxima are taken.
func (s *states) comparedColumns(columns int) (list []compared) {
	seen := make([]bool, columns)
	for _, st := range s.list {
		if st.kind.extreme() && st.column < columns && !seen[st.column] {
			seen[st.column] = true
			list = append(list, compared{column: st.column})
		}
	}
	return list
}

// count takes n rows into account.
func (c *compared) count(b *batch, text []byte, n int) {
	values := &b.numbers[b.number[c.column]]
	switch {
	case values.nulls == n:
	case values.kind != allText:
		c.numbers += int64(n - values.nulls)
	default:
		c.texts += int64(n - values.nulls)
		for i := 0; c.first == nil && i < n; i++ {
			c.see(b.columns[c.column].of(text, i), b.places.of(i))
		}
	}
}

// countCell takes the cell of the row that was read into account.
func (w *worker) countCell(c *compared, cell []byte) {
	if len(cell) == 0 {
		return
	}
	// A number that a decimal does not hold is one of a column in doubles.
	if _, _, problem := w.batch.reader.parse(cell); problem != notNumber {
		c.numbers++
		return
	}
	c.texts++
	c.see(cell, w.batch.places.of(0))
}

// see keeps a text if it is the first.
func (c *compared) see(text []byte, at uint64) {
	if c.first == nil && len(text) > 0 {
		c.first, c.at = append([]byte{}, text...), at
	}
}

// compared is for each of Plan.Columns what its extremes were taken of.
func (r *run) compared() []Compared {
	all := make([]Compared, len(r.plan.columns))
	for i := range all {
		var first *compared
		for _, w := range r.workers {
			for j := range w.batch.compared {
				c := &w.batch.compared[j]
				if c.column != i {
					continue
				}
				all[i].Numbers += c.numbers
				all[i].Texts += c.texts
				if c.first != nil && (first == nil || c.at < first.at) {
					first = c
				}
			}
		}
		if first != nil {
			all[i].Text = unescape(first.first)
		}
	}
	return all
}
