package groupby

import (
	"bytes"
	"cmp"
)

// timeExpected is the problem text for what truncateTime refuses.
const timeExpected = "is not a time: expected such as 2022-01-31 or 2022-01-31T12:30:00Z"

// truncateTime appends the year (2022), month (2022-01), day (2022-01-31) or
// hour (2022-01-31T12) of an ISO 8601 date or RFC 3339 time to dst. The date
// and the time of day may also be separated by a blank. The time is taken as
// it is written; a zone is checked but not applied. A date alone is midnight.
func truncateTime(dst, s []byte, unit function) ([]byte, bool) {
	if !validTime(s) {
		return dst, false
	}
	switch unit {
	case year:
		return append(dst, s[:4]...), true
	case month:
		return append(dst, s[:7]...), true
	case day:
		return append(dst, s[:10]...), true
	}
	dst = append(dst, s[:10]...)
	if len(s) == 10 {
		return append(dst, "T00"...), true
	}
	dst = append(dst, 'T')
	return append(dst, s[11:13]...), true
}

// compareHours compares the times of day of two valid times as they are written, without zones.
func compareHours(x, y []byte) int {
	a, fraction := timeOfDay(x)
	b, other := timeOfDay(y)
	if a != b {
		return cmp.Compare(a, b)
	}
	return bytes.Compare(fraction, other)
}

// timeOfDay is 123059 for 12:30:59, and the digits of a fraction without zeros at their end.
func timeOfDay(s []byte) (n int, fraction []byte) {
	if len(s) == len("2022-01-31") {
		return 0, nil
	}
	n = twoDigits(s[11:]) * 10000
	if len(s) < len("2022-01-31T12:30") || s[13] != ':' {
		return n, nil
	}
	n += twoDigits(s[14:]) * 100
	if len(s) < len("2022-01-31T12:30:59") || s[16] != ':' {
		return n, nil
	}
	n += twoDigits(s[17:])
	if len(s) > 19 && s[19] == '.' {
		end := 20
		for end < len(s) && s[end]-'0' <= 9 {
			end++
		}
		fraction = bytes.TrimRight(s[20:end], "0")
	}
	return n, fraction
}

// validTime accepts YYYY-MM-DD, then optionally T or a blank and
// HH[:MM[:SS[.fraction]]], then optionally Z, ±HH, ±HHMM or ±HH:MM.
func validTime(s []byte) bool {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	y1, y2, m, d := twoDigits(s), twoDigits(s[2:]), twoDigits(s[5:]), twoDigits(s[8:])
	if y1 < 0 || y2 < 0 || m < 1 || m > 12 || d < 1 || d > daysIn(y1*100+y2, m) {
		return false
	}
	if s = s[10:]; len(s) == 0 {
		return true
	}
	if s[0] != 'T' && s[0] != 't' && s[0] != ' ' {
		return false
	}
	if s = s[1:]; !twoDigitsWithin(s, 23) {
		return false
	}
	s = s[2:]
	if len(s) > 0 && s[0] == ':' {
		if s = s[1:]; !twoDigitsWithin(s, 59) {
			return false
		}
		s = s[2:]
		if len(s) > 0 && s[0] == ':' {
			if s = s[1:]; !twoDigitsWithin(s, 60) { // 60: a leap second
				return false
			}
			s = s[2:]
			if len(s) > 1 && s[0] == '.' {
				n := 1
				for n < len(s) && s[n]-'0' <= 9 {
					n++
				}
				if n == 1 {
					return false
				}
				s = s[n:]
			}
		}
	}
	return validZone(s)
}

func validZone(s []byte) bool {
	switch {
	case len(s) == 0:
		return true
	case s[0] == 'Z' || s[0] == 'z':
		return len(s) == 1
	case s[0] != '+' && s[0] != '-', !twoDigitsWithin(s[1:], 23):
		return false
	}
	s = s[3:]
	if len(s) > 0 && s[0] == ':' {
		s = s[1:]
		return len(s) == 2 && twoDigitsWithin(s, 59)
	}
	return len(s) == 0 || len(s) == 2 && twoDigitsWithin(s, 59)
}

// twoDigits is -1 where s does not start with two digits.
func twoDigits(s []byte) int {
	if len(s) < 2 || s[0]-'0' > 9 || s[1]-'0' > 9 {
		return -1
	}
	return int(s[0]-'0')*10 + int(s[1]-'0')
}

func twoDigitsWithin(s []byte, most int) bool {
	n := twoDigits(s)
	return n >= 0 && n <= most
}

func daysIn(y, m int) int {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
