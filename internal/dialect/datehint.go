package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// noSuchTime says of a text in a usual form what no date or no time of day has.
func noSuchTime(s []byte) string {
	number := func(from int, before string) (n int, ok bool) {
		if len(s) < from+2 || strings.IndexByte(before, s[from-1]) < 0 || !isDigits(s[from:from+2]) {
			return 0, false
		}
		n, _ = strconv.Atoi(string(s[from : from+2]))
		return n, true
	}
	for _, format := range commonDates {
		if t, ok := newDatePattern(format).read(s); ok && len(s) > 0 && format[:2] != "%Y" && t.day > daysIn(t.year, t.month) {
			return "; its month has fewer days"
		}
	}
	if len(s) < len("2024-01-31") || !isDigits(s[:4]) {
		return ""
	}
	month, ok := number(5, "-")
	day, both := number(8, "-")
	if !ok || !both {
		return ""
	}
	year, _ := strconv.Atoi(string(s[:4]))
	switch {
	case month < 1 || month > 12:
		return fmt.Sprintf("; there is no month %d", month)
	case day < 1 || day > daysIn(year, month):
		return fmt.Sprintf("; there is no %s", s[:10])
	}
	for i, part := range []string{"hour", "minute", "second"} {
		n, ok := number(11+3*i, []string{" T", ":", ":"}[i])
		if !ok {
			break
		}
		if n > []int{23, 59, 59}[i] {
			return fmt.Sprintf("; there is no %s %d", part, n)
		}
	}
	return ""
}

// inOtherOrder is the hint where a format that was said is that of the cell but for the order of
// day and month: a column is in one of them. Otherwise it is "".
func (r *rules) inOtherOrder(format string) string {
	swap := strings.NewReplacer("%m", "%d", "%d", "%m")
	date, _, _ := strings.Cut(swap.Replace(format), " ")
	var list []string
	out := ""
	for _, said := range r.DateFormats {
		if of, _, _ := strings.Cut(said, " "); of == date {
			if out == "" {
				out = said
			}
			said = swap.Replace(said)
		}
		list = append(list, said)
	}
	if out == "" {
		return ""
	}
	if !slices.Contains(list, format) {
		list = append(list, format)
	}
	first := "day"
	if strings.Index(format, "%m") < strings.Index(format, "%d") {
		first = "month"
	}
	last := len(list) - 1
	return fmt.Sprintf("; if the %s comes first in all of the column, dateFormats: [%s] reads it, in the place of %q", first, strings.Join(beside(list[:last], list[last]), ", "), out)
}
