package main

import (
	"strings"
	"unicode/utf8"
)

// records are those of CSV as the benchmark reads it, with Python's csv: commas, double
// quotes, any line end; a blank line is a record without cells.
func records(text string) (all [][]string) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	var record []string
	var cell []byte
	begun, quoted, closed := false, false, false // of a record; of a cell
	start := true                                // of a cell
	end := func() {
		record = append(record, string(cell))
		cell, start, closed = nil, true, false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case quoted && c == '"':
			quoted, closed = false, true
		case quoted:
			cell = append(cell, c)
		case closed && c == '"':
			cell = append(cell, c)
			quoted, closed = true, false
		case c == '\n':
			if begun {
				end()
			}
			all = append(all, record)
			record, begun = nil, false
		case c == ',':
			end()
			begun = true
		case c == '"' && start:
			quoted, begun, start = true, true, false
		default:
			cell = append(cell, c)
			begun, start, closed = true, false, false
		}
	}
	if begun {
		end()
		all = append(all, record)
	}
	return all
}

// measures are the benchmark's ten of one file, from 0 to 1: whether it was read, and
// precision, recall and F1 of header cells, records and cells.
type measures [10]float64

func (m measures) sum() (sum float64) {
	for _, v := range m {
		sum += v
	}
	return sum
}

// scorer remembers what cells mean.
type scorer struct{ meanings map[string]string }

func (s *scorer) meaning(cell string) string {
	m, ok := s.meanings[cell]
	if !ok {
		m = meaning(cell)
		s.meanings[cell] = m
	}
	return m
}

// score is that of a file that was read, against the clean one.
func (s *scorer) score(clean, loaded string) (m measures) {
	m[0] = 1
	if !utf8.ValidString(clean) { // which the benchmark does not read
		return m
	}
	want, got := records(clean), records(loaded)
	if len(want) == 0 {
		for i := range m {
			m[i] = 1
		}
		return m
	}
	header := func(of [][]string) (cells []string) {
		if len(of) > 0 {
			for _, c := range of[0] {
				cells = append(cells, s.meaning(c))
			}
		}
		return cells
	}
	body := func(of [][]string) (rows []string) {
		for _, record := range of[min(1, len(of)):] {
			var b strings.Builder
			for _, c := range record {
				b.WriteString(s.meaning(c))
			}
			rows = append(rows, b.String())
		}
		return rows
	}
	cells := func(of [][]string) (all []string) {
		for _, record := range of {
			all = append(all, record...)
		}
		return all
	}
	for i, part := range []func([][]string) []string{header, body, cells} {
		copy(m[1+3*i:], compared(part(want), part(got)))
	}
	return m
}

// compared is precision, recall and F1 of a multiset, in the benchmark's sense of the first two.
func compared(want, got []string) []float64 {
	if len(want) == 0 {
		return []float64{1, 1, 1}
	}
	left := map[string]int{}
	for _, v := range want {
		left[v]++
	}
	shared := 0.0
	for _, v := range got {
		if left[v] > 0 {
			left[v]--
			shared++
		}
	}
	if shared == 0 {
		return []float64{0, 0, 0}
	}
	p, r := shared/float64(len(want)), shared/float64(len(got))
	return []float64{p, r, 2 * p * r / (p + r)}
}
