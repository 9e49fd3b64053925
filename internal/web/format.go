package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// formatSize writes bytes for people: 5,120 becomes 5.0 KiB.
func formatSize(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 && unit < 4 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}

// formatCount groups digits: 12345 becomes 12,345.
func formatCount(v any) string {
	text := fmt.Sprint(v)
	digits, fraction, hasFraction := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	if strings.Trim(digits+fraction, "0123456789") != "" {
		return text
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if hasFraction {
		digits += "." + fraction
	}
	return sign + digits
}

// formatSpan is a length of time, for people.
func formatSpan(d time.Duration) string {
	d = max(0, d)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// formatTook is a length of time in seconds, for people; none where it was not measured.
func formatTook(seconds float64) string {
	switch {
	case seconds <= 0:
		return ""
	case seconds < 0.001:
		return fmt.Sprintf("%.0f µs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.1f ms", seconds*1e3)
	case seconds < 120:
		return fmt.Sprintf("%.1f s", seconds)
	}
	return formatSpan(time.Duration(seconds * float64(time.Second)))
}

// visible is a text whose invisible characters can be seen: those that control the
// direction of writing could make a name look like another.
func visible(text string) string {
	if !strings.ContainsFunc(text, hidden) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co) || r == unicode.ReplacementChar
}

// escapePath is a name as part of an address.
func escapePath(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// formatRate is how many of something there are in a second, with three digits.
func formatRate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'g', 3, 64) }

// formatSpeed is rows per second, for people; "" when that means nothing.
func formatSpeed(rows int64, seconds float64) string {
	if rows == 0 || seconds <= 0 {
		return ""
	}
	return formatCount(int64(float64(rows) / seconds))
}

// formatTime is a time in UTC, to the second, for people.
func formatTime(t time.Time) string { return t.UTC().Format(time.DateTime) }

// formatInt is a whole number as attributes and addresses have it.
func formatInt[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// plural is a number and the noun that goes with it: 1 file, 2,000 files.
func plural[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return formatCount(n) + " " + many
}

// sentence begins a text with a capital and ends it with a full stop.
func sentence(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[n:] + "."
}
