package dialect

import (
	"bytes"
	"strings"
	"time"
)

// datePattern is a format of strftime that has only conversions of patternConversions, without
// those that stand for several. It takes the texts that package timefmt takes, for the same times,
// but where numbers follow each other without anything between them, all digits must be there:
// 2022112 is no date in %Y%m%d. Names of months and days may also be those of other languages.
type datePattern []dateStep

// dateStep is a character, or a conversion.
type dateStep struct {
	c          byte
	conversion bool
	full       bool // it has as many digits as it may have
}

const (
	patternConversions = "YymdeHkIlMSfpPbhBaAnt%zZ"
	digitConversions   = "YymdHIMSf"
)

var composed = strings.NewReplacer("%%", "%%", "%F", "%Y-%m-%d", "%D", "%m/%d/%y", "%x", "%m/%d/%y",
	"%T", "%H:%M:%S", "%X", "%H:%M:%S", "%R", "%H:%M", "%r", "%I:%M:%S %p", "%v", "%e-%b-%Y", "%c", "%a %b %e %H:%M:%S %Y")

// newDatePattern is nil for a format with other conversions, which only package timefmt reads.
func newDatePattern(format string) datePattern {
	format = composed.Replace(format)
	var p datePattern
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			p = append(p, dateStep{c: format[i]})
			continue
		}
		if strings.HasPrefix(format[i:], "%:z") {
			p = append(p, dateStep{c: ':', conversion: true})
			i += len(":z")
			continue
		}
		if i++; i == len(format) || strings.IndexByte(patternConversions, format[i]) < 0 {
			return nil
		}
		p = append(p, dateStep{c: format[i], conversion: format[i] != '%'})
	}
	for i := 1; i < len(p); i++ {
		if p[i-1].digits() && p[i].digits() {
			if p[i-1].c == 'f' || p[i].c == 'f' {
				return nil
			}
			p[i-1].full, p[i].full = true, true
		}
	}
	return p
}

func (s dateStep) digits() bool { return s.conversion && strings.IndexByte(digitConversions, s.c) >= 0 }

// appendTime appends the time that s is as the engine reads times; it says false, and appends
// nothing, where s is none. A time with an offset is told in the zone, unless that is nil. fine is
// with what there is of a second.
func (p datePattern) appendTime(dst, s []byte, zone *time.Location, fine bool) ([]byte, bool) {
	t, ok := p.read(s)
	if !ok || t.elsewhere != "" && zone != nil || t.day > 28 && t.day > daysIn(t.year, t.month) {
		return dst, false
	}
	if t.half > 0 {
		t.hour = t.hour%12 + 12*(t.half-1)
	}
	if t.zoned && zone != nil {
		at := time.Date(t.year, time.Month(t.month), t.day, t.hour, t.minute, t.second-t.offset, 0, time.UTC)
		if dst, ok = appendInZone(dst, at, zone, engineTime); !ok {
			return dst, false
		}
	} else {
		dst = append(dst, digit(t.year/1000), digit(t.year/100), digit(t.year/10), digit(t.year), '-', digit(t.month/10), digit(t.month), '-', digit(t.day/10), digit(t.day),
			'T', digit(t.hour/10), digit(t.hour), ':', digit(t.minute/10), digit(t.minute), ':', digit(t.second/10), digit(t.second))
	}
	if fine {
		dst = appendFraction(dst, t.fraction)
	}
	return dst, true
}

// width is how many digits a conversion has at most.
func width(conversion byte) int {
	switch conversion {
	case 'Y':
		return 4
	case 'f':
		return 9
	}
	return 2
}

func digit(n int) byte { return byte('0' + n%10) }

// read reads a time whose day its month may not have.
func (p datePattern) read(s []byte) (t written, ok bool) {
	t = written{year: 1900, month: 1, day: 1} // of what the format leaves out
	for _, step := range p {
		if step.conversion {
			before := len(s)
			if s, ok = t.read(step.c, s); !ok || step.full && before-len(s) < width(step.c) {
				return t, false
			}
			continue
		}
		if len(s) == 0 || s[0] != step.c {
			return t, false
		}
		s = s[1:]
	}
	return t, len(s) == 0
}

// written is a time as it is written.
type written struct {
	year, month, day, hour, minute, second, half int

	fraction  []byte // digits of a second
	zoned     bool
	offset    int    // from UTC, in seconds
	elsewhere string // the name of a zone whose offset is not known
}

// read reads a conversion of patternConversions, and returns what follows it.
func (t *written) read(conversion byte, s []byte) (rest []byte, ok bool) {
	switch conversion {
	case 'Y':
		t.year, s, ok = readDigits(s, width(conversion), 1000, 9999)
	case 'y':
		if t.year, s, ok = readDigits(s, width(conversion), 0, 99); t.year < 69 { // as POSIX has it
			t.year += 2000
		} else {
			t.year += 1900
		}
	case 'm':
		t.month, s, ok = readDigits(s, width(conversion), 1, 12)
	case 'b', 'h':
		t.month, s, ok = readName(s, monthNames[:], monthsElsewhere, len("jan"))
	case 'B':
		t.month, s, ok = readName(s, monthNames[:], monthsElsewhere, len("september"))
	case 'd':
		t.day, s, ok = readDigits(s, width(conversion), 1, 31)
	case 'e':
		t.day, s, ok = readDigits(afterBlank(s), width(conversion), 1, 31)
	case 'H':
		t.hour, s, ok = readDigits(s, width(conversion), 0, 23)
	case 'k':
		t.hour, s, ok = readDigits(afterBlank(s), width(conversion), 0, 23)
	case 'I':
		t.hour, s, ok = readDigits(s, width(conversion), 1, 12)
		t.hour %= 12
	case 'l':
		t.hour, s, ok = readDigits(afterBlank(s), width(conversion), 1, 12)
		t.hour %= 12
	case 'p', 'P':
		t.half, s, ok = readName(s, halves[:], nil, len("am"))
	case 'M':
		t.minute, s, ok = readDigits(s, width(conversion), 0, 59)
	case 'S':
		t.second, s, ok = readDigits(s, width(conversion), 0, 60) // 60: a leap second
	case 'f':
		_, rest, ok = readDigits(s, width(conversion), 0, 999_999_999) // package timefmt takes six of them
		t.fraction, s = s[:len(s)-len(rest)], rest
	case 'a':
		_, s, ok = readName(s, dayNames[:], daysElsewhere, len("sun"))
	case 'A':
		_, s, ok = readName(s, dayNames[:], daysElsewhere, len("wednesday"))
	case 'n', 't':
		rest = bytes.TrimLeft(s, " \t\n\v\f\r")
		s, ok = rest, len(rest) < len(s)
	case 'z', ':':
		t.zoned = true
		t.offset, s, ok = readOffset(s, conversion == ':')
	case 'Z':
		s, ok = t.readZone(s)
	}
	return s, ok
}

// zoneOffsets are those of the names of zones that mean one offset everywhere, in hours: those of
// RFC 5322, section 4.3.
var zoneOffsets = map[string]int{"UTC": 0, "GMT": 0, "UT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// readZone reads the name of a zone, of one to five capital letters, or an offset. The name of one
// that is not in zoneOffsets is kept: CET and CEST have an offset, but IST has three.
func (t *written) readZone(s []byte) (rest []byte, ok bool) {
	n := 0
	for n < len(s) && s[n]-'A' <= 'Z'-'A' {
		n++
	}
	if n == 0 {
		t.zoned = true
		t.offset, s, ok = readOffset(s, false)
		return s, ok
	}
	hours, known := zoneOffsets[string(s[:n])]
	if t.zoned, t.offset = known, hours*3600; !known {
		t.elsewhere = string(s[:n])
	}
	return s[n:], known || n >= 3 && n <= 5
}

// readOffset reads Z, +01, +0100 or +01:00; with colon not those without one.
func readOffset(s []byte, colon bool) (seconds int, rest []byte, ok bool) {
	if len(s) == 0 {
		return 0, s, false
	}
	sign := 1
	switch s[0] {
	case 'Z':
		return 0, s[1:], true
	case '-':
		sign = -1
	case '+':
	default:
		return 0, s, false
	}
	hours := twoDigits(s[1:])
	if hours < 0 || hours > 23 {
		return 0, s, false
	}
	s = s[3:]
	digits := s
	if len(s) > 0 && s[0] == ':' {
		digits = s[1:]
	} else if colon {
		return 0, s, false
	}
	minutes := twoDigits(digits)
	if minutes > 59 || minutes < 0 && len(digits) < len(s) {
		return 0, s, false
	} else if minutes >= 0 {
		s = digits[2:]
	}
	return sign * (hours*3600 + max(minutes, 0)*60), s, true
}

// readDigits reads up to most digits, whose number is from least to greatest.
func readDigits(s []byte, most, least, greatest int) (n int, rest []byte, ok bool) {
	i := 0
	for ; i < min(most, len(s)) && s[i]-'0' <= 9; i++ {
		n = n*10 + int(s[i]-'0')
	}
	return n, s[i:], i > 0 && n >= least && n <= greatest
}

func afterBlank(s []byte) []byte {
	if len(s) > 0 && s[0] == ' ' {
		return s[1:]
	}
	return s
}
