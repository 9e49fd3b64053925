package expression

import (
	"bytes"
	"errors"
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Number is an exact decimal: mantissa × 10^-scale. The mantissa is small unless big is
// set.
type Number struct {
	small int64
	big   *big.Int
	scale int32
}

const (
	maxDigits = 37 // of a number that is read as a decimal
	maxScale  = 18 // of them after the point
)

// Integer is n as a Number.
func Integer(n int64) Number { return Number{small: n} }

// Scale is how many digits a number has after the point.
func (d *Number) Scale() int { return int(d.scale) }

// sign is -1, 0 or 1.
func (d *Number) sign() int {
	if d.big != nil {
		return d.big.Sign()
	}
	switch {
	case d.small < 0:
		return -1
	case d.small > 0:
		return 1
	}
	return 0
}

func (d *Number) mantissa() *big.Int {
	if d.big != nil {
		return d.big
	}
	return big.NewInt(d.small)
}

// ofBig is a mantissa at a scale.
func ofBig(m *big.Int, scale int32) Number {
	if m.IsInt64() {
		return Number{small: m.Int64(), scale: scale}
	}
	return Number{big: m, scale: scale}
}

var powers = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

func bigPower(n int32) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// multiply is a × b, where that fits.
func multiply(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	hi -= uint64(a>>63)&uint64(b) + uint64(b>>63)&uint64(a)
	return int64(lo), hi == uint64(int64(lo)>>63)
}

// rescale brings a number to at least so many digits after the point.
func (d *Number) rescale(scale int32) {
	by := scale - d.scale
	if by <= 0 {
		return
	}
	if d.big == nil && int(by) < len(powers) {
		if m, ok := multiply(d.small, powers[by]); ok {
			d.small, d.scale = m, scale
			return
		}
	}
	*d = ofBig(new(big.Int).Mul(d.mantissa(), bigPower(by)), scale)
}

func (d *Number) add(other Number) {
	d.rescale(other.scale)
	other.rescale(d.scale)
	if d.big == nil && other.big == nil {
		if sum := d.small + other.small; (sum > d.small) == (other.small > 0) || other.small == 0 {
			d.small = sum
			return
		}
	}
	*d = ofBig(new(big.Int).Add(d.mantissa(), other.mantissa()), d.scale)
}

func (d *Number) negate() {
	if d.big == nil && d.small != math.MinInt64 {
		d.small = -d.small
		return
	}
	*d = ofBig(new(big.Int).Neg(d.mantissa()), d.scale)
}

func (d *Number) multiply(other Number) {
	if d.big == nil && other.big == nil {
		if m, ok := multiply(d.small, other.small); ok {
			d.small, d.scale = m, d.scale+other.scale
			return
		}
	}
	*d = ofBig(new(big.Int).Mul(d.mantissa(), other.mantissa()), d.scale+other.scale)
}

// compare orders two numbers by value.
func (d Number) compare(other Number) int {
	d.rescale(other.scale)
	other.rescale(d.scale)
	if d.big == nil && other.big == nil {
		switch {
		case d.small < other.small:
			return -1
		case d.small > other.small:
			return 1
		}
		return 0
	}
	return d.mantissa().Cmp(other.mantissa())
}

// rounding is how digits are dropped.
type rounding uint8

const (
	halfAway rounding = iota // to the nearest, halves away from zero
	down                     // towards minus infinity
	up                       // towards infinity
)

// round drops the digits after the point from the given one on, which may be negative.
func (d *Number) round(digits int32, how rounding) {
	by := d.scale - digits
	if by <= 0 {
		if digits >= 0 {
			d.rescale(digits)
		}
		return
	}
	if d.big == nil && int(by) < len(powers) && digits >= 0 {
		d.roundSmall(powers[by], how)
		d.scale = digits
		return
	}
	unit := bigPower(by)
	m := new(big.Int)
	rest := new(big.Int)
	m.QuoRem(d.mantissa(), unit, rest) // towards zero
	away := int64(rest.Sign())
	switch how {
	case halfAway:
		if rest.Abs(rest).Lsh(rest, 1).Cmp(unit) < 0 {
			away = 0
		}
	case down:
		away = min(away, 0)
	case up:
		away = max(away, 0)
	}
	m.Add(m, big.NewInt(away))
	*d = ofBig(m, digits)
	if digits < 0 {
		*d = ofBig(new(big.Int).Mul(m, bigPower(-digits)), 0)
	}
}

// roundSmall makes the mantissa one of units, a power of ten.
func (d *Number) roundSmall(unit int64, how rounding) {
	rest := d.small % unit
	d.small /= unit // towards zero
	switch {
	case how == halfAway && rest >= unit-rest || how == up && rest > 0:
		d.small++
	case how == halfAway && rest <= -unit-rest || how == down && rest < 0:
		d.small--
	}
}

// normalize drops the zeros at the end of the digits after the point.
func (d *Number) normalize() {
	for d.scale > 0 && d.big == nil && d.small%10 == 0 {
		d.small /= 10
		d.scale--
	}
	if d.big == nil || d.scale == 0 {
		return
	}
	text := d.big.Append(nil, 10)
	zeros := int32(len(text) - len(bytes.TrimRight(text, "0")))
	zeros = min(zeros, d.scale)
	*d = ofBig(new(big.Int).Quo(d.big, bigPower(zeros)), d.scale-zeros)
}

const exactDouble = 1 << 53

// Float is the nearest double.
func (d *Number) Float() float64 { return quotient(*d, Integer(1)) }

// quotient is the exact a / b, rounded once to a double; b is not zero.
func quotient(a, b Number) float64 {
	// Two integers below 2^53 are doubles, and IEEE 754 rounds their quotient correctly.
	x, y := a, b
	x.scale, y.scale = 0, 0
	if a.scale > b.scale {
		y.rescale(a.scale - b.scale)
	} else {
		x.rescale(b.scale - a.scale)
	}
	if x.big == nil && y.big == nil && within(x.small) && within(y.small) {
		return float64(x.small) / float64(y.small)
	}
	f, _ := new(big.Rat).SetFrac(x.mantissa(), y.mantissa()).Float64()
	return f
}

func within(n int64) bool { return n > -exactDouble && n < exactDouble }

// ofFloat is the decimal that a double is written as.
func ofFloat(f float64) Number {
	d, _ := parseNumber([]byte(strconv.FormatFloat(f, 'f', -1, 64)))
	return d
}

// What is read of a number, so that no text of digits takes a time that grows with their square: of
// the zeros at its end so many that what is left out makes no difference (more than the largest
// exponent and maxScale), and no more digits than a decimal of maxDigits may have with these zeros
// and those that an exponent divides by.
const (
	mostExponent    = 400
	mostZeros       = mostExponent + maxScale + 2
	mostSignificant = maxDigits + 1 + mostExponent + mostZeros
)

// parseNumber reads [sign] digits [. digits] [e exponent]; ok is false for anything else, for an
// exponent that is out of reason, and for more digits than a decimal may have.
func parseNumber(s []byte) (d Number, ok bool) {
	i, negative := 0, false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		i++
	}
	var wide []byte
	digits, point, significant, zeros := 0, false, 0, 0
	for ; i < len(s); i++ {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c-'0' > 9 {
			break
		}
		if digits++; point {
			d.scale++
		}
		if significant == 0 && c == '0' {
			continue
		}
		if point && c == '0' {
			zeros++ // which may be the last
			continue
		}
		if zeros > 0 {
			if significant += zeros; significant > mostSignificant {
				return d, false
			}
			d.small, wide = appendZeros(d.small, wide, significant-zeros, zeros)
			zeros = 0
		}
		if significant++; significant <= smallDigits {
			d.small = d.small*10 + int64(c-'0')
			continue
		}
		if significant > mostSignificant {
			return d, false
		}
		if wide == nil {
			wide = strconv.AppendInt(nil, d.small, 10)
		}
		wide = append(wide, c)
	}
	if digits == 0 {
		return d, false
	}
	if zeros > 0 {
		d.scale -= int32(max(0, zeros-mostZeros))
		d.small, wide = appendZeros(d.small, wide, significant, min(zeros, mostZeros))
	}
	if wide != nil {
		m, _ := new(big.Int).SetString(string(wide), 10)
		d = ofBig(m, d.scale)
	}
	if i < len(s) {
		if s[i] != 'e' && s[i] != 'E' {
			return d, false
		}
		exponent, err := strconv.Atoi(string(s[i+1:]))
		if err != nil || exponent > mostExponent || exponent < -mostExponent {
			return d, false
		}
		//nolint:gosec // G109: the exponent is between -400 and 400
		if d.scale -= int32(exponent); d.scale < 0 {
			by := -d.scale
			d.scale = 0
			d.rescale(by)
			d.scale = 0
		}
	}
	if negative {
		d.negate()
	}
	return d, true
}

// smallDigits is how many digits a small mantissa has room for, whatever they are.
const smallDigits = 18

// appendZeros appends zeros to a mantissa of so many digits: to small, or where those do not fit it
// to wide.
func appendZeros(small int64, wide []byte, digits, zeros int) (int64, []byte) {
	if digits+zeros <= smallDigits {
		return small * powers[zeros], nil
	}
	if wide == nil {
		wide = strconv.AppendInt(nil, small, 10)
	}
	return small, append(wide, bytes.Repeat([]byte{'0'}, zeros)...)
}

// ParseValue reads a number in the one form that the engine takes: as a decimal where it
// is of at most 37 digits with at most 18 of them after the point, and as a double
// otherwise.
func ParseValue(s []byte, v *Value) bool {
	d, ok := parseNumber(s)
	if ok && d.sign() == 0 {
		d.scale = min(d.scale, maxScale)
	}
	if ok && d.scale <= maxScale && (d.big == nil || len(d.big.Text(10)) <= maxDigits+1) {
		v.Kind, v.Number = NumberValue, d
		return true
	}
	if ok {
		n := d
		n.normalize()
		if n.scale <= maxScale && (n.big == nil || len(n.big.Text(10)) <= maxDigits+1) {
			n.rescale(min(d.scale, maxScale))
			v.Kind, v.Number = NumberValue, n
			return true
		}
	}
	f, err := strconv.ParseFloat(string(s), 64)
	if errors.Is(err, strconv.ErrSyntax) || err != nil && (math.IsInf(f, 0) || f != 0) || math.IsNaN(f) || math.IsInf(f, 0) || !ok && !isNumeral(s) {
		return false
	}
	v.Kind, v.Float = FloatValue, f
	return true
}

// isNumeral says whether a text is digits, signs, a point and an exponent, which is not
// all that strconv takes.
func isNumeral(s []byte) bool {
	for _, c := range s {
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}

// Append writes a number with all its digits after the point.
func (d *Number) Append(dst []byte) []byte {
	start := len(dst)
	if d.big != nil {
		dst = d.big.Append(dst, 10)
	} else {
		dst = strconv.AppendInt(dst, d.small, 10)
	}
	if d.scale == 0 {
		return dst
	}
	if dst[start] == '-' {
		start++
	}
	for len(dst)-start <= int(d.scale) {
		dst = append(dst, 0)
		copy(dst[start+1:], dst[start:])
		dst[start] = '0'
	}
	point := len(dst) - int(d.scale)
	dst = append(dst, 0)
	copy(dst[point+1:], dst[point:])
	dst[point] = '.'
	return dst
}

// AppendFloat writes the shortest text that reads as f, in the manner of ECMAScript:
// with an exponent below 1e-7 and from 1e21 on.
func AppendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if size := math.Abs(f); size < 1e-7 || size >= 1e21 {
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		// e-09 is e-9
		if n := len(dst); dst[n-4] == 'e' && dst[n-2] == '0' {
			dst = append(dst[:n-2], dst[n-1])
		}
		return dst
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}

// Pad brings a number to at least so many digits after the point.
func (d *Number) Pad(scale int) { d.rescale(int32(scale)) }

// Small is the mantissa and the digits after the point, where the mantissa fits.
func (d *Number) Small() (mantissa int64, scale int, ok bool) {
	return d.small, int(d.scale), d.big == nil && d.small != math.MinInt64 && d.scale <= maxScale
}
