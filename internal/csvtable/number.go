package csvtable

import (
	"cmp"
	"math"
	"strconv"
	"strings"
)

// Number is a decimal. Sums are exact up to 18 digits, and beyond that those of doubles.
type Number struct {
	units int64 // times ten to the power of -scale; the bits of a double where scale is inexact
	scale uint8
}

const inexact = 255

func double(f float64) Number { return Number{int64(math.Float64bits(f)), inexact} }

const maxScale = 9

var powers = [...]int64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// ParseNumber reads digits with an optional sign, point and exponent.
func ParseNumber(s string) (Number, bool) {
	digits := strings.TrimSpace(s)
	negative := strings.HasPrefix(digits, "-")
	if negative || strings.HasPrefix(digits, "+") {
		digits = digits[1:]
	}
	if digits == "" || digits[0] != '.' && (digits[0] < '0' || digits[0] > '9') {
		return Number{}, false // also Inf, NaN and hexadecimal
	}
	whole, fraction, _ := strings.Cut(digits, ".")
	if len(whole)+len(fraction) <= 18 && len(fraction) <= maxScale {
		if n, err := strconv.ParseUint(whole+fraction, 10, 63); err == nil {
			units := int64(n)
			if negative {
				units = -units
			}
			return Number{units: units, scale: uint8(len(fraction))}, true
		}
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || strings.ContainsAny(digits, "xXpP_") {
		return Number{}, false
	}
	return double(f), true
}

// Exact reports whether it is a decimal of at most 18 digits; others are doubles, which
// rounding may have changed.
func (n Number) Exact() bool { return n.scale != inexact }

// Float is the nearest double.
func (n Number) Float() float64 {
	if n.scale == inexact {
		return math.Float64frombits(uint64(n.units))
	}
	return float64(n.units) / float64(powers[n.scale])
}

// Add returns the sum.
func (n Number) Add(m Number) Number {
	if n.scale != inexact && m.scale != inexact {
		if n.scale < m.scale {
			n, m = m, n
		}
		factor := powers[n.scale-m.scale]
		if scaled := m.units * factor; scaled/factor == m.units && m.units != math.MinInt64 {
			if sum := n.units + scaled; (sum > n.units) == (scaled > 0) {
				return Number{units: sum, scale: n.scale}
			}
		}
	}
	return double(n.Float() + m.Float())
}

// Compare orders by value.
func (n Number) Compare(m Number) int {
	if n.scale == m.scale && n.scale != inexact {
		return cmp.Compare(n.units, m.units)
	}
	return cmp.Compare(n.Float(), m.Float())
}

// String is the shortest text that ParseNumber reads as the same value.
func (n Number) String() string {
	if n.scale == inexact {
		return strconv.FormatFloat(n.Float(), 'g', -1, 64)
	}
	if n.scale == 0 {
		return strconv.FormatInt(n.units, 10)
	}
	text := strconv.FormatInt(n.units, 10)
	sign := ""
	if n.units < 0 {
		sign, text = "-", text[1:]
	}
	if missing := int(n.scale) + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	return sign + text[:len(text)-int(n.scale)] + "." + text[len(text)-int(n.scale):]
}

// Over returns n divided by a count, as a double.
func (n Number) Over(count int64) Number { return double(n.Float() / float64(count)) }
