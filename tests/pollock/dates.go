package main

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Dates are those that python-dateutil finds, which the benchmark uses, as far as two
// spellings of one date matter. https://dateutil.readthedocs.io

// noDate is panicked with by what reads a date, and caught by date.
type noDate struct{}

// now is what a date that is not told whole is filled up with.
var now = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

var (
	monthNames = func() map[string]int {
		names := map[string]int{"sept": 9}
		for m := time.January; m <= time.December; m++ {
			names[strings.ToLower(m.String())], names[strings.ToLower(m.String()[:3])] = int(m), int(m)
		}
		return names
	}()
	dayNames = func() map[string]int {
		names := map[string]int{}
		for d := range 7 {
			name := strings.ToLower(time.Weekday((d + 1) % 7).String())
			names[name], names[name[:3]] = d, d
		}
		return names
	}()
	units  = map[string]int{"h": 0, "hour": 0, "hours": 0, "m": 1, "minute": 1, "minutes": 1, "s": 2, "second": 2, "seconds": 2}
	halves = map[string]int{"am": 0, "a": 0, "pm": 1, "p": 1}
	zulu   = []string{"UTC", "GMT", "Z", "z"}
)

func filler(token string) bool { return len(token) == 1 && strings.Contains(" .,;-/'", token) }

func digits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

const unset = -1

// dateReader reads one text.
type dateReader struct {
	tokens                       []string
	numbers                      ymd
	hour, minute, second, micros int
	weekday                      int
	zone                         string
	offset                       int
	hasOffset                    bool
}

func (r *dateReader) word(i int) string {
	if i < 0 || i >= len(r.tokens) {
		return ""
	}
	return strings.ToLower(r.tokens[i])
}

// token is what has to be there.
func (r *dateReader) token(i int) string {
	if i >= len(r.tokens) {
		panic(noDate{})
	}
	return r.tokens[i]
}

func whole(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(noDate{})
	}
	return n
}

func finite(s string) *big.Rat {
	f, ok := float(s)
	n, exact := new(big.Rat).SetString(strings.ReplaceAll(strings.TrimSpace(s), "_", ""))
	if !ok || !exact || f != f {
		panic(noDate{})
	}
	return n
}

// parts are those before and after the point, the latter in sixtieths.
func parts(n *big.Rat) (int, int, bool) {
	i := new(big.Int).Quo(n.Num(), n.Denom())
	rest := new(big.Rat).Sub(n, new(big.Rat).SetInt(i))
	if !i.IsInt64() {
		panic(noDate{})
	}
	rest.Mul(rest, big.NewRat(60, 1))
	return int(i.Int64()), int(new(big.Int).Quo(rest.Num(), rest.Denom()).Int64()), rest.Sign() != 0
}

func (r *dateReader) minutes(n *big.Rat) {
	minute, seconds, more := parts(n)
	if r.minute = minute; more {
		r.second = seconds
	}
}

func (r *dateReader) seconds(s string) {
	before, after, _ := strings.Cut(s, ".")
	r.second, r.micros = whole(before), 0
	if after != "" {
		r.micros = whole((after + "000000")[:6])
	}
}

func halfDay(hour, half int) int {
	switch {
	case half == 1 && hour < 12:
		return hour + 12
	case half == 0 && hour == 12:
		return 0
	}
	return hour
}

func isUnit(s string) bool { _, ok := units[s]; return ok }

// number takes the number at i, and says where the last token is that belongs to it.
func (r *dateReader) number(i int) int {
	t := r.tokens
	w, n := t[i], len(t[i])
	value := finite(w)
	unit := -1
	switch {
	case isUnit(r.word(i + 1)):
		unit = i + 1
	case i+2 < len(t) && t[i+1] == " " && isUnit(r.word(i+2)):
		unit = i + 2
	case i > 0 && isUnit(r.word(i-1)):
		unit = i - 1
	case 1 < i && i == len(t)-1 && t[i-1] == " " && isUnit(r.word(i-2)):
		unit = i - 2
	}
	half, halved := halves[r.word(i+1)]
	switch {
	case len(r.numbers.values) == 3 && (n == 2 || n == 4) && r.hour == unset && (i+1 >= len(t) || t[i+1] == " " || isUnit(r.word(i+1))):
		if r.hour = whole(w[:2]); n == 4 {
			r.minute = whole(w[2:])
		}
	case n == 6 || n > 6 && strings.IndexByte(w, '.') == 6:
		if len(r.numbers.values) == 0 && !strings.Contains(w, ".") {
			for k := 0; k < 6; k += 2 {
				r.numbers.addText(w[k:k+2], 0)
			}
		} else {
			r.hour, r.minute = whole(w[:2]), whole(w[2:4])
			r.seconds(w[4:])
		}
	case n == 8 || n == 12 || n == 14:
		r.numbers.addText(w[:4], 'Y')
		r.numbers.addText(w[4:6], 0)
		r.numbers.addText(w[6:8], 0)
		if n > 8 {
			r.hour, r.minute = whole(w[8:10]), whole(w[10:12])
		}
		if n > 12 {
			r.second = whole(w[12:])
		}
	case unit >= 0:
		which := units[r.word(unit)]
		if unit < i {
			which++
		}
		switch which {
		case 0:
			hour, minutes, more := parts(value)
			if r.hour = hour; more {
				r.minute = minutes
			}
		case 1:
			r.minutes(value)
		case 2:
			r.seconds(w)
		}
		return max(i, unit)
	case i+2 < len(t) && t[i+1] == ":":
		r.hour, _, _ = parts(value)
		r.minutes(finite(t[i+2]))
		if i+4 < len(t) && t[i+3] == ":" {
			r.seconds(t[i+4])
			i += 2
		}
		i += 2
	case i+1 < len(t) && strings.Contains("-/.", t[i+1]):
		r.numbers.addText(w, 0)
		if i+2 < len(t) && !filler(t[i+2]) {
			if digits(t[i+2]) {
				r.numbers.addText(t[i+2], 0)
			} else {
				r.numbers.add(r.month(i+2), false, 'M')
			}
			if i+3 < len(t) && t[i+3] == t[i+1] {
				if m, ok := monthNames[r.word(i+4)]; ok {
					r.numbers.add(m, false, 'M')
				} else {
					r.numbers.addText(r.token(i+4), 0)
				}
				i += 2
			}
			i++
		}
		i++
	case i+1 >= len(t) || filler(t[i+1]):
		if half, ok := halves[r.word(i+2)]; ok && i+2 < len(t) {
			hour, _, _ := parts(value)
			r.hour = halfDay(hour, half)
			i++
		} else {
			r.addNumber(value)
		}
		i++
	case halved && value.Sign() >= 0 && value.Cmp(big.NewRat(24, 1)) < 0:
		hour, _, _ := parts(value)
		r.hour = halfDay(hour, half)
		i++
	default:
		if f, _ := value.Float64(); !r.numbers.couldBeDay(f) {
			panic(noDate{})
		}
		r.addNumber(value)
	}
	return i
}

func (r *dateReader) addNumber(value *big.Rat) {
	n, _, _ := parts(value)
	r.numbers.add(n, value.Cmp(big.NewRat(100, 1)) > 0, 0)
}

func (r *dateReader) month(i int) int {
	m, ok := monthNames[r.word(i)]
	if !ok {
		panic(noDate{})
	}
	return m
}

// step takes what is at i, and says where the last token is that belongs to it.
func (r *dateReader) step(i int) int {
	t, w := r.tokens, r.word(i)
	if _, ok := float(t[i]); ok {
		return r.number(i)
	}
	if d, ok := dayNames[w]; ok {
		r.weekday = d
		return i
	}
	if m, ok := monthNames[w]; ok {
		r.numbers.add(m, false, 'M')
		switch {
		case i+1 >= len(t):
		case t[i+1] == "-" || t[i+1] == "/":
			r.numbers.addText(r.token(i+2), 0)
			if i+3 < len(t) && t[i+3] == t[i+1] {
				r.numbers.addText(r.token(i+4), 0)
				i += 2
			}
			i += 2
		case i+4 < len(t) && t[i+1] == " " && t[i+3] == " " && r.word(i+2) == "of":
			if digits(t[i+4]) {
				year := strconv.Itoa(fullYear(whole(t[i+4]), len(t[i+4]) > 2))
				r.numbers.addText(year, 'Y')
			}
			i += 4
		}
		return i
	}
	if half, ok := halves[w]; ok {
		if r.hour < 0 || r.hour > 12 {
			panic(noDate{})
		}
		r.hour = halfDay(r.hour, half)
		return i
	}
	capitals := strings.IndexFunc(t[i], func(c rune) bool { return c < 'A' || c > 'Z' }) < 0
	isZulu := slices.Contains(zulu, t[i])
	if r.hour != unset && r.zone == "" && !r.hasOffset && len([]rune(t[i])) <= 5 && (capitals || isZulu) {
		r.zone, r.hasOffset, r.offset = t[i], isZulu, 0
		if i+1 < len(t) && (t[i+1] == "+" || t[i+1] == "-") {
			t[i+1] = map[string]string{"+": "-", "-": "+"}[t[i+1]] // GMT+3 is three hours behind
			r.hasOffset = false
			if isZulu {
				r.zone = ""
			}
		}
		return i
	}
	if r.hour != unset && (t[i] == "+" || t[i] == "-") {
		sign, number := 1, r.token(i+1)
		if t[i] == "-" {
			sign = -1
		}
		hours, minutes := 0, 0
		switch {
		case len(number) == 4:
			hours, minutes = whole(number[:2]), whole(number[2:])
		case i+2 < len(t) && t[i+2] == ":":
			hours, minutes = whole(number), whole(r.token(i+3))
			i += 2
		case len(number) <= 2:
			hours = whole(number)
		default:
			panic(noDate{})
		}
		r.hasOffset, r.offset = true, sign*(hours*60+minutes)
		if i+5 < len(t) && filler(t[i+2]) && t[i+3] == "(" && t[i+5] == ")" && len(t[i+4]) >= 3 {
			i += 4
		}
		return i + 1
	}
	if !filler(t[i]) {
		panic(noDate{})
	}
	return i
}

func fullYear(year int, century bool) int {
	if year < 100 && !century {
		year += now.Year() / 100 * 100
		if year >= now.Year()+50 {
			year -= 100
		} else if year < now.Year()-50 {
			year += 100
		}
	}
	return year
}

func date(text string) (out string, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, is := p.(noDate); !is {
				panic(p)
			}
			out, ok = "", false
		}
	}()
	r := &dateReader{tokens: tokens(text), numbers: ymd{at: map[byte]int{}}, hour: unset, minute: unset, second: unset, micros: unset, weekday: unset}
	for i := 0; i < len(r.tokens); i++ {
		i = r.step(i)
	}
	year, month, day := r.numbers.resolve()
	if year < 0 && month < 0 && day < 0 && r.weekday < 0 && r.zone == "" && !r.hasOffset && r.hour < 0 && r.minute < 0 && r.second < 0 {
		return "", false
	}
	given := day
	if year >= 0 {
		year = fullYear(year, r.numbers.century)
	} else {
		year = now.Year()
	}
	if month < 0 {
		month = int(now.Month())
	}
	if year < 1 || year > 9999 || month < 1 || month > 12 {
		return "", false
	}
	if day < 0 {
		day = min(now.Day(), daysIn(year, month))
	}
	hour, minute, second := max(r.hour, 0), max(r.minute, 0), max(r.second, 0)
	if day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return "", false
	}
	at := time.Date(year, time.Month(month), day, hour, minute, second, max(r.micros, 0)*1000, time.UTC)
	if r.weekday >= 0 && given <= 0 {
		at = at.AddDate(0, 0, (r.weekday-(int(at.Weekday())+6)%7+7)%7)
	}
	out = at.Format("2006-01-02 15:04:05")
	if r.micros > 0 {
		out += fmt.Sprintf(".%06d", r.micros)
	}
	if r.hasOffset {
		if r.offset <= -24*60 || r.offset >= 24*60 {
			return "", false
		}
		sign, size := '+', r.offset
		if size < 0 {
			sign, size = '-', -size
		}
		out += fmt.Sprintf("%c%02d:%02d", sign, size/60, size%60)
	}
	return out, true
}
