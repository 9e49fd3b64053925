package dialect

import (
	"bytes"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// numberFormat is how numbers are written.
type numberFormat struct {
	decimal byte // . or ,
	group   byte // between thousands; 0: nothing; ' ' and '\'' stand for all of their kind
	bare    bool // nothing but the number
	plain   bool // as the engine reads them
	said    bool // which character divides and which groups is not left to the default
}

// appendNumber appends a cell as the engine reads numbers: [-] digits [. digits]
// [e exponent]. It says false, and appends nothing, where the cell is no number.
func (f *numberFormat) appendNumber(dst, cell []byte) ([]byte, bool) {
	s := trimSpace(cell)
	if f.bare {
		negative := false
		if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
			negative = s[0] == '-'
			s = s[1:]
		}
		return f.appendDigits(dst, s, negative, false)
	}
	return f.appendDressed(dst, s)
}

// appendDressed takes off what may stand around a number that is not bare.
func (f *numberFormat) appendDressed(dst, s []byte) ([]byte, bool) {
	negative, signed, currency, percent := false, false, false, false
	if inner, ok := withoutParentheses(s); ok {
		negative, signed, s = true, true, inner
	}
	for {
		rest := trimSpace(s)
		if sign, n := signAt(rest); n > 0 && !signed {
			negative, signed = sign, true
			s = rest[n:]
			continue
		}
		if n := currencyBefore(rest); n > 0 && !currency {
			currency = true
			s = rest[n:]
			continue
		}
		s = rest
		break
	}
	for {
		rest := trimSpace(s)
		n := len(rest)
		if n > 0 && rest[n-1] == '%' && !percent && !currency {
			percent = true
			s = rest[:n-1]
			continue
		}
		if before, ok := minusAfter(rest); ok && !signed {
			negative, signed = true, true
			s = before
			continue
		}
		if n > 0 && rest[n-1] == '+' && !signed {
			signed = true
			s = rest[:n-1]
			continue
		}
		if m := currencyAfter(rest); m > 0 && !currency && !percent {
			currency = true
			s = rest[:n-m]
			continue
		}
		s = rest
		break
	}
	if inner, ok := withoutParentheses(s); ok && !signed { // as in $(5.00)
		negative, s = true, inner
	}
	if len(s) == 0 && currency && negative {
		return append(dst, '0'), true // as spreadsheets write 0 in accounts: $ -
	}
	return f.appendDigits(dst, s, negative, percent)
}

// isInfinite says whether a number is beyond the largest double.
func isInfinite(number []byte) bool {
	f, _ := strconv.ParseFloat(string(number), 64)
	return math.IsInf(f, 0)
}

// withoutParentheses is what stands between those around all of s.
func withoutParentheses(s []byte) (inner []byte, ok bool) {
	n := len(s)
	if n < 2 || s[0] != '(' || s[n-1] != ')' {
		return s, false
	}
	return trimSpace(s[1 : n-1]), true
}

// appendDigits appends the number itself. What is beyond the largest double is none.
func (f *numberFormat) appendDigits(dst, s []byte, negative, percent bool) ([]byte, bool) {
	start := len(dst)
	if negative {
		dst = append(dst, '-')
	}
	digits, i := 0, 0
	if f.group == 0 {
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		dst = append(dst, s[:i]...)
		digits = i
	} else {
		var ok bool
		if dst, i, ok = f.appendGroups(dst, s); !ok {
			return dst[:start], false
		}
		digits = i
	}
	whole := digits
	if digits == 0 {
		dst = append(dst, '0')
	}
	if i < len(s) && s[i] == f.decimal {
		i++
		from := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		if digits += i - from; i > from {
			dst = append(append(dst, '.'), s[from:i]...)
		}
	}
	if digits == 0 {
		return dst[:start], false
	}
	exponent := s[i:]
	if len(exponent) > 0 {
		if percent || exponent[0] != 'e' && exponent[0] != 'E' || !isExponent(exponent[1:]) {
			return dst[:start], false
		}
		dst = append(dst, exponent...)
	}
	if percent {
		dst = append(dst, "e-2"...)
	}
	const fewDigits = 200 // which are finite also with an exponent of two digits
	if (whole > fewDigits || len(exponent) > len("e99")) && isInfinite(dst[start:]) {
		return dst[:start], false
	}
	return dst, true
}

// appendGroups appends the digits before the decimal point, in groups of three or
// as in India, or in none, and returns how many bytes of s they take.
func (f *numberFormat) appendGroups(dst, s []byte) (_ []byte, used int, ok bool) {
	first, group, groups, twos, threes := 0, 0, 0, 0, 0
	close := func() bool {
		switch {
		case groups == 0:
			first = group
			return group >= 1 && group <= 3
		case group == 2:
			twos++
			return threes == 0
		case group == 3:
			threes++
			return true
		}
		return false
	}
	i := 0
	for i < len(s) {
		c := s[i]
		if c-'0' <= 9 {
			dst = append(dst, c)
			group++
			i++
			continue
		}
		n := f.groupAt(s[i:])
		if n == 0 || i+n >= len(s) || s[i+n]-'0' > 9 {
			break
		}
		if !close() {
			return dst, 0, false
		}
		groups, group = groups+1, 0
		i += n
	}
	if groups == 0 {
		return dst, i, true
	}
	if group != 3 || !close() || twos > 0 && (threes != 1 || first > 2) || s[0] == '0' { // nobody writes 0,125 for 125
		return dst, 0, false
	}
	return dst, i, true
}

// groupAt is the length of the character between groups that s begins with, or 0.
func (f *numberFormat) groupAt(s []byte) int {
	if s[0] < utf8.RuneSelf {
		if s[0] == f.group {
			return 1
		}
		return 0
	}
	r, n := utf8.DecodeRune(s)
	if f.group == '\'' && r == '\u2019' || f.group == ' ' && unicode.IsSpace(r) {
		return n
	}
	return 0
}

func isExponent(s []byte) bool {
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	if len(s) == 0 || len(s) > 4 {
		return false
	}
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}

var minus = []byte("\u2212")

func signAt(s []byte) (negative bool, n int) {
	switch {
	case len(s) == 0:
	case s[0] == '-':
		return true, 1
	case s[0] == '+':
		return false, 1
	case bytes.HasPrefix(s, minus):
		return true, len(minus)
	}
	return false, 0
}

// minusAfter is the number before a minus behind it. In 5,- the stroke stands for the decimals
// and is no sign.
func minusAfter(s []byte) (before []byte, ok bool) {
	if n := len(s); n > 0 && s[n-1] == '-' {
		before, ok = s[:n-1], true
	} else {
		before, ok = bytes.CutSuffix(s, minus)
	}
	if n := len(before); ok && n > 0 && (before[n-1] == '.' || before[n-1] == ',') {
		return s, false
	}
	return before, ok
}

// trimSpace takes all that Unicode calls space off both ends.
func trimSpace(s []byte) []byte {
	for len(s) > 0 && s[0] < utf8.RuneSelf && isBlank(s[0]) {
		s = s[1:]
	}
	for n := len(s); n > 0 && s[n-1] < utf8.RuneSelf && isBlank(s[n-1]); n = len(s) {
		s = s[:n-1]
	}
	if n := len(s); n > 0 && (s[0] >= utf8.RuneSelf || s[n-1] >= utf8.RuneSelf) {
		return bytes.TrimFunc(s, isSpace)
	}
	return s
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// isSpace is unicode.IsSpace and the byte order mark, which once was a space of no
// width.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r == '\uFEFF' || r == '\u200B' }

// marks is what is seen of the numbers of a column.
type marks struct {
	points     points
	currencies currencies
}

// points is what the points of a column say about what a point means in it.
type points struct {
	thousands int64  // the line of the first cell whose points could all be those between thousands; 0: none
	cell      string // that cell
	decimal   bool   // a point that divides
}

// observe takes a cell that is a number into account.
func (p *points) observe(cell []byte, line int64) {
	if p.decimal {
		return
	}
	s := trimSpace(cell)
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		s = s[1:]
	}
	point := bytes.IndexByte(s, '.')
	if point < 0 {
		return
	}
	if point >= 1 && point <= 3 && s[0] != '0' && len(s) == point+4 && isDigits(s[point+1:]) {
		if p.thousands == 0 {
			p.thousands, p.cell = line, string(cell)
		}
		return
	}
	p.decimal = true
}

func (p *points) merge(of points) {
	p.decimal = p.decimal || of.decimal
	if p.thousands == 0 {
		p.thousands, p.cell = of.thousands, of.cell
	}
}
