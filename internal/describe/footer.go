package describe

import (
	"slices"
	"strings"
	"unicode"

	"csv-pipeline/internal/dialect"
)

// findFooter is how many of the last records are no rows: totals, remarks, and what stands
// behind a blank line or is cut short as no row is.
func (s *scan) findFooter() int {
	for i := range s.last {
		h := &s.last[i]
		if !s.isFooter(h, i > 0 || len(s.first) > 0) {
			continue
		}
		all := true
		for j := i + 1; j < len(s.last); j++ {
			all = all && (s.isFooter(&s.last[j], true) || !s.fits(&s.last[j]))
		}
		if all {
			return len(s.last) - i
		}
	}
	return 0
}

// isNamed says whether a record begins as a total or a remark does, or is a ruler above them.
func (h *held) isNamed() bool {
	first := h.first()
	is, _ := dialect.IsTotal(first)
	return is || dialect.IsRemark(first) || len(first) > 2 && strings.Trim(first, "_-=*") == ""
}

// countSum counts a record that may be a total of rows above.
func (s *scan) countSum(h *held) bool {
	is, only := dialect.IsTotal(h.first())
	if !is {
		return false
	}
	s.sums++
	if only {
		s.onlySums++
	}
	if s.sumAt.cell == "" || h.line > 0 && h.line < s.sumAt.line {
		i := slices.IndexFunc(h.cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
		s.sumAt, s.sumColumn = place{h.line, clip([]byte(h.first()))}, s.columns[min(i, len(s.columns)-1)].name
	}
	return true
}

// mayBeCut says whether records that are taken for no rows are only short, and have in each
// column what the rows have there: the file may have been cut off.
func (s *scan) mayBeCut(records []held) bool {
	for i := range records {
		h := &records[i]
		if h.malformed || s.fits(h) || h.afterBlank || h.isNamed() || !s.isLikeRows(h) {
			return false
		}
	}
	return len(records) > 0
}

// isLikeRows says whether a record has numbers and dates where all rows have them. Of its last
// cell the end may be missing.
func (s *scan) isLikeRows(h *held) bool {
	for i, cell := range h.cells {
		if cell = strings.TrimSpace(cell); cell == "" || s.isTyped(cell) || i == len(h.cells)-1 && !strings.ContainsFunc(cell, unicode.IsLetter) {
			continue
		}
		rows, numbers := 0, 0
		for _, some := range [][]held{s.first, s.last} {
			for j := range some {
				if row := &some[j]; s.fits(row) && i < len(row.cells) && strings.TrimSpace(row.cells[i]) != "" {
					if rows++; s.isTyped(row.cells[i]) {
						numbers++
					}
				}
			}
		}
		if rows > 0 && numbers == rows {
			return false
		}
	}
	return true
}

// isTyped says whether a cell is a number or a date.
func (s *scan) isTyped(cell string) bool {
	return s.readings.NumbersOf([]byte(cell)) != 0 || s.readings.DatesOf([]byte(cell), ^uint64(0)) != 0
}

// isNamedAmongValues says whether a record that begins as a total does so in a column in which all
// other records have numbers or dates.
func (s *scan) isNamedAmongValues(h *held) bool {
	at := slices.IndexFunc(h.cells, func(cell string) bool { return strings.TrimSpace(cell) != "" })
	rows := 0
	for _, some := range [][]held{s.first, s.last} {
		for i := range some {
			row := &some[i]
			if row.isNamed() || !s.fits(row) {
				continue
			}
			if rows++; at >= len(row.cells) || !s.isTyped(row.cells[at]) {
				return false
			}
		}
	}
	return rows > 1
}

func (s *scan) isFooter(h *held, behind bool) bool {
	if h.malformed {
		return false
	}
	named := h.isNamed()
	few := s.width >= 3 && h.filled() <= 1
	short := 2*h.width <= s.required && s.required >= 3
	fits := s.fits(h)
	switch {
	case fits && named:
		// a name of a column of texts is one too: a total has less cells filled than a row
		return behind && (h.filled() < s.width && s.emptierThanRows(h) || s.isNamedAmongValues(h))
	case fits:
		return few && s.sparse == 0 && behind
	case named, h.afterBlank:
		return true
	}
	return short
}

// emptierThanRows says whether a record lacks a cell that all rows before have.
func (s *scan) emptierThanRows(h *held) bool {
	for i, c := range s.columns {
		if i >= len(h.cells) || strings.TrimSpace(h.cells[i]) != "" {
			continue
		}
		empty := c.cells > 0 && c.filled() < c.cells
		for j := range s.first {
			empty = empty || i < len(s.first[j].cells) && s.first[j].cells[i] == ""
		}
		if !empty {
			return true
		}
	}
	return false
}
