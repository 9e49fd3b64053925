// Package format writes numbers, times and names of files for people to read, and so
// that they are safe in pages, logs and tables.
package format

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Size is a number of bytes: 5,120 becomes 5.0 KiB.
func Size(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 && unit < 4 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}

// Count groups digits: 12345 becomes 12,345.
func Count(v any) string {
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

// Span is a duration in its largest unit: 90 s is 1 min. A negative one is 0 s.
func Span(d time.Duration) string {
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

// Took is how long something took, given in seconds; "" where that was not measured.
func Took(seconds float64) string {
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
	return Span(time.Duration(seconds * float64(time.Second)))
}

// Visible is a text with its invisible characters written out: one that changes the
// direction of writing could make a name look like another.
func Visible(text string) string {
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

// Lines is Visible for a text of several lines.
func Lines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Visible(line)
	}
	return strings.Join(lines, "\n")
}

func hidden(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Co) || r == unicode.ReplacementChar
}

// Path is the name of a file as a part of a URL.
func Path(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}

// Rate is a number per second, with three digits.
func Rate(perSecond float64) string { return strconv.FormatFloat(perSecond, 'g', 3, 64) }

// Speed is rows per second; "" where there are no rows or no time was measured.
func Speed(rows int64, seconds float64) string {
	if rows == 0 || seconds <= 0 {
		return ""
	}
	return Count(int64(float64(rows) / seconds))
}

// Time is a time in UTC, to the second.
func Time(t time.Time) string { return t.UTC().Format(time.DateTime) }

// Int is a whole number as attributes and URLs have it.
func Int[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// Plural is a number and its noun: 1 file, 2,000 files.
func Plural[T int | int64](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Sentence begins a text with a capital and ends it with a full stop.
func Sentence(text string) string {
	first, n := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[n:] + "."
}

// Cell is a text as a cell of a CSV file that a spreadsheet does not take for a formula
// (OWASP, "CSV Injection").
func Cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
