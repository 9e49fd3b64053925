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
	sortableDigits   = 20   // of 126 bits, at most
	sortableEnd      = 0xFF
)

// appendSortable appends a number.
func appendSortable(dst []byte, v int128, scale uint8) []byte {
	negative := v.negative()
	m := v.abs()
	var digits [sortableDigits]byte
	first := len(digits)
	if scale&1 == 1 && m != (int128{}) { // the last digit has no other beside it
		first--
		digits[first] = byte(m.divide(10))*10 + 1
		scale++
	}
	for m.hi != 0 {
		first--
		digits[first] = byte(m.divide(100)) + 1
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

// divide divides what is not negative, and returns the rest.
func (a *int128) divide(by uint64) (rest uint64) {
	a.hi, rest = a.hi/by, a.hi%by
	a.lo, rest = bits.Div64(rest, a.lo, by)
	return rest
}

// parseSortable is the number again, at the least scale.
func parseSortable(b []byte) (v int128, scale uint8) {
	if b[0] == sortableZero {
		return v, 0
	}
	invert := byte(0)
	if b[0] < sortableZero {
		invert, b = 0xFF, b[:len(b)-1]
	}
	before := int(b[0]^invert) - sortablePositive
	push := func(base, digit uint64) {
		carry, lo := bits.Mul64(v.lo, base)
		lo, c := bits.Add64(lo, digit, 0)
		v = int128{v.hi*base + carry + c, lo}
	}
	digits := b[1:]
	after := 2 * (len(digits) - before)
	for i, c := range digits {
		digit := uint64(c^invert) - 1
		if i == len(digits)-1 && after > 0 && digit%10 == 0 {
			push(10, digit/10)
			after--
		} else {
			push(100, digit)
		}
	}
	for ; after < 0; after += 2 {
		push(100, 0)
	}
	if invert != 0 {
		v = v.neg()
	}
	return v, uint8(after)
}

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
