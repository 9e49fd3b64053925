package groupby

import (
	"bytes"
	"math/bits"
)

// numbers is one column of a batch, read as numbers.
type numbers struct {
	values [batchRows]int64 // mantissas at scale; 0 for NULL
	valid  [batchRows]uint8 // 1, or 0 for NULL; unused where nulls is 0
	nulls  int
	scale  uint8
	most   uint64 // no value's magnitude is more
	kind   numberKind
	rest   int // batches to go before parseTiny is tried again
	fixed  int // digits after the point that the batch before had in every cell; 0 if it was not of the kind
}

type numberKind uint8

const (
	allNumbers numberKind = iota // every cell is a number or NULL
	allText                      // no cell is a number
	mixed                        // or numbers beyond 64 bits: a matter for the exact path
)

// parse reads n cells.
func (c *numbers) parse(text []byte, from *cells, n int, reader *numberReader) {
	c.nulls, c.scale, c.kind = 0, 0, allNumbers
	if c.rest > 0 {
		c.rest--
	} else if c.parseTiny(text, from.ends, from.stride, n) {
		return
	} else {
		c.rest = tinyRest
	}
	point := reader.point()
	if c.fixed > 0 && c.parseFixed(text, from.ends, from.stride, n, point) {
		return
	}
	if c.fixed = 0; c.parseDigits(text, from.ends, from.stride, n) {
		return
	}
	if c.fixed = decimalsOf(from.of(text, 0), point); c.fixed > 0 && c.fixed < 8 && c.parseFixed(text, from.ends, from.stride, n, point) {
		return
	}
	c.fixed = 0
	c.parseCells(text, from, n, reader)
}

// decimalsOf is how many bytes a cell has after the point.
func decimalsOf(cell []byte, point byte) int {
	at := bytes.LastIndexByte(cell, point)
	if at < 0 {
		return 0
	}
	return len(cell) - 1 - at
}

// parseFixed does cells that have the same number of digits after the point, as amounts of money
// have, one to seven digits in all, after a minus or not. It is branch-free as parseDigits is.
func (c *numbers) parseFixed(text []byte, ends []uint32, stride, n int, point byte) bool {
	values := c.values[:n]
	at := uint(8*(7-c.fixed)) & 63 // the bit that the point begins at once the last digit is in the last byte
	below := uint64(1)<<at - 1
	above := ^(below<<8 | 0xff)
	expected := uint64(point ^ '0')
	var odd, doubt uint64
	for i, j := 0, 0; i < len(values); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		minus := (uint32(byteAt(text, s)^'-') - 1) >> 31
		s += minus
		length := e - s
		d := (load64(text, s) ^ zeros) << (-(8 * length) & 63)
		odd |= d>>at&0xff ^ expected | uint64(length-1)>>3
		d = d&above | d&below<<8
		doubt |= d | (d + lowBits*(0x7f-9))
		sign := -int64(minus)
		values[i] = (int64(eightDigits(d)) ^ sign) - sign
	}
	if odd|doubt&highBits != 0 {
		return false
	}
	c.scale, c.most = uint8(c.fixed), 99_999_999
	return true
}

// parseDigits does cells of one to eight digits and nothing else, branch-free.
// The doubts of all rows are or-ed and looked at once.
func (c *numbers) parseDigits(text []byte, ends []uint32, stride, n int) bool {
	values := c.values[:n]
	var all, doubt uint64
	for i, j := 0, 0; i < len(values); i, j = i+1, j+stride {
		s, e := cellAt(ends, j)
		length := e - s
		d := (load64(text, s) ^ zeros) << (-(8 * length) & 63)
		values[i] = int64(d)
		all |= d
		doubt |= uint64(length-1)>>3 | (d+lowBits*(0x7f-9))&highBits
	}
	if doubt|all&highBits != 0 {
		return false
	}
	if c.most = 99; all<<16 == 0 {
		for i, d := range values {
			values[i] = d>>56 + d>>48&0xff*10
		}
		return true
	}
	c.most = 99_999_999
	for i, d := range values {
		values[i] = int64(eightDigits(uint64(d)))
	}
	return true
}

// parseCells does the others, cell by cell.
func (c *numbers) parseCells(text []byte, from *cells, n int, reader *numberReader) {
	points := lowBits * uint64(reader.point())
	var scales [batchRows]uint8
	texts, least, most := 0, uint8(maxScale), int64(0)
	for i := range n {
		s, e := from.start(i), from.end(i)
		if s == e {
			c.values[i], c.valid[i] = 0, 0
			c.nulls++
			continue
		}
		c.valid[i] = 1
		v, scale, ok := parseShort(text, s, e, points)
		if !ok {
			var exact int128
			var problem string
			exact, scale, problem = reader.parse(text[s:e])
			if problem == notNumber {
				texts++
				continue
			}
			if problem != "" {
				c.kind = mixed
				return
			}
			if v = int64(exact.lo); exact.hi != uint64(v>>63) {
				c.kind = mixed
				return
			}
		}
		c.values[i], scales[i] = v, scale
		most |= v ^ v>>63
		c.scale = max(c.scale, scale)
		least = min(least, scale)
	}
	if texts > 0 {
		c.kind = mixed
		if texts+c.nulls == n {
			c.kind = allText
		}
		return
	}
	if least < c.scale {
		for i := range n {
			if c.valid[i] == 1 && !scaleUp64(&c.values[i], c.scale-scales[i]) {
				c.kind = mixed
				return
			}
			most |= c.values[i] ^ c.values[i]>>63
		}
	}
	c.most = uint64(most) + 1
}

// rescale brings the values to more digits after the point; where they then
// do not fit it says false and makes them mixed.
func (c *numbers) rescale(n int, scale uint8) bool {
	by := scale - c.scale
	for i := range n {
		if !scaleUp64(&c.values[i], by) {
			c.kind = mixed
			return false
		}
	}
	hi, most := bits.Mul64(c.most, pow10[by])
	if hi != 0 {
		most = 1 << 63
	}
	c.scale, c.most = scale, most
	return true
}

// scaleUp64 multiplies by 10^digits if the product fits.
func scaleUp64(v *int64, digits uint8) bool {
	sign := *v >> 63
	hi, lo := bits.Mul64(uint64((*v^sign)-sign), pow10[digits])
	if hi != 0 || lo >= 1<<63 {
		return false
	}
	*v = (int64(lo) ^ sign) - sign
	return true
}
