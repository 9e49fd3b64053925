package dialect

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/itchyny/timefmt-go"
)

// dateFormat is how dates and times are written.
type dateFormat struct {
	formats  []string       // iso, epoch, epochms or of strftime, tried in order
	patterns []datePattern  // of the formats; nil where a format has none
	full     []*fullWidth   // of the patterns; nil where a pattern has none
	zone     *time.Location // in which values with an offset and epochs are told; nil: as they are written
	plain    bool           // as the engine reads them
}

func newDateFormat(formats ...string) dateFormat {
	f := dateFormat{formats: formats, patterns: make([]datePattern, len(formats)), full: make([]*fullWidth, len(formats))}
	for i, format := range formats {
		if strings.Contains(format, "%") {
			if f.patterns[i] = newDatePattern(format); f.patterns[i] != nil {
				f.full[i] = newFullWidth(f.patterns[i])
			}
		}
	}
	return f
}

// appendTime appends a cell as the engine reads times: 2006-01-02T15:04:05. It says
// false, and appends nothing, where the cell is no time in any of the formats.
func (f *dateFormat) appendTime(dst, cell []byte) ([]byte, bool) {
	s := trimSpace(cell)
	for i := range f.formats {
		var ok bool
		if dst, ok = f.appendIn(dst, s, i, false); ok {
			return dst, true
		}
	}
	return dst, false
}

// appendIn appends a time in one of the formats; fine is with what there is of a second.
func (f *dateFormat) appendIn(dst, s []byte, i int, fine bool) ([]byte, bool) {
	if w := f.full[i]; w != nil {
		if dst, ok := w.appendTime(dst, s); ok {
			return dst, true
		}
	}
	if p := f.patterns[i]; p != nil {
		return p.appendTime(dst, s, f.zone, fine)
	}
	format := f.formats[i]
	switch format {
	case ISO:
		return f.appendISO(dst, s, fine)
	case epoch:
		return f.appendEpoch(dst, s, time.Second, fine)
	case epochMS:
		return f.appendEpoch(dst, s, time.Millisecond, fine)
	}
	return f.appendFormat(dst, s, format, fine)
}

// appendComparable is appendTime for a text that may be none, and may be in ISO 8601 where
// the formats do not name that: see expression.Dates.
func (f *dateFormat) appendComparable(dst, text []byte) ([]byte, bool) {
	dst, _, ok := f.appendWritten(dst, text, true)
	return dst, ok
}

// appendFraction appends the digits of a part of a second, without zeros at their end.
func appendFraction(dst, digits []byte) []byte {
	if digits = bytes.TrimRight(digits, "0"); len(digits) == 0 {
		return dst
	}
	return append(append(dst, '.'), digits...)
}

// appendDay is appendComparable without a time of day, where the text has none.
func (f *dateFormat) appendDay(dst, text []byte) ([]byte, bool) {
	dst, format, ok := f.appendWritten(dst, text, false)
	if ok && !timed(format, text) {
		dst = dst[:len(dst)-len("T00:00:00")]
	}
	return dst, ok
}

func (f *dateFormat) appendWritten(dst, text []byte, fine bool) (_ []byte, format string, ok bool) {
	s := trimSpace(text)
	if f.formats[0] == ISO && len(f.formats) == 1 {
		dst, ok = f.appendISO(dst, s, fine)
		return dst, ISO, ok
	}
	if bytes.IndexFunc(s, unicode.IsDigit) < 0 {
		return dst, "", false
	}
	for i, format := range f.formats {
		if dst, ok = f.appendIn(dst, s, i, fine); ok {
			return dst, format, true
		}
	}
	dst, ok = f.appendISO(dst, s, fine)
	return dst, ISO, ok
}

// timed says whether a date in a format has a time of day.
func timed(format string, text []byte) bool {
	switch format {
	case ISO:
		return len(trimSpace(text)) > len("2006-01-02")
	case epoch, epochMS:
		return true
	}
	for i := 0; i+1 < len(format); i++ {
		if format[i] == '%' {
			if i++; strings.IndexByte("HIklMSsfpPTXRrc+", format[i]) >= 0 {
				return true
			}
		}
	}
	return false
}

const engineTime = "2006-01-02T15:04:05"

// timeLayout is that of package time.
func timeLayout(fine bool) string {
	if fine {
		return engineTime + ".999999999"
	}
	return engineTime
}

// appendInZone appends a time as it is told in a zone. It says false, and appends nothing, where the
// zone moves it out of the years 1 to 9999: the engine reads years of four digits.
func appendInZone(dst []byte, t time.Time, zone *time.Location, layout string) ([]byte, bool) {
	t = t.In(zone)
	if t.Year() < 1 || t.Year() > 9999 {
		return dst, false
	}
	return t.AppendFormat(dst, layout), true
}

// outOfYears says whether a cell is a time that only the zone makes unreadable: see appendInZone.
func (f *dateFormat) outOfYears(cell []byte) bool {
	if f.zone == nil {
		return false
	}
	s, asWritten := trimSpace(cell), *f
	asWritten.zone = nil
	for i, p := range f.patterns {
		if t, ok := p.read(s); p != nil && ok && t.elsewhere != "" {
			continue // the offset of its zone is not known
		}
		if _, ok := asWritten.appendIn(nil, s, i, false); ok {
			return true
		}
	}
	return false
}

func (f *dateFormat) appendFormat(dst, s []byte, format string, fine bool) ([]byte, bool) {
	t, err := timefmt.Parse(string(s), format)
	// Package timefmt takes 24 for the year 24 of %Y.
	if err != nil || t.Year() < 1000 || t.Year() > 9999 || beyondMonth(string(s), format, t) {
		return dst, false
	}
	if f.zone != nil && (hasOffset(format) || strings.Contains(format, "%s")) {
		return appendInZone(dst, t, f.zone, timeLayout(fine))
	}
	return t.AppendFormat(dst, timeLayout(fine)), true
}

// beyondMonth says whether a day is one that its month does not have, such as the 31st of
// February, which package timefmt takes for one of the next month. The text is then not
// what the time is written as.
func beyondMonth(s, format string, t time.Time) bool {
	if t.Day() > 3 {
		return false
	}
	// An offset may be written in several ways: of it, at the end, nothing is asked.
	read, written := numbersIn(s), numbersIn(timefmt.Format(t, offsets.Replace(format)))
	if hasOffset(format) && len(read) > len(written) {
		read = read[:len(written)]
	}
	return !slices.Equal(read, written)
}

var offsets = strings.NewReplacer("%%", "%%", "%z", "", "%:z", "", "%::z", "")

func hasOffset(format string) bool {
	return strings.Contains(format, "%z") || strings.Contains(format, "%Z") || strings.Contains(format, ":z") || strings.Contains(format, "%+")
}

// numbersIn are the numbers of a text without the zeros before them and, as those of a fraction,
// behind them.
func numbersIn(s string) []string {
	fields := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	for i, f := range fields {
		fields[i] = strings.Trim(f, "0")
	}
	return fields
}

// appendEpoch takes units since 1970, of which there may be a fraction.
func (f *dateFormat) appendEpoch(dst, s []byte, unit time.Duration, fine bool) ([]byte, bool) {
	whole, part, _ := bytes.Cut(s, []byte{'.'})
	if !isDigits(part) {
		return dst, false
	}
	n, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil {
		return dst, false
	}
	per := int64(time.Second / unit)
	fraction := time.Duration(n%per) * unit
	scale := unit
	for _, c := range part[:min(len(part), 9)] {
		scale /= 10
		if s[0] == '-' {
			fraction -= time.Duration(c-'0') * scale
		} else {
			fraction += time.Duration(c-'0') * scale
		}
	}
	t := time.Unix(n/per, int64(fraction)).UTC()
	if t.Year() < 0 || t.Year() > 9999 {
		return dst, false
	}
	if f.zone != nil {
		return appendInZone(dst, t, f.zone, timeLayout(fine))
	}
	return t.AppendFormat(dst, timeLayout(fine)), true
}

// appendISO takes 2024-01-31, with T or a blank and 10:00, 10:00:00 or 10:00:00.123
// behind it, and then, with or without a blank, Z, +01:00, +0100 or +01.
func (f *dateFormat) appendISO(dst, s []byte, fine bool) (_ []byte, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return dst, false
	}
	year1, year2, month, day := twoDigits(s), twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	year := year1*100 + year2
	if year1 < 0 || year2 < 0 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) {
		return dst, false
	}
	rest := s[10:]
	if len(rest) == 0 {
		return append(append(dst, s...), "T00:00:00"...), true
	}
	if rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ' {
		return dst, false
	}
	rest = rest[1:]
	part := func(most int) int {
		n := twoDigits(rest)
		if n < 0 || n > most {
			return -1
		}
		rest = rest[2:]
		return n
	}
	next := func(c byte) bool {
		if len(rest) == 0 || rest[0] != c {
			return false
		}
		rest = rest[1:]
		return true
	}
	hour, minute, second, fraction := part(23), 0, 0, []byte(nil)
	if hour < 0 {
		return dst, false
	}
	if next(':') {
		if minute = part(59); minute < 0 {
			return dst, false
		}
		if next(':') {
			if second = part(60); second < 0 {
				return dst, false
			}
			if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') && rest[1]-'0' <= 9 {
				n := 1
				for n < len(rest) && rest[n]-'0' <= 9 {
					n++
				}
				fraction, rest = rest[1:n], rest[n:]
			}
		}
	}
	for len(rest) > 1 && rest[0] == ' ' {
		rest = rest[1:]
	}
	offset, known := 0, len(rest) > 0
	if known && !next('Z') && !next('z') {
		negative := next('-')
		if !negative && !next('+') {
			return dst, false
		}
		hours, minutes := part(23), 0
		if colon := next(':'); hours >= 0 && (colon || len(rest) > 0) {
			minutes = part(59)
		}
		if hours < 0 || minutes < 0 {
			return dst, false
		}
		if offset = hours*3600 + minutes*60; negative {
			offset = -offset
		}
	}
	if len(rest) > 0 {
		return dst, false
	}
	if known && f.zone != nil {
		t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC).Add(-time.Duration(offset) * time.Second)
		if dst, ok = appendInZone(dst, t, f.zone, engineTime); ok && fine {
			dst = appendFraction(dst, fraction)
		}
		return dst, ok
	}
	dst = append(append(dst, s[:10]...), 'T')
	for i, n := range [...]int{hour, minute, second} {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, byte('0'+n/10), byte('0'+n%10))
	}
	if fine {
		dst = appendFraction(dst, fraction)
	}
	return dst, true
}

// twoDigits is -1 where s does not begin with two digits.
func twoDigits(s []byte) int {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}
