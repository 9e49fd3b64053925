package dialect

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// currencyWords are currencies that are neither a sign nor a code. Longer ones come
// first.
var currencyWords = [][]byte{[]byte("kr."), []byte("Fr."), []byte("kr"), []byte("Kr"), []byte("zł"), []byte("Kč"), []byte("Ft"), []byte("лв."), []byte("лв"),
	[]byte("руб."), []byte("руб"), []byte("р."), []byte("грн."), []byte("грн"), []byte("TL"), []byte("Rs."), []byte("Rs"), []byte("円"), []byte("元")}

// currencyCodes are those of ISO 4217, also of currencies that are no more, and others in use.
var currencyCodes = codesOf(`AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
	BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
	GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP
	LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP
	PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY
	TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR
	ZMW ZWG ZWL
	ATS BEF BYR CYP DEM EEK ESP FIM FRF GRD IEP ITL LTL LUF LVL MRO MTL NLG PTE ROL RUR SIT SKK STD TRL VEF ZMK
	BTC CNH ETH NIS NTD RMB SFR UKP XBT`)

func codesOf(list string) map[[3]byte]bool {
	codes := make(map[[3]byte]bool)
	for _, code := range strings.Fields(list) {
		codes[[3]byte([]byte(code))] = true
	}
	return codes
}

// currencyBefore is the length of the currency that s begins with, or 0: a sign, as $
// or R$, a code such as EUR, or a word such as kr.
func currencyBefore(s []byte) int {
	if len(s) == 0 || s[0]-'0' <= 9 {
		return 0
	}
	letters := 0
	for letters < len(s) && letters < 4 && s[letters]-'A' <= 'Z'-'A' {
		letters++
	}
	if letters <= 2 {
		if r, n := utf8.DecodeRune(s[letters:]); unicode.Is(unicode.Sc, r) {
			return letters + n
		}
	}
	if letters == 3 && currencyCodes[[3]byte(s)] {
		return 3
	}
	for _, word := range currencyWords {
		if bytes.HasPrefix(s, word) {
			return len(word)
		}
	}
	return 0
}

// currencyAfter is currencyBefore for the end of s.
func currencyAfter(s []byte) int {
	if len(s) == 0 || s[len(s)-1]-'0' <= 9 {
		return 0
	}
	if r, n := utf8.DecodeLastRune(s); unicode.Is(unicode.Sc, r) {
		for letters := 0; letters < 2 && n < len(s) && s[len(s)-n-1]-'A' <= 'Z'-'A'; letters++ {
			n++
		}
		return n
	}
	letters := 0
	for letters < len(s) && s[len(s)-1-letters]-'A' <= 'Z'-'A' {
		letters++
	}
	if letters == 3 && currencyCodes[[3]byte(s[len(s)-3:])] {
		return 3
	}
	for _, word := range currencyWords {
		if bytes.HasSuffix(s, word) {
			return len(word)
		}
	}
	return 0
}

// currencies are those of the numbers of a column: the first that was seen, and another.
type currencies struct {
	first, other string
	seen         string // the first as it is written
}

// observe takes a cell that is a number into account.
func (c *currencies) observe(cell []byte) {
	if c.other != "" || c.seen != "" && (bytes.HasPrefix(cell, []byte(c.seen)) || bytes.HasSuffix(cell, []byte(c.seen))) {
		return
	}
	var room [32]byte
	unit := room[:0]
	for _, b := range cell {
		if isUnit(b) {
			unit = append(unit, b)
		}
	}
	if len(unit) == 0 || string(unit) == c.first || len(unit) == 1 && unit[0]|0x20 == 'e' { // an exponent
		return
	}
	name := withoutMarks(unit)
	if c.seen == "" {
		c.seen = name
	}
	if code, ok := codes[name]; ok {
		name = code
	}
	c.merge(currencies{first: name})
}

// CurrenciesNote says of a column of amounts, some of which are given, that they are in two currencies;
// "" where they are not.
func CurrenciesNote(column string, cells []string) string {
	var c currencies
	for _, cell := range cells {
		c.observe([]byte(cell))
	}
	return c.note(column)
}

func (c *currencies) note(column string) string {
	if c.other == "" {
		return ""
	}
	return fmt.Sprintf("%s has amounts in %q and in %q, which are taken as if they were of one", column, c.first, c.other)
}

// isUnit says whether a byte of a number may be one of its currency.
func isUnit(b byte) bool { return b > 0x7f || b == '$' || b|0x20 >= 'a' && b|0x20 <= 'z' }

// codes are those of currencies that have other names, too.
var codes = map[string]string{"€": "EUR", "Euro": "EUR", "$": "USD", "US$": "USD", "£": "GBP", "¥": "JPY", "円": "JPY", "Fr": "CHF", "SFR": "CHF",
	"₹": "INR", "Rs": "INR", "₺": "TRY", "TL": "TRY", "₽": "RUB", "руб": "RUB", "р": "RUB", "₴": "UAH", "грн": "UAH", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "лв": "BGN"}

// withoutMarks is a currency without the minus and the blanks that are not of ASCII.
func withoutMarks(unit []byte) string {
	return strings.Map(func(r rune) rune {
		if r == '\u2212' || r == '\u2019' || unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(unit))
}

func (c *currencies) merge(of currencies) {
	for _, unit := range []string{of.first, of.other} {
		switch {
		case unit == "" || unit == c.first:
		case c.first == "":
			c.first = unit
		case c.other == "":
			c.other = unit
		}
	}
}

// unclear says whether every point may be one between thousands, and there is one.
func (p *points) unclear() bool { return p.thousands > 0 && !p.decimal }

// Thousands watches numbers for points of which nothing says what they mean.
type Thousands struct{ points points }

// Observe takes a text that is a number into account.
func (t *Thousands) Observe(number []byte) { t.points.observe(number, 1) }

// Err is that of a column of a file for which no settings say so, or nil.
func (t *Thousands) Err(file, column string) error {
	if t.points.unclear() {
		return unclearPoints(file, column, t.points.cell, 0)
	}
	return nil
}

func isDigits(s []byte) bool {
	for _, c := range s {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}
