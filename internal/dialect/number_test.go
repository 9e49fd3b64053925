package dialect

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// TestNumbers writes numbers in random formats and reads them.
func TestNumbers(t *testing.T) {
	no := false
	r := rand.New(rand.NewPCG(rand.Uint64(), 1))
	for range 20000 {
		whole := strconv.Itoa(r.IntN(10_000_000) / []int{1, 1000, 10_000}[r.IntN(3)])
		decimals := ""
		if r.IntN(2) == 0 {
			decimals = strconv.Itoa(r.IntN(1000))
		}
		negative := r.IntN(3) == 0
		want := whole
		if decimals != "" {
			want += "." + decimals
		}
		if negative {
			want = "-" + want
		}
		s := Settings{}
		pick := func(of ...string) string { return of[r.IntN(len(of))] }
		s.DecimalChar = pick("", ".", ",")
		decimal := pick(s.DecimalChar)
		if decimal == "" {
			decimal = "."
		}
		if s.GroupChar = pick("", ",", ".", "'", Space); s.GroupChar == decimal {
			s.GroupChar = ""
		}
		group := map[string]string{Space: pick(" ", "\u00a0", "\u2009", "\u202f"), "'": pick("'", "\u2019")}[s.GroupChar]
		if group == "" {
			group = s.GroupChar
		}
		text := grouped(whole, group, s.GroupChar != "" && r.IntN(4) == 0)
		if decimals != "" {
			text += decimal + decimals
		}
		if r.IntN(2) == 0 {
			s.BareNumber = &no
			blank := pick("", " ", "\u00a0")
			currency := pick("", "$", "€", "EUR", "kr", "zł", "R$", "Fr.", "¥")
			before := r.IntN(2) == 0
			sign := ""
			if negative {
				sign = pick("-", "\u2212")
			}
			inner := text
			switch {
			case negative && r.IntN(3) == 0:
				text = pick("(%s)", "("+currency+blank+"%s)", "("+"%s"+blank+currency+")", currency+blank+"(%s)", "(%s)"+blank+currency)
				text = strings.Replace(text, "%s", inner, 1)
			case currency == "" && r.IntN(3) == 0:
				text = sign + text + blank + "%"
				want += "e-2"
			case negative && currency == "" && r.IntN(2) == 0:
				text += sign
			case before && r.IntN(2) == 0:
				text = currency + blank + sign + text
			case before:
				text = sign + currency + blank + text
			default:
				text = sign + text + blank + currency
			}
		} else if negative {
			text = "-" + text
		}
		f, err := s.numberFormat()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.appendNumber(nil, []byte(pick("", " ", "\t")+text+pick("", " "))); !ok || string(got) != want {
			t.Fatalf("%q under %+v: %q, %v, want %q", text, s, got, ok, want)
		}
	}
}

// grouped puts a character between thousands, or as in India.
func grouped(digits, group string, indian bool) string {
	if group == "" {
		return digits
	}
	var parts []string
	for n := 3; len(digits) > n; {
		parts = append([]string{digits[len(digits)-n:]}, parts...)
		if digits = digits[:len(digits)-n]; indian {
			n = 2
		}
	}
	return strings.Join(append([]string{digits}, parts...), group)
}

func TestWhatIsNoNumber(t *testing.T) {
	no := false
	for text, s := range map[string]Settings{
		"12.34":      {DecimalChar: ",", GroupChar: "."},
		"1.2345":     {DecimalChar: ",", GroupChar: "."},
		"0.911":      {DecimalChar: ",", GroupChar: "."},
		"-012.345":   {DecimalChar: ",", GroupChar: "."},
		"0,125.5":    {GroupChar: ","},
		"1234.567":   {DecimalChar: ",", GroupChar: "."},
		"1.234.56":   {DecimalChar: ",", GroupChar: "."},
		"1,00,00":    {GroupChar: ","},
		"1,":         {GroupChar: ","},
		",5":         {GroupChar: ","},
		"$12":        {},
		"1e":         {},
		"":           {},
		".":          {},
		"--1":        {},
		"0x1F":       {},
		"1 2":        {},
		"12%EUR":     {BareNumber: &no},
		"EUR 12 USD": {BareNumber: &no},
		"-12-":       {BareNumber: &no},
		"5,-":        {BareNumber: &no, DecimalChar: ","},
		"CHF 5.-":    {BareNumber: &no},
		"5,\u2212 €": {BareNumber: &no, DecimalChar: ","},
		"1.200,-":    {BareNumber: &no, DecimalChar: ",", GroupChar: "."},
		"(-12)":      {BareNumber: &no},
		"EURO 12":    {BareNumber: &no},
		"ABC 12":     {BareNumber: &no},
		"$":          {BareNumber: &no},
		"$ +":        {BareNumber: &no},
		"-":          {BareNumber: &no},
		"5 PCS":      {BareNumber: &no},
		"five":       {BareNumber: &no},

		strings.Repeat("7", 309):              {},
		strings.Repeat("7", 309) + "e0":       {},
		strings.Repeat("7", 211) + "e99":      {},
		strings.Repeat("7", 312) + "%":        {BareNumber: &no},
		"1" + strings.Repeat(",000", 103):     {GroupChar: ","},
		"-1" + strings.Repeat("0", 309) + ".": {},
	} {
		f, err := s.numberFormat()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.appendNumber([]byte("x"), []byte(text)); ok || string(got) != "x" {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
}

// TestLargeNumbers: many digits are a number up to the largest double.
func TestLargeNumbers(t *testing.T) {
	no := false
	for text, want := range map[string]string{
		strings.Repeat("1", 309):               strings.Repeat("1", 309),
		strings.Repeat("0", 400) + "7":         strings.Repeat("0", 400) + "7",
		"7" + strings.Repeat("0", 310) + "%":   "",
		"7" + strings.Repeat("0", 308) + "%":   "7" + strings.Repeat("0", 308) + "e-2",
		strings.Repeat("7", 400) + "e-300":     strings.Repeat("7", 400) + "e-300",
		"0." + strings.Repeat("7", 400):        "0." + strings.Repeat("7", 400),
		strings.Repeat("7", 200) + ".5" + "e9": strings.Repeat("7", 200) + ".5e9",
	} {
		f, err := Settings{BareNumber: &no}.numberFormat()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := f.appendNumber(nil, []byte(text)); ok != (want != "") || string(got) != want {
			t.Errorf("%.20s… of %d digits: %q, %v", text, len(text), got, ok)
		}
	}
}

// TestCurrencies: signs, codes of ISO 4217 and words stand before or behind an amount.
func TestCurrencies(t *testing.T) {
	no := false
	f, err := Settings{BareNumber: &no, GroupChar: ","}.numberFormat()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"EUR 5": "5", "5 XOF": "5", "5DEM": "5", "BTC 0.5": "0.5", "Rs. 1,00,000.50": "100000.50", "5円": "5", "5 руб.": "5", "5 TL": "5", "-5 грн": "-5", "$ -": "0", "- €": "0",
	} {
		if got, ok := f.appendNumber(nil, []byte(text)); !ok || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", text, got, ok, want)
		}
	}
}

func TestHints(t *testing.T) {
	for cell, want := range map[string]string{
		"1.234,50":   `decimalChar: "," and groupChar: "." read it`,
		"12,5":       `decimalChar: "," reads it`,
		"1,234.5":    `groupChar: "," reads it`,
		"1'234.50":   `groupChar: "'" reads it`,
		"$12.50":     `bareNumber: false reads it`,
		"(30.50)":    `bareNumber: false reads it`,
		"30.50-":     `bareNumber: false reads it`,
		"1.234,50 €": `decimalChar: ",", groupChar: "." and bareNumber: false read it`,
		"1 234":      `groupChar: "space" reads it`,
		"n/a":        `missingValues: ["n/a"] reads it as NULL`,
		"  ":         `trim: true reads it as NULL`,
	} {
		r, err := Settings{}.compile()
		if err != nil {
			t.Fatal(err)
		}
		if got := r.numberHint([]byte(cell), false); got != "; "+want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
	r, _ := Settings{}.compile()
	for _, cell := range []string{"1e400", strings.Repeat("7", 400)} {
		if got := r.comparedHint([]byte(cell), false); got != ": the largest is 1.8e308" {
			t.Errorf("%q, compared: %q", cell, got)
		}
	}
	if got := r.numberSettings([]byte("1.50")); got != "" {
		t.Errorf("a number, as it is: %q", got)
	}
	for cell, want := range map[string]string{
		"05.01.2024":   `; dateFormats: ["%d.%m.%Y"] reads it`,
		"1/31/2024":    `; dateFormats: ["%m/%d/%Y"] reads it`,
		"1/5/2024":     `; dateFormats: ["%m/%d/%Y"] or ["%d/%m/%Y"] reads it`,
		"20240105":     `; dateFormats: ["%Y%m%d"] reads it`,
		"1704412800":   `; dateFormats: ["epoch"] reads it`,
		"5 Jan 2024":   `; dateFormats: ["%d %b %Y"] reads it`,
		"31.02.2024":   `; its month has fewer days`,
		"02/30/2024":   `; its month has fewer days`,
		"2023-02-29":   `; there is no 2023-02-29`,
		"2024-13-01":   `; there is no month 13`,
		"2024-12-00":   `; there is no 2024-12-00`,
		"12.5":         `; dateFormats names how it is written`,
		"1704448800.5": `; dateFormats: ["epoch"] reads it`,
		"31.12.24":     `; dateFormats: ["%d.%m.%y"] or ["%y.%m.%d"] reads it`,
		"unknown":      `; missingValues: ["unknown"] reads it as NULL`,
		"Jan 5, 2024":  `; dateFormats: ["%b %d, %Y"] reads it`,

		"2024-01-05 24:00:00":      `; there is no hour 24`,
		"2024-01-05T23:60":         `; there is no minute 60`,
		"02/03/2024 10:00 AM":      `; dateFormats: ["%m/%d/%Y %I:%M %p"] or ["%d/%m/%Y %I:%M %p"] reads it`,
		"01-02-2024":               `; dateFormats: ["%d-%m-%Y"] or ["%m-%d-%Y"] reads it`,
		"01-13-2024":               `; dateFormats: ["%m-%d-%Y"] reads it`,
		"Sun Jan  1 00:00:00 2023": `; dateFormats: ["%a %b %e %H:%M:%S %Y"] reads it`,
		"1/31/24 9:05 am":          `; dateFormats: ["%m/%d/%y %I:%M %p"] reads it`,
	} {
		if got := r.dateHint([]byte(cell), false); got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
	if r, _ = (Settings{DateFormats: []string{"%d.%m.%Y"}}).compile(); r.dateHint([]byte("31.02.2024"), false) != "; its month has fewer days" {
		t.Errorf("the 31st of February: %q", r.dateHint([]byte("31.02.2024"), false))
	}
}

// TestOrderOfDayAndMonth: a column is in one order, so that no hint names formats of both.
func TestOrderOfDayAndMonth(t *testing.T) {
	for _, c := range []struct {
		said       []string
		cell, want string
	}{
		{[]string{"%m/%d/%Y"}, "13/04/2024", `; if the day comes first in all of the column, dateFormats: ["%d/%m/%Y"] reads it, in the place of "%m/%d/%Y"`},
		{[]string{"%d/%m/%Y"}, "04/13/2024", `; if the month comes first in all of the column, dateFormats: ["%m/%d/%Y"] reads it, in the place of "%d/%m/%Y"`},
		{[]string{"iso", "%m/%d/%Y %H:%M"}, "13/04/2024", `; if the day comes first in all of the column, dateFormats: ["iso", "%d/%m/%Y %H:%M", "%d/%m/%Y"] reads it, in the place of "%m/%d/%Y %H:%M"`},
		{[]string{"%m/%d/%Y %H:%M"}, "03/04/2024", `; dateFormats: ["%m/%d/%Y %H:%M", "%m/%d/%Y"] reads it`},
		{[]string{"%m/%d/%Y"}, "13.04.2024", `; dateFormats: ["%m/%d/%Y", "%d.%m.%Y"] reads it`},
		{[]string{"%m/%d/%Y"}, "02/30/2024", "; its month has fewer days"},
	} {
		r, err := Settings{DateFormats: c.said}.compile()
		if err != nil {
			t.Fatal(err)
		}
		if got := r.dateHint([]byte(c.cell), false); got != c.want {
			t.Errorf("%q of %q: %s, want %s", c.cell, c.said, got, c.want)
		}
	}
}

// TestWordsInTheFirstRow: only what people write where nothing is known is offered as NULL there;
// a row below others is an exception.
func TestWordsInTheFirstRow(t *testing.T) {
	r, err := Settings{}.compile()
	if err != nil {
		t.Fatal(err)
	}
	for cell, want := range map[string][2]string{
		"tea":     {ofText, `; missingValues: ["tea"] reads it as NULL`},
		"N/A":     {`; missingValues: ["N/A"] reads it as NULL`, `; missingValues: ["N/A"] reads it as NULL`},
		"-":       {`; missingValues: ["-"] reads it as NULL`, `; missingValues: ["-"] reads it as NULL`},
		"unknown": {`; missingValues: ["unknown"] reads it as NULL`, `; missingValues: ["unknown"] reads it as NULL`},
		"TRUE":    {trueOrFalse, trueOrFalse},
		"12,5":    {`; decimalChar: "," reads it`, `; decimalChar: "," reads it`},
	} {
		if got := [2]string{r.numberHint([]byte(cell), true), r.numberHint([]byte(cell), false)}; got != want {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}
