package dialect

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Readings are the ways in which settings let numbers and times be written. A set of them is a
// bit each, the simplest first.
type Readings struct {
	Numbers []NumberFormat
	Dates   []string // formats, as dateFormats has them
	numbers []numberFormat
	dates   []dateFormat
	missing map[string]bool
	trim    bool
	said    bool // the formats of dates are
}

// NumberFormat is the settings that read a number; the zero value is what counts where nothing
// is said.
type NumberFormat struct {
	DecimalChar, GroupChar string
	Dressed                bool // bareNumber: false
}

// mostDates is how many formats of dates a set may have.
const mostDates = 64

// Learn adds the formats of a cell that is a date in none of the formats yet, and says whether
// there are any. Sets of cells that were asked for before do not have them.
func (r *Readings) Learn(cell []byte) (learnt bool) {
	if r.said {
		return false
	}
	for _, format := range guessDates(cell, nil) {
		if len(r.Dates) < mostDates && !slices.Contains(r.Dates, format) {
			r.Dates = append(r.Dates, format)
			r.dates = append(r.dates, newDateFormat(format))
			learnt = true
		}
	}
	return learnt
}

// Readings are those that contradict nothing that the settings say.
func (s Settings) Readings() *Readings {
	all := &Readings{missing: map[string]bool{"": true}, trim: s.Trim}
	for _, word := range s.MissingValues {
		all.missing[word] = true
		if word == Common {
			for _, word := range commonWords {
				all.missing[word] = true
			}
		}
	}
	no := false
	for _, dressed := range []bool{false, true} {
		if said := s.BareNumber; said != nil && *said == dressed {
			continue
		}
		for _, decimal := range []string{"", ","} {
			for _, group := range []string{"", ".", ",", "'", Space} {
				try := s
				if decimal != "" {
					try.DecimalChar = decimal
				}
				if group != "" {
					try.GroupChar = group
				}
				if decimal != "" && s.DecimalChar != "" || group != "" && s.GroupChar != "" {
					continue
				}
				if dressed {
					try.BareNumber = &no
				}
				if f, err := try.numberFormat(); err == nil {
					all.Numbers = append(all.Numbers, NumberFormat{try.DecimalChar, try.GroupChar, dressed})
					all.numbers = append(all.numbers, f)
				}
			}
		}
	}
	all.Dates, all.said = s.DateFormats, len(s.DateFormats) > 0
	if !all.said {
		all.Dates = []string{ISO}
		for _, format := range commonDates {
			if format != ISO {
				all.Dates = append(all.Dates, format)
			}
		}
	}
	for _, format := range all.Dates {
		all.dates = append(all.dates, newDateFormat(format))
	}
	return all
}

// IsMissing says whether a cell, its escapes not undone, is NULL.
func (r *Readings) IsMissing(cell []byte) bool {
	if r.trim {
		cell = trimSpace(cell)
	}
	return r.missing[string(cell)]
}

// NumbersOf are the formats in which a cell is a number.
func (r *Readings) NumbersOf(cell []byte) (set uint64) {
	s := trimSpace(cell)
	if len(s) == 0 || len(s) > 64 || bytes.IndexFunc(s, unicode.IsDigit) < 0 && bytes.IndexByte(s, '-') < 0 {
		return 0
	}
	if isDigits(s) {
		return 1<<len(r.numbers) - 1
	}
	var scratch [96]byte
	for i := range r.numbers {
		if _, ok := r.numbers[i].appendNumber(scratch[:0], cell); ok {
			set |= 1 << i
		}
	}
	return set
}

// Bare are the formats of numbers that have nothing around them.
func (r *Readings) Bare() (set uint64) {
	for i, format := range r.Numbers {
		if !format.Dressed {
			set |= 1 << i
		}
	}
	return set
}

// Number is a cell in a format, as the engine reads it; false where NumbersOf does not have it.
func (r *Readings) Number(cell []byte, format int) (string, bool) {
	b, ok := r.numbers[format].appendNumber(nil, cell)
	return string(b), ok
}

// DatesOf are the formats, of those in among, in which a cell is a date or a time.
func (r *Readings) DatesOf(cell []byte, among uint64) (set uint64) {
	s := trimSpace(cell)
	if len(s) < 6 || len(s) > 40 || bytes.IndexFunc(s, unicode.IsDigit) < 0 {
		return 0
	}
	if isDigits(s) {
		among &= r.Digits()
	}
	var scratch [40]byte
	for i := range r.dates {
		if among>>i&1 == 0 || !looksLike(s, r.Dates[i]) {
			continue
		}
		if _, ok := r.dates[i].appendTime(scratch[:0], s); ok {
			set |= 1 << i
		}
	}
	return set
}

// looksLike says of formats without anything between their parts, which take about any
// digits, whether a text is as long as theirs are; and of a year of two digits that it has both.
func looksLike(s []byte, format string) bool {
	whole, _, _ := bytes.Cut(s, []byte{'.'})
	switch format {
	case epoch:
		return len(whole) == 10
	case epochMS:
		return len(whole) == 13
	case "%Y%m%d":
		return len(s) == 8
	case "%Y%m%d%H%M%S":
		return len(s) == 14
	case yearMonth:
		return isYearMonth(s)
	}
	return !strings.HasPrefix(format, "%y") || len(s) > 2 && isDigits(s[:2]) && s[2]-'0' > 9
}

// Date is a cell in a format, as the engine reads it.
func (r *Readings) Date(cell []byte, format int) (string, bool) {
	b, ok := r.dates[format].appendTime(nil, cell)
	return string(b), ok
}

// Digits are the date formats that read nothing but digits, as a number may be.
func (r *Readings) Digits() (set uint64) {
	for i, format := range r.Dates {
		if slices.Contains([]string{epoch, epochMS, "%Y%m%d", "%Y%m%d%H%M%S"}, format) {
			set |= 1 << i
		}
	}
	return set
}

// IsDressed says whether a cell has what stands around amounts: a currency sign or a common
// code, a percent sign, parentheses, or a minus behind it.
func IsDressed(cell []byte) bool {
	s := trimSpace(cell)
	if len(s) == 0 {
		return false
	}
	if s[0] == '(' || s[len(s)-1] == '%' || s[len(s)-1] == '-' || bytes.Contains(s, minus) || bytes.IndexFunc(s, func(r rune) bool { return unicode.Is(unicode.Sc, r) }) >= 0 {
		return true
	}
	s = bytes.TrimFunc(s, func(r rune) bool { return r == '-' || r == '+' || isSpace(r) })
	if slices.ContainsFunc(currencyWords, func(word []byte) bool { return bytes.HasPrefix(s, word) || bytes.HasSuffix(s, word) }) {
		return true
	}
	before, after := s[:len(s)-len(bytes.TrimLeftFunc(s, unicode.IsLetter))], s[len(bytes.TrimRightFunc(s, unicode.IsLetter)):]
	return slices.Contains(commonCurrencies, string(before)) || slices.Contains(commonCurrencies, string(after))
}

var commonCurrencies = []string{"USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "TRY", "RUB", "UAH", "BRL", "MXN", "ARS", "CLP", "COP", "CAD", "AUD", "NZD", "ZAR", "SGD", "HKD", "KRW", "THB", "IDR", "MYR", "PHP", "VND", "ILS", "AED", "SAR", "EGP", "NGN", "KES", "ISK"}

// Doubtful says of a cell whether its point may stand between thousands as well as before
// decimals, and decides whether it has one that cannot.
func Doubtful(cell []byte) (doubtful, decimal bool) {
	var p points
	p.observe(cell, 1)
	return p.thousands > 0, p.decimal
}

// TrimSpace takes all that Unicode calls space off both ends.
func TrimSpace(s []byte) []byte { return trimSpace(s) }

// IsWord says whether a cell is a text that may stand for nothing: short and without digits.
func IsWord(cell []byte) bool {
	return len(cell) > 0 && utf8.RuneCount(cell) <= 16 && bytes.IndexFunc(cell, unicode.IsDigit) < 0
}

// IsCommonWord says whether a word is one of those that common stands for.
func IsCommonWord(word string) bool { return slices.Contains(commonWords, word) }

// Settings are those of a format.
func (f NumberFormat) Settings() (s Settings) {
	s.DecimalChar, s.GroupChar = f.DecimalChar, f.GroupChar
	if f.Dressed {
		no := false
		s.BareNumber = &no
	}
	return s
}

// Decode is a text in UTF-8 that is in an encoding that package encodings has, with U+FFFD for bytes that
// the encoding does not have.
func Decode(encoding string, text []byte) string {
	c, err := charsetNamed(encoding)
	if err != nil {
		return strings.ToValidUTF8(string(text), "\uFFFD")
	}
	if c.first() {
		decoded, _ := io.ReadAll(c.reader("", bytes.NewReader(text)))
		return string(decoded)
	}
	if c.table == nil {
		return strings.ToValidUTF8(string(text), "\uFFFD")
	}
	var decoded []byte
	for _, b := range text {
		if c.table[b] == nil {
			decoded = utf8.AppendRune(decoded, utf8.RuneError)
		}
		decoded = append(decoded, c.table[b]...)
	}
	return string(decoded)
}
