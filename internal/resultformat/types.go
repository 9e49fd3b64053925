package resultformat

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"time"
)

// columnType is how a column is written.
type columnType struct {
	kind      kind
	precision int // of decimalKind, 18 or 38
	scale     int
}

type kind uint8

const (
	textKind kind = iota
	integerKind
	decimalKind
	doubleKind
	booleanKind
	dateKind
	timestampKind // as written, of no zone
	instantKind   // of a zone
)

func (k kind) number() bool { return k == integerKind || k == decimalKind || k == doubleKind }

// profile is what the cells of a column have in common.
type profile struct {
	n        int64 // cells that are not NULL
	kinds    [instantKind + 1]int64
	exponent bool // of one of the numbers
	large    bool // an integer has more than 64 bits
	whole    int  // the most digits before the point
	scale    int  // and behind it
}

func (p *profile) see(cell []byte) {
	if len(cell) == 0 {
		return
	}
	p.n++
	if p.n > 1 && p.kinds[textKind] > 0 {
		return // nothing else matters
	}
	if whole, scale, exponent, ok := number(cell); ok && (exponent || whole > wholeOfDouble) && isInfinite(cell) {
		p.kinds[textKind]++ // which no type of numbers holds
		return
	} else if ok {
		p.kinds[doubleKind]++
		p.exponent = p.exponent || exponent
		p.whole, p.scale = max(p.whole, whole), max(p.scale, scale)
		if whole >= 19 && !p.large {
			_, err := strconv.ParseInt(string(cell), 10, 64)
			p.large = err != nil
		}
		return
	}
	if s := string(cell); s == "true" || s == "false" {
		p.kinds[booleanKind]++
	} else if _, kind, ok := parseTime(cell); ok {
		p.kinds[kind]++
	} else {
		p.kinds[textKind]++
	}
}

// all says whether every cell is of a kind.
func (p *profile) all(k kind) bool { return p.kinds[k] == p.n }

// integers says whether every cell fits 64 bits.
func (p *profile) integers() bool {
	return p.all(doubleKind) && !p.exponent && !p.large && p.scale == 0
}

// decimals says whether every cell fits a decimal.
func (p *profile) decimals(precision, scale int) bool {
	return p.all(doubleKind) && !p.exponent && p.scale <= scale && p.whole <= precision-scale
}

// decide chooses the type of a column.
func (p *profile) decide(told Column) columnType {
	switch {
	case told.Told == Integer && p.integers():
		return columnType{kind: integerKind}
	case told.Told == Decimal && p.decimals(38, told.Scale):
		return columnType{decimalKind, 38, told.Scale}
	case told.Told == Integer && p.decimals(38, 0):
		return columnType{decimalKind, 38, 0}
	case (told.Told == Integer || told.Told == Decimal || told.Told == Double) && p.all(doubleKind):
		return columnType{kind: doubleKind}
	case told.Told == Date && p.all(dateKind):
		return columnType{kind: dateKind}
	case told.Told == Boolean && p.all(booleanKind):
		return columnType{kind: booleanKind}
	case told.Told == Numbers && p.decimals(38, MaxScale): // also where there are none
		return columnType{decimalKind, 38, MaxScale}
	case told.Told > Numbers, p.n == 0:
		return columnType{}
	case told.Told == Numbers && p.all(doubleKind):
		return columnType{kind: doubleKind}
	case p.integers():
		return columnType{kind: integerKind}
	case p.decimals(18, p.scale):
		return columnType{decimalKind, 18, p.scale}
	case p.decimals(38, p.scale):
		return columnType{decimalKind, 38, p.scale}
	case p.all(doubleKind) && (p.exponent || p.scale > 0):
		return columnType{kind: doubleKind}
	}
	for _, k := range []kind{booleanKind, dateKind, timestampKind, instantKind} {
		if p.all(k) {
			return columnType{kind: k}
		}
	}
	return columnType{}
}

// number reads a plain number: how many digits it has before the point, without a 0 there, and
// behind it. No number is what may be a name: with a plus or zeros before it (+49, 007), or with
// an exponent that has no sign (12E4).
func number(cell []byte) (whole, scale int, exponent, ok bool) {
	i := 0
	if cell[0] == '-' {
		i++
	}
	start := i
	for i < len(cell) && isDigit(cell[i]) {
		i++
	}
	if whole = i - start; whole > 1 && cell[start] == '0' {
		return 0, 0, false, false
	}
	if i < len(cell) && cell[i] == '.' {
		i++
		from := i
		for i < len(cell) && isDigit(cell[i]) {
			i++
		}
		if scale = i - from; scale == 0 {
			return 0, 0, false, false
		}
	}
	if whole+scale == 0 {
		return 0, 0, false, false
	}
	if whole == 1 && cell[start] == '0' {
		whole = 0
	}
	if i+2 < len(cell) && (cell[i] == 'e' || cell[i] == 'E') && (cell[i+1] == '+' || cell[i+1] == '-') {
		exponent = true
		for i += 2; i < len(cell) && isDigit(cell[i]); i++ {
		}
	}
	return whole, scale, exponent, i == len(cell)
}

// wholeOfDouble is how many digits before the point any double may have.
const wholeOfDouble = 308

// isInfinite says whether a number is beyond the largest double.
func isInfinite(number []byte) bool {
	f, _ := strconv.ParseFloat(string(number), 64)
	return math.IsInf(f, 0)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// parseTime reads 2024-01-31, also with T or a blank and 10:00 or 10:00:00.123456 behind it, and
// Z or +01:00 behind that.
func parseTime(cell []byte) (t time.Time, k kind, ok bool) {
	if len(cell) < 10 || len(cell) > 32 || cell[4] != '-' || !isDigit(cell[0]) {
		return t, 0, false
	}
	text := string(cell)
	if len(cell) == 10 {
		t, err := time.Parse(time.DateOnly, text)
		return t, dateKind, err == nil && t.Year() > 0
	}
	if len(cell) < 16 || cell[10] != 'T' && cell[10] != ' ' {
		return t, 0, false
	}
	layout := "2006-01-02" + string(cell[10]) + "15:04"
	rest := text[16:]
	if len(rest) > 0 && rest[0] == ':' {
		layout += ":05"
		if len(rest) < 3 {
			return t, 0, false
		}
		rest = rest[3:]
	}
	if len(rest) > 0 && rest[0] == '.' {
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		if n > 7 {
			return t, 0, false // a timestamp has microseconds
		}
		rest = rest[n:]
	}
	k = timestampKind
	if len(rest) > 0 {
		k = instantKind
		layout += "Z07:00"
	}
	t, err := time.Parse(layout, text)
	return t, k, err == nil && t.Year() > 0
}

// decimalOf is the number of a cell, times ten to the scale, in two's complement with the highest
// byte first.
func decimalOf(cell []byte, scale int) (out [16]byte) {
	var hi, lo uint64
	negative := cell[0] == '-'
	point := -1
	for i, c := range cell {
		switch {
		case c == '.':
			point = i
		case isDigit(c):
			hi, lo = timesTen(hi, lo, uint64(c-'0'))
		}
	}
	have := 0
	if point >= 0 {
		have = len(cell) - point - 1
	}
	for range scale - have {
		hi, lo = timesTen(hi, lo, 0)
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	binary.BigEndian.PutUint64(out[:8], hi)
	binary.BigEndian.PutUint64(out[8:], lo)
	return out
}

func timesTen(hi, lo, digit uint64) (uint64, uint64) {
	over, low := bits.Mul64(lo, 10)
	low, carry := bits.Add64(low, digit, 0)
	return hi*10 + over + carry, low
}
