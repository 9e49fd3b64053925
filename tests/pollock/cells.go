package main

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// meaning is the same text for cells that the benchmark's header and record measures take for
// the same: those of one boolean, number, time of day, date or price.
func meaning(cell string) string {
	if strings.TrimSpace(cell) == "" {
		return cell
	}
	switch cell {
	case "True", "true":
		return "1"
	case "False", "false":
		return "0"
	}
	if n, ok := integer(cell); ok {
		if n.IsInt64() && (n.Int64() == 0 || n.Int64() == 1) { // where only one spelling is a boolean's
			if cell == "0" || cell == "1" {
				return cell
			}
			return [...]string{"False", "True"}[n.Int64()]
		}
		return n.String()
	}
	if f, ok := float(cell); ok {
		return floatText(f)
	}
	for _, read := range []func(string) (string, bool){timeOfDay, date, price} {
		if text, ok := read(cell); ok {
			return text
		}
	}
	return strings.ToLower(cell)
}

var underscored = regexp.MustCompile(`^[+-]?\d+(_\d+)*$`)

func integer(s string) (*big.Int, bool) {
	if s = strings.TrimSpace(s); !underscored.MatchString(s) {
		return nil, false
	}
	return new(big.Int).SetString(strings.ReplaceAll(s, "_", ""), 10)
}

var floating = regexp.MustCompile(`(?i)^[+-]?(inf|infinity|nan|(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)(e[+-]?\d+(_\d+)*)?)$`)

func float(s string) (float64, bool) {
	if s = strings.TrimSpace(s); !floating.MatchString(s) {
		return 0, false
	}
	f, _ := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64) // beyond its range it is infinite
	return f, true
}

// floatText is a double as the benchmark joins it with other cells.
func floatText(f float64) string {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 0):
		return strings.TrimPrefix(strings.ToLower(fmt.Sprint(f)), "+")
	case size != 0 && (size < 1e-4 || size >= 1e16):
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// Times of day: 7:05, 07 05, 7:05:30, 7:05 h, 705h, 7h.
var clocks = func() (all []*regexp.Regexp) {
	const hour, part = `(2[0-3]|[01]\d|\d)`, `([0-5]\d|\d)`
	for _, p := range []string{hour + ":" + part, hour + " " + part, hour + ":" + part + ":" + part, hour + " " + part + " " + part,
		hour + " ?h", hour + ":?" + part + " ?h", hour + ":" + part + ":" + part + " ?h"} {
		all = append(all, regexp.MustCompile("^"+p+"$"))
	}
	return all
}()

func timeOfDay(text string) (string, bool) {
	for _, clock := range clocks {
		if m := clock.FindStringSubmatch(text); m != nil {
			var parts [3]int
			for i, s := range m[1:] {
				parts[i], _ = strconv.Atoi(s)
			}
			return fmt.Sprintf("%02d:%02d:%02d", parts[0], parts[1], parts[2]), true
		}
	}
	return "", false
}

// A price is the sign or the code of a currency, and the first number that is no percentage.
var (
	currencySign = regexp.MustCompile(`[A-Z]{1,3}\$|\$U|[$€£¥￥฿₡₦₩₪₫₭₮₱₲₴₸₺₼₾₹₽﷼]|[Zz]ł|Kč|руб|лв`)
	currencyCode = regexp.MustCompile(`AED|AMD|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HRK|HUF|IDR|ILS|INR|ISK|JPY|KES` +
		`|KRW|MAD|MXN|MYR|NGN|NOK|NZD|PEN|PHP|PKR|PLN|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR` +
		`|Br|Bs|Db|FBu|FCFA|FC|FG|Fdj|Ft|KM|KSh|Le|MK|MT|Nfk|RM|Rp|Rs|SR|TSh|UM|USh|VT|YR|ZK|kn|kr|lei`)
	amountOf = regexp.MustCompile(`(\d[\d\s\p{Z}.,]*)[\s\p{Z}]*?(?:[^%\d]|$)`)
	pointOf  = regexp.MustCompile(`\d*([.,])(?:\d{1,2}?|\d{4}\d*?)$`)
	points   = strings.NewReplacer(".", "", ",", "")
)

func price(text string) (string, bool) {
	currency := currencySign.FindString(text)
	if currency == "" {
		if currency = currencyCode.FindString(text); currency == "" {
			return "", false
		}
	}
	m := amountOf.FindStringSubmatch(text)
	if m == nil {
		return currency + "0.0", strings.Contains(strings.ToLower(text), "free")
	}
	amount := strings.TrimRight(strings.Join(strings.FieldsFunc(m[1], unicode.IsSpace), ""), ".,")
	if at := pointOf.FindStringSubmatchIndex(amount); at != nil {
		amount = points.Replace(amount[:at[2]]) + "." + amount[at[3]:]
	} else {
		amount = points.Replace(amount)
	}
	f, ok := float(amount)
	return currency + floatText(f), ok
}
