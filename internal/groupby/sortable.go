package groupby

import (
	"math/bits"
)

// A sortable number is a decimal as bytes whose order is that of the values, and
// which are the same for 1.5 and 1.50. They are its exponent and its digits to the
// base of a hundred, each one more than it is, so that none is NUL, without zeros at
// the end; those of a negative number are inverted and end with what is above any.
const (
	sortableZero     = 0x80
	sortablePositive = 0xC0 // and the digits before the point, of which there may be less than none
	sortableDigits   = 20   // of a number, at most
	sortableEnd      = 0xFF
)

// appendSortable appends a number.
func appendSortable(dst []byte, v int128, scale uint8) []byte {
	negative := v.negative()
	m := v.abs()
	if scale&1 == 1 { // digits come in twos; 10^38 < 2^127
		carry, lo := bits.Mul64(m.lo, 10)
		m = int128{m.hi*10 + carry, lo}
		scale++
	}
	var digits [sortableDigits]byte
	first := len(digits)
	for m.hi != 0 {
		var r uint64
		m.hi, r = m.hi/100, m.hi%100
		m.lo, r = bits.Div64(r, m.lo, 100)
		first--
		digits[first] = byte(r) + 1
	}
	for w := m.lo; w != 0; w /= 100 {
		first--
		digits[first] = byte(w%100) + 1
	}
	if first == len(digits) {
		return append(dst, sortableZero)
	}
	end := len(digits)
	for digits[end-1] == 1 {
		end--
	}
	start := len(dst)
	dst = append(dst, byte(sortablePositive+len(digits)-first-int(scale/2)))
	dst = append(dst, digits[first:end]...)
	if negative {
		for i := start; i < len(dst); i++ {
			dst[i] ^= 0xFF
		}
		dst = append(dst, sortableEnd)
	}
	return dst
}

// parseSortable is the number again, at the least even scale.
func parseSortable(b []byte) (v int128, scale uint8) {
	if b[0] == sortableZero {
		return v, 0
	}
	invert := byte(0)
	if b[0] < sortableZero {
		invert, b = 0xFF, b[:len(b)-1]
	}
	before := int(b[0]^invert) - sortablePositive
	push := func(digit uint64) {
		carry, lo := bits.Mul64(v.lo, 100)
		lo, c := bits.Add64(lo, digit, 0)
		v = int128{v.hi*100 + carry + c, lo}
	}
	for _, c := range b[1:] {
		push(uint64(c^invert) - 1)
	}
	after := len(b) - 1 - before
	for ; after < 0; after++ {
		push(0)
	}
	if invert != 0 {
		v = v.neg()
	}
	return v, uint8(2 * after)
}

const sortableDouble = 10 // bytes

// appendSortableDouble appends a double likewise, seven bits a byte.
func appendSortableDouble(dst []byte, f float64) []byte {
	order := doubleOrder(f + 0) // -0 is 0
	for shift := 63; shift >= 0; shift -= 7 {
		dst = append(dst, byte(order>>shift)|0x80)
	}
	return dst
}

func parseSortableDouble(b []byte) float64 {
	var order uint64
	for _, c := range b {
		order = order<<7 | uint64(c&0x7F)
	}
	return doubleOf(order)
}
