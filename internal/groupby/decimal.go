package groupby

import (
	"encoding/binary"
	"math/bits"
)

// A number is a mantissa of up to maxDigits digits, scaled by a power of ten:
// maxScale digits of it at most stand after the point. 10^37 < 2^126, so that
// a number leaves room for tags and for the carries of 2^62 additions.
const (
	maxScale  = 18
	maxDigits = 37
)

// MaxScale is the most digits after the point that a decimal has.
const MaxScale = maxScale

var pow10 = func() (p [maxScale + 1]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// int128 is a two's complement integer.
type int128 struct{ hi, lo uint64 }

func (a int128) negative() bool { return int64(a.hi) < 0 }

func (a int128) neg() int128 {
	lo, borrow := bits.Sub64(0, a.lo, 0)
	hi, _ := bits.Sub64(0, a.hi, borrow)
	return int128{hi, lo}
}

func (a int128) abs() int128 {
	if a.negative() {
		return a.neg()
	}
	return a
}

func (a int128) less(b int128) bool {
	if a.hi != b.hi {
		return int64(a.hi) < int64(b.hi)
	}
	return a.lo < b.lo
}

// add reports false where the sum leaves ±2^126.
func (a int128) add(b int128) (int128, bool) {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(a.hi, b.hi, carry)
	return int128{hi, lo}, inRange(hi)
}

func inRange(hi uint64) bool { return hi+1<<62 < 1<<63 }

// scaleUp multiplies by 10^digits; false where that leaves ±2^126.
func (a int128) scaleUp(digits uint8) (int128, bool) {
	m := a.abs()
	top, hi := bits.Mul64(m.hi, pow10[digits])
	carry, lo := bits.Mul64(m.lo, pow10[digits])
	hi, c := bits.Add64(hi, carry, 0)
	if top+c != 0 || hi >= 1<<62 {
		return a, false
	}
	if m = (int128{hi, lo}); a.negative() {
		m = m.neg()
	}
	return m, true
}

// parseDecimal is the exact way to read a number: [blanks] [sign] digits [.
// digits] [e exponent] [blanks]. problem is "" for a number.
func parseDecimal(s []byte) (mantissa int128, scale uint8, problem string) {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	end := len(s)
	exponent := 0
	for i, c := range s {
		if c == 'e' || c == 'E' {
			var ok bool
			if exponent, ok = parseExponent(s[i+1:]); !ok {
				return mantissa, 0, notNumber
			}
			end = i
			break
		}
	}
	s = s[:end]

	first, last := -1, -1 // the digits other than zero
	digits, decimals, point := 0, 0, false
	firstDigit, lastDigit := 0, 0
	for i, c := range s {
		switch {
		case c-'0' <= 9:
			digits++
			if point {
				decimals++
			}
			if c != '0' {
				if first < 0 {
					first, firstDigit = i, digits
				}
				last, lastDigit = i, digits
			}
		case c == '.' && !point:
			point = true
		default:
			return mantissa, 0, notNumber
		}
	}
	if digits == 0 {
		return mantissa, 0, notNumber
	}
	places := decimals - exponent
	if first < 0 { // zero
		return mantissa, uint8(min(max(places, 0), maxScale)), ""
	}
	trailing := digits - lastDigit
	dropped := min(trailing, max(0, places-maxScale))
	if places -= dropped; places > maxScale {
		return mantissa, 0, tooManyDecimals
	}
	trailing += max(0, -places) - dropped
	if lastDigit-firstDigit+1+trailing > maxDigits {
		return mantissa, 0, tooManyDigits
	}
	push := func(d uint64) {
		carry, lo := bits.Mul64(mantissa.lo, 10)
		lo, c := bits.Add64(lo, d, 0)
		mantissa = int128{mantissa.hi*10 + carry + c, lo}
	}
	for _, c := range s[first : last+1] {
		if c != '.' {
			push(uint64(c - '0'))
		}
	}
	for range trailing {
		push(0)
	}
	if negative {
		mantissa = mantissa.neg()
	}
	return mantissa, uint8(max(places, 0)), ""
}

// parseExponent reads [sign] digits, at most five characters of them.
func parseExponent(s []byte) (int, bool) {
	if len(s) > 5 {
		return 0, false
	}
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	if len(s) == 0 {
		return 0, false
	}
	n := 0
	for _, c := range s {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	if negative {
		n = -n
	}
	return n, true
}

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
	zeros    = lowBits * '0'
)

// eightDigits is the value of eight digits, each a byte of 0 to 9, the most
// significant in the lowest byte (D. Lemire, "Quickly parsing eight digits").
func eightDigits(d uint64) uint64 {
	d = d*10 + d>>8
	return ((d&0x000000FF000000FF)*0x000F424000000064 + (d>>16&0x000000FF000000FF)*0x0000271000000001) >> 32
}

// notDigits is zero when all bytes of d are at most 9.
func notDigits(d uint64) uint64 { return (d | (d + lowBits*(0x7f-9))) & highBits }

// parseShort reads text[start:end] of 1 to 8 bytes: [-] digits [. digits],
// which is how nearly all numbers look. points is eight times what is in the place of
// the point. ok is false for anything else. Eight bytes from start on can be read.
func parseShort(text []byte, start, end uint32, points uint64) (mantissa int64, scale uint8, ok bool) {
	sign := int64(0)
	if text[start] == '-' {
		sign = -1
		start++
	}
	n := end - start
	if n-1 > 7 {
		return 0, 0, false
	}
	w := binary.LittleEndian.Uint64(text[start:]) << ((64 - 8*n) & 63)
	x := w ^ points
	if point := (x - lowBits) &^ x & highBits; point != 0 {
		p := uint(bits.TrailingZeros64(point)) &^ 7 // the bit the point starts at
		below := uint64(1)<<p - 1
		w = w&^(below<<8|0xff) | w&below<<8
		scale = uint8(7 - p/8)
		if n--; n == 0 {
			return 0, 0, false
		}
	}
	d := w ^ zeros<<((64-8*n)&63)
	if notDigits(d) != 0 {
		return 0, 0, false
	}
	v := int64(eightDigits(d))
	return (v ^ sign) - sign, scale, true
}
