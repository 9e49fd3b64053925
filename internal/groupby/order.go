package groupby

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"
)

// order is the order of the result's rows: it knows which key columns hold
// integers only.
type order struct {
	columns int
	numeric []bool
}

func newOrder(columns int) *order {
	o := &order{columns: columns, numeric: make([]bool, columns)}
	for i := range o.numeric {
		o.numeric[i] = true
	}
	return o
}

// observe takes the keys of a table into account.
func (o *order) observe(t *table) {
	if !slices.Contains(o.numeric, true) || t.present != nil {
		return
	}
	var buf []byte
	_ = t.each(func(at uint32, long bool) error {
		if o.columns == 1 && !long {
			if w := t.records[int(at)+t.words]; notDigits(w^zeros<<(uint(bits.TrailingZeros64(w))&^7)) == 0 {
				return nil
			}
		}
		buf = t.key(at, long, buf[:0])
		o.observeKey(buf)
		return nil
	})
}

func (o *order) observeKey(key []byte) {
	for i := range o.numeric {
		var column []byte
		column, key, _ = bytes.Cut(key, nul)
		o.numeric[i] = o.numeric[i] && (len(column) == 0 || isInteger(column))
	}
}

func isInteger(s []byte) bool {
	if s[0] == '-' {
		s = s[1:]
	}
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return len(s) > 0
}

// compare orders keys.
func (o *order) compare(a, b []byte) int {
	if !slices.Contains(o.numeric, true) {
		return bytes.Compare(a, b)
	}
	for _, numeric := range o.numeric {
		var x, y []byte
		x, a, _ = bytes.Cut(a, nul)
		y, b, _ = bytes.Cut(b, nul)
		c := 0
		if numeric && len(x) > 0 && len(y) > 0 {
			c = compareIntegers(x, y)
		}
		if c = cmp.Or(c, bytes.Compare(x, y)); c != 0 {
			return c
		}
	}
	return bytes.Compare(a, b) // of pairs, the value
}

// compareIntegers compares integers of any length by value.
func compareIntegers(a, b []byte) int {
	a, aNegative := magnitude(a)
	b, bNegative := magnitude(b)
	if aNegative != bNegative {
		if aNegative {
			return -1
		}
		return 1
	}
	c := cmp.Or(cmp.Compare(len(a), len(b)), bytes.Compare(a, b))
	if aNegative {
		return -c
	}
	return c
}

// magnitude is an integer without sign and leading zeros.
func magnitude(s []byte) (digits []byte, negative bool) {
	if s[0] == '-' {
		s, negative = s[1:], true
	}
	s = bytes.TrimLeft(s, "0")
	return s, negative && len(s) > 0
}

// prefix maps a key to a number such that keys whose prefixes differ are in
// the order of their prefixes.
func (o *order) prefix(key []byte) uint64 {
	if o.columns == 0 {
		return firstBytes(bytes.TrimPrefix(key, nul)) // of a pair, the value
	}
	if !o.numeric[0] {
		if slices.Contains(o.numeric, true) {
			key, _, _ = bytes.Cut(key, nul)
		}
		return firstBytes(key)
	}
	if o.columns > 1 {
		key, _, _ = bytes.Cut(key, nul)
	}
	if i := bytes.IndexByte(key, 0); i >= 0 { // of a pair
		key = key[:i]
	}
	if len(key) == 0 {
		return 0
	}
	const most = 1 << 62
	digits, negative := magnitude(key)
	n := uint64(most)
	if len(digits) <= 18 {
		n = 0
		for _, c := range digits {
			n = n*10 + uint64(c-'0')
		}
	}
	if negative {
		return 1<<63 - n
	}
	return 1<<63 + n
}

// firstBytes maps a text to the number that its first bytes are.
func firstBytes(text []byte) uint64 {
	var b [8]byte
	copy(b[:], text)
	return binary.BigEndian.Uint64(b[:])
}

// prefixWord is prefix for the word of a short key of one column.
func (o *order) prefixWord(w uint64) uint64 {
	zeroBits := bits.TrailingZeros64(w) &^ 7
	if !o.numeric[0] {
		return bits.ReverseBytes64(w) << zeroBits
	}
	if d := w ^ zeros<<zeroBits; w != 0 && notDigits(d) == 0 {
		return 1<<63 + eightDigits(d)
	}
	var buf [shortKey]byte
	return o.prefix(appendKeyWord(buf[:0], w, 0))
}

// sortRow is a record while it is sorted.
type sortRow struct {
	prefix uint64
	at     uint32
}

// sorter sorts tables; it keeps its memory from one to the next.
type sorter struct {
	*order
	rows, spare []sortRow
	a, b        []byte
	pairs       *pairSorter
}

// sort puts the records of a table's index in order and returns them. They
// take the place of the index, which is of no more use.
func (s *sorter) sort(t *table, long bool) []uint32 {
	x := &t.short
	if long {
		x = &t.long
	}
	if t.present != nil && !long {
		return s.sortPresent(t)
	}
	if x.n == 0 {
		return nil
	}
	s.rows = slices.Grow(s.rows[:0], x.n)
	for _, at := range x.slots {
		if at == 0 {
			continue
		}
		row := sortRow{at: at}
		if !long && s.columns == 1 && t.nuls == 0 {
			row.prefix = s.prefixWord(t.records[int(at)+t.words])
		} else {
			s.a = t.key(at, long, s.a[:0])
			row.prefix = s.prefix(s.a)
		}
		s.rows = append(s.rows, row)
	}
	s.finish(t, long)
	sorted := x.slots[:len(s.rows)]
	for i, row := range s.rows {
		sorted[i] = row.at
	}
	x.slots, x.n = nil, 0
	return sorted
}

// sortPresent is sort for a table whose records are in the order of their
// values.
func (s *sorter) sortPresent(t *table) []uint32 {
	sorted := make([]uint32, 0, bytes.Count(t.present, []byte{1}))
	s.rows = s.rows[:0]
	for v, present := range t.present {
		if present == 0 {
			continue
		}
		if at := uint32(v * t.words); s.numeric[0] {
			sorted = append(sorted, at)
		} else {
			s.a = t.key(at, false, s.a[:0])
			s.rows = append(s.rows, sortRow{prefix: s.prefix(s.a), at: at})
		}
	}
	s.finish(t, false)
	for _, row := range s.rows {
		sorted = append(sorted, row.at)
	}
	return sorted
}

// finish sorts the rows by prefix, and by key where prefixes tie.
func (s *sorter) finish(t *table, long bool) {
	s.byPrefix()
	for i := 1; i < len(s.rows); i++ {
		first := i - 1
		for i < len(s.rows) && s.rows[i].prefix == s.rows[first].prefix {
			i++
		}
		if pairs := t.nuls == max(s.columns, 1); pairs && i-first >= manyPairs {
			s.sortPairs(t, long, s.rows[first:i])
		} else if i-first > 1 {
			slices.SortFunc(s.rows[first:i], func(x, y sortRow) int {
				s.a, s.b = t.key(x.at, long, s.a[:0]), t.key(y.at, long, s.b[:0])
				return s.compare(s.a, s.b)
			})
		}
	}
}

// byPrefix sorts the rows by prefix: by radix, a byte at a time from the
// least, passing over bytes that are the same in all.
func (s *sorter) byPrefix() {
	if len(s.rows) < 256 {
		slices.SortFunc(s.rows, func(x, y sortRow) int { return cmp.Compare(x.prefix, y.prefix) })
		return
	}
	var differ uint64
	for _, row := range s.rows {
		differ |= row.prefix ^ s.rows[0].prefix
	}
	s.spare = slices.Grow(s.spare[:0], len(s.rows))[:len(s.rows)]
	for shift := 0; shift < 64; shift += 8 {
		if differ>>shift&0xff == 0 {
			continue
		}
		var place [256]int
		for _, row := range s.rows {
			place[row.prefix>>shift&0xff]++
		}
		sum := 0
		for i, n := range place {
			place[i] = sum
			sum += n
		}
		for _, row := range s.rows {
			p := &place[row.prefix>>shift&0xff]
			s.spare[*p] = row
			*p++
		}
		s.rows, s.spare = s.spare, s.rows
	}
}
