package groupby

import (
	"bytes"
	"slices"
)

// pairSorter sorts pairs: a group has many of them, which have its prefix in common. It
// keeps its memory from one time to the next.
type pairSorter struct {
	groups, values sorter
	ids            map[string]int
	names          []string
	ranks          []uint64
}

// manyPairs is from how many on it is worth it.
const manyPairs = 64

// sortPairs sorts rows by the pairs of their records: by group, of which few are compared,
// then by the values' first bytes, which mostly are all of them.
func (s *sorter) sortPairs(t *table, long bool, rows []sortRow) {
	if s.pairs == nil {
		s.pairs = &pairSorter{ids: map[string]int{}}
	}
	p := s.pairs
	clear(p.ids)
	p.names = p.names[:0]
	id, last := 0, s.b[:0]
	for i := range rows {
		s.a = t.key(rows[i].at, long, s.a[:0])
		if group := pairGroup(s.a); i == 0 || !bytes.Equal(group, last) {
			last = append(last[:0], group...)
			known := false
			if id, known = p.ids[string(group)]; !known {
				id = len(p.names)
				p.names = append(p.names, string(group))
				p.ids[p.names[id]] = id
			}
		}
		rows[i].prefix = uint64(id)
	}
	s.b = last
	if len(p.names) > 1 {
		slices.SortFunc(p.names, func(a, b string) int { return s.compare([]byte(a), []byte(b)) })
		p.ranks = slices.Grow(p.ranks[:0], len(p.names))[:len(p.names)]
		for rank, name := range p.names {
			p.ranks[p.ids[name]] = uint64(rank)
		}
		p.groups.rows = p.groups.rows[:0]
		for _, row := range rows {
			p.groups.rows = append(p.groups.rows, sortRow{prefix: p.ranks[row.prefix], at: row.at})
		}
		p.groups.byPrefix()
		copy(rows, p.groups.rows)
	}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].prefix == rows[0].prefix {
			n++
		}
		s.sortValues(t, long, rows[:n])
		rows = rows[n:]
	}
}

// sortValues sorts rows whose pairs are of one group.
func (s *sorter) sortValues(t *table, long bool, rows []sortRow) {
	v := &s.pairs.values
	v.rows = v.rows[:0]
	for _, row := range rows {
		s.a = t.key(row.at, long, s.a[:0])
		v.rows = append(v.rows, sortRow{prefix: firstBytes(s.a[len(pairGroup(s.a))+1:]), at: row.at})
	}
	v.byPrefix()
	copy(rows, v.rows)
	for i := 1; i < len(rows); i++ {
		first := i - 1
		for i < len(rows) && rows[i].prefix == rows[first].prefix {
			i++
		}
		if i-first > 1 {
			slices.SortFunc(rows[first:i], func(x, y sortRow) int {
				s.a, s.b = t.key(x.at, long, s.a[:0]), t.key(y.at, long, s.b[:0])
				return bytes.Compare(s.a, s.b)
			})
		}
	}
}
