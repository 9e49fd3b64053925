package groupby

import (
	"math/bits"
)

// codes number the cells of the columns that make a key, so that the numbers of a row's cells,
// side by side, are the place of its group in a table: no key is put together, and no text is
// hashed. They are for columns of few different cells that are not long, as most keys of several
// columns have; the keys of others are put together.
type codes struct {
	columns []dictionary
	records []uint32 // of the groups; 0 where there is none yet
	known   int      // how many there are
	rest    int      // batches to go before it is tried again
	off     bool     // the columns are not of the kind
	key     []byte
}

const (
	codedCell  = 16 // bytes of the longest cell that has a number
	codedCells = 1 << 10
	codedBits  = 16 // of the numbers of all columns together
	slotBits   = 11 // of the places for cells
)

// dictionary numbers the cells of a column from 0, by linear probing.
type dictionary struct {
	slots [1 << slotBits]codedText
	n     int
	bits  int // that the numbers take in a row's; they begin at the bit from
	from  int
}

// codedText is a cell of up to codedCell bytes: those of a short key, and what follows them likewise.
type codedText struct {
	first, second uint64
	number        uint32 // from 1; 0 for a free slot
}

// newCodes is nil where keys are not of the kind.
func (p *Plan) newCodes() *codes {
	if len(p.keys) == 0 || len(p.keys) > codedBits {
		return nil
	}
	for _, k := range p.keys {
		if k.fn != column {
			return nil
		}
	}
	return new(codes)
}

// forget forgets the groups: their records are no longer where they were.
func (c *codes) forget() {
	if c != nil && c.known > 0 {
		clear(c.records)
		c.known = 0
	}
}

// begin is for another input.
func (c *codes) begin() {
	if c == nil {
		return
	}
	c.forget()
	c.rest, c.off = 0, false
	for i := range c.columns {
		d := &c.columns[i]
		if d.n > 0 {
			clear(d.slots[:])
		}
		d.n, d.bits, d.from = 0, 0, 0
	}
}

// findCoded sets at to the rows' records, and enters those that are new. It says false where
// the keys have to be put together.
func (w *worker) findCoded(text []byte, n int) bool {
	c := w.codes
	if c == nil || c.off {
		return false
	}
	if c.rest > 0 {
		c.rest--
		return false
	}
	if c.columns == nil { // most plans of one key need none
		c.columns = make([]dictionary, len(w.plan.keys))
	}
	at := w.batch.at[:n]
	for fits := false; !fits; {
		clear(at)
		for j, k := range w.plan.keys {
			cells := &w.batch.columns[k.column]
			switch c.columns[j].number(text, cells.ends, cells.stride, at) {
			case tooLong:
				c.rest = tinyRest
				return false
			case tooMany:
				c.off = true
				return false
			}
		}
		if fits = c.fits(); c.off {
			return false
		}
	}
	records := c.records
	for i, place := range at {
		if at[i] = records[place]; at[i] == 0 {
			at[i] = w.table.find(w.keyOf(text, i))
			records[place] = at[i]
			c.known++
		}
	}
	return true
}

// fits says whether the numbers of each column have the bits that they were given, and gives them
// those that they need otherwise.
func (c *codes) fits() bool {
	fits, all := true, 0
	for i := range c.columns {
		d := &c.columns[i]
		need := bits.Len(uint(max(d.n-1, 0)))
		fits = fits && need <= d.bits
		d.bits = max(d.bits, need)
		d.from = all
		all += d.bits
	}
	if all > codedBits {
		c.off = true
		return false
	}
	if len(c.records) < 1<<all {
		c.records, c.known = make([]uint32, 1<<all), 0
	} else if !fits {
		c.forget()
	}
	return fits
}

// keyOf puts the key of a row together.
func (w *worker) keyOf(text []byte, i int) []byte {
	c := w.codes
	c.key = c.key[:0]
	for j, k := range w.plan.keys {
		if j > 0 {
			c.key = append(c.key, 0)
		}
		c.key = append(c.key, w.batch.columns[k.column].of(text, i)...)
	}
	return c.key
}

// numbering is whether cells have numbers.
type numbering uint8

const (
	numbered numbering = iota
	tooLong            // a cell
	tooMany            // of them
)

// number adds the numbers of cells to those of the rows.
func (d *dictionary) number(text []byte, ends []uint32, stride int, at []uint32) numbering {
	const mask = uint64(len(d.slots) - 1)
	from := d.from & 31
	for i, j := 0, 0; i < len(at); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		length := e - s
		first, second := load64(text, s), uint64(0)
		switch {
		case length-1 < shortKey:
			first <<= -(8 * length) & 63
		case length == 0:
			first = 0
		case length > codedCell:
			return tooLong
		default:
			second = load64(text, s+shortKey) << (-(8 * length) & 63)
		}
		k := hashWord(first^bits.RotateLeft64(second, 32)) >> (64 - slotBits)
		slot := &d.slots[k&mask]
		for slot.first != first || slot.second != second || slot.number == 0 {
			if slot.number == 0 {
				if d.n == codedCells {
					return tooMany
				}
				d.n++
				*slot = codedText{first, second, uint32(d.n)}
				break
			}
			k++
			slot = &d.slots[k&mask]
		}
		at[i] |= (slot.number - 1) << from
	}
	return numbered
}
