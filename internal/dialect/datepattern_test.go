package dialect

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itchyny/timefmt-go"
)

// longFraction is more digits of a second than package timefmt reads.
var longFraction = regexp.MustCompile(`\.[0-9]{7}`)

var letterRuns = regexp.MustCompile(`[a-z]+`)

// Whatever a pattern reads and refuses, package timefmt reads as the same time and refuses.
func TestPatternsReadWhatTimefmtReads(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const weekdays = "%A,_ %a_"
	one := func(of string) string { all := strings.Split(of, " "); return all[rng.IntN(len(all))] }
	const signs = "0123456789  .:/-aApPmMjJ,T"
	read, refused, fast := 0, 0, 0
	for range 300_000 {
		// No part comes twice: timefmt takes the last, unless the day is one of the first three.
		format := one("_ "+weekdays) + one("%d/%m.%Y %e.%b_%y %m/%d/%y %d.%m.%Y %F %D %x %v %b-%d %B%d %Y%m%d %y%m%d %h%e,_%Y %Y_%% %m/%y") + one("_ T - ,_ .%f_") +
			one("- %H:%M %T %X %R %r %I:%M_%p %l%P %H%M%S %H%M%S %H:%M:%S %k.%M")
		format = strings.NewReplacer("_", " ", "-", one("- _ __")).Replace(format)
		if newDatePattern(format) == nil {
			t.Fatalf("%q has no pattern", format)
		}
		at := time.Date(1969+rng.IntN(100), time.Month(1+rng.IntN(12)), 1+rng.IntN(31), rng.IntN(24), rng.IntN(60), rng.IntN(60), rng.IntN(1000)*1e6, time.UTC)
		text := []byte(timefmt.Format(at, format))
		written := string(text)
		for range rng.IntN(3) {
			switch i := rng.IntN(len(text) + 1); rng.IntN(3) {
			case 0:
				text = append(text[:i], text[min(len(text), i+1):]...)
			case 1:
				text = append(text[:i:i], append([]byte{signs[rng.IntN(len(signs))]}, text[i:]...)...)
			default:
				if i < len(text) {
					text[i] = signs[rng.IntN(len(signs))]
				}
			}
		}
		if slices.ContainsFunc(letterRuns.FindAllString(strings.ToLower(string(text)), -1), func(word string) bool { return monthsElsewhere[word]+daysElsewhere[word] > 0 }) {
			continue // package timefmt knows English alone
		}
		if strings.Contains(string(text), "60") || longFraction.Match(text) { // a leap second, which timefmt takes for the next minute
			continue
		}
		// Of numbers without anything between them, which of them has fewer digits is not to be guessed.
		if run := strings.Contains(format, "%m%d") || strings.Contains(format, "%M%S"); run && string(text) != written {
			continue
		}
		f, fine := newDateFormat(format), rng.IntN(2) == 0
		got, ok := f.appendIn([]byte("x"), text, 0, fine)
		if full := f.full[0]; full != nil {
			if _, ok := full.appendTime(nil, text); ok {
				fast++
			}
		}
		slow := dateFormat{}
		want, wanted := slow.appendFormat([]byte("x"), text, format, fine)
		if ok != wanted || string(got) != string(want) {
			t.Fatalf("%q in %q: got %q, %v, want %q, %v", text, format, got, ok, want, wanted)
		}
		if ok {
			read++
		} else {
			refused++
		}
	}
	if read < 50_000 || refused < 50_000 || fast < 10_000 {
		t.Errorf("%d were read, %d of them at full width, %d were refused", read, fast, refused)
	}
}

// TestOffsets has Go's own times as the oracle, on each day of a year.
func TestOffsets(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for day := range 366 {
		for offset, forms := range map[int][]string{0: {"Z", "+00", "+0000", "-00:00"}, 60: {"+01", "+0100", "+01:00"}, -330: {"-0530", "-05:30"}, 845: {"+1405", "+14:05"}} {
			at := time.Date(2024, 1, 1+day, 1, 2, 3, 0, time.FixedZone("", offset*60))
			for _, form := range forms {
				for format, layout := range map[string]string{"%d.%m.%Y %H:%M:%S%z": "02.01.2006 15:04:05", "%Y%m%dT%H%M%S%z": "20060102T150405", "%F %T %z": "2006-01-02 15:04:05 ",
					"%a, %d %b %Y %T %z": "Mon, 02 Jan 2006 15:04:05 ", "%F %T%:z": "2006-01-02 15:04:05"} {
					want := strings.Contains(form, ":") || form == "Z" || !strings.Contains(format, ":z")
					text := []byte(at.Format(layout) + form)
					for _, zone := range []*time.Location{nil, berlin} {
						f := newDateFormat(format)
						told := at
						if f.zone = zone; zone != nil {
							told = at.In(zone)
						}
						got, ok := f.appendTime(nil, text)
						if ok != want || ok && string(got) != told.Format(engineTime) {
							t.Fatalf("%q in %q, told in %v: got %q, %v, want %s, %v", text, format, zone, got, ok, told.Format(engineTime), want)
						}
						// Package timefmt, which reads the forms that have no pattern, agrees.
						if got, ok = f.appendFormat(nil, text, format, false); ok != want || ok && string(got) != told.Format(engineTime) {
							t.Fatalf("%q in %q by timefmt: got %q, %v", text, format, got, ok)
						}
					}
				}
			}
		}
	}
}

func TestDatesInFormats(t *testing.T) {
	for _, c := range []struct{ format, text, want string }{
		{"%d.%m.%Y", "31.12.2022", "2022-12-31T00:00:00"},
		{"%m/%d/%Y %I:%M:%S %p", "1/2/2022 3:04:05 PM", "2022-01-02T15:04:05"},
		{"%d-%b-%y", "31-DEC-68", "2068-12-31T00:00:00"},
		{"%d-%b-%y", "31-dec-69", "1969-12-31T00:00:00"},
		{"%Y-%m-%d %H:%M:%S.%f", "2022-01-01 10:00:00.5", "2022-01-01T10:00:00"},
		{"%Y-%m-%d %H:%M:%S.%f%z", "2022-01-01 10:00:00.5+0100", "2022-01-01T10:00:00"},
		{"%F", "2022-02-28", "2022-02-28T00:00:00"},
		{"%F", "2022-02-29", ""},
		{"%F", "2024-02-29", "2024-02-29T00:00:00"},
		{"%D", "02/31/22", ""},
		{"%F %Z", "2022-02-31 UTC", ""},
		{"%F %Z", "2022-02-28 UTC", "2022-02-28T00:00:00"},
		{"%F", "24-01-05", ""},
		{"%F %Z", "24-01-05 UTC", ""},
		{"%Y-%m-%d %H:%M:%S", "2016-12-31 23:59:60", "2016-12-31T23:59:60"},
		{"%c", "Mon Jan  3 10:00:00 2022", "2022-01-03T10:00:00"},
		{"%F %Z", "2022-01-03 CET", "2022-01-03T00:00:00"},
		{"%d.%m.%Y %H:%M%z", "01.03.2024 10:00+1", ""},
		{"%d.%m.%Y %H:%M%z", "01.03.2024 10:00+01:0", ""},
		{"%d.%m.%Y %H:%M%z", "01.03.2024 10:00", ""},
		{"%A, %d %B %Y", "Monday, 3 January 2022", "2022-01-03T00:00:00"},
		{"%Y%m%d", "20221102", "2022-11-02T00:00:00"},
		{"%Y%m%d", "2022112", ""},
		{"%H%M%S %F", "16118 2022-01-05", ""},
		{"%s", "1640995200", "2022-01-01T00:00:00"},
		{"%Y-%j", "2022-032", "2022-02-01T00:00:00"},
		{"%G-W%V-%u", "2022-W05-2", "2022-02-01T00:00:00"},
		{"%d %b %Y %Z", "1 Feb 2022 UTC", "2022-02-01T00:00:00"},
		{"%Y-%m", "2022-07", "2022-07-01T00:00:00"},
	} {
		f := newDateFormat(c.format)
		if got, ok := f.appendTime(nil, []byte(c.text)); string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%q in %q: got %q, %v, want %q", c.text, c.format, got, ok, c.want)
		}
	}
}

// TestPartsOfASecond are told where dates are compared.
func TestPartsOfASecond(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		format string
		zone   *time.Location

		text, want string
	}{
		{ISO, nil, "2022-01-01 10:00:00.1234567890120", "2022-01-01T10:00:00.123456789012"},
		{ISO, nil, "2022-01-01 10:00:00,50", "2022-01-01T10:00:00.5"},
		{ISO, nil, "2022-01-01 10:00:00.000", "2022-01-01T10:00:00"},
		{ISO, berlin, "2022-01-01 10:00:00.250Z", "2022-01-01T11:00:00.25"},
		{"%d-%b-%y %I.%M.%S.%f %p", nil, "01-JAN-22 10.00.00.123456789 PM", "2022-01-01T22:00:00.123456789"},
		{"%Y%m%d%H%M%S%f", nil, "20220101100000050000", "2022-01-01T10:00:00.05"},
		{"%d.%m.%Y %T.%f", nil, "01.01.2022 10:00:00.050", "2022-01-01T10:00:00.05"},
		{"%d.%m.%Y %T.%f%z", berlin, "01.01.2022 10:00:00.5Z", "2022-01-01T11:00:00.5"},
		{"%d.%m.%Y %T.%f %Z", nil, "01.01.2022 10:00:00.5 UTC", "2022-01-01T10:00:00.5"},
		{epoch, nil, "1640995200", "2022-01-01T00:00:00"},
		{epoch, nil, "1640995200.0500", "2022-01-01T00:00:00.05"},
		{epoch, nil, "-0.25", "1969-12-31T23:59:59.75"},
		{epoch, nil, "-1", "1969-12-31T23:59:59"},
		{epochMS, nil, "1640995200250", "2022-01-01T00:00:00.25"},
		{epochMS, nil, "1640995200250.5", "2022-01-01T00:00:00.2505"},
		{epochMS, nil, "-1", "1969-12-31T23:59:59.999"},
		{epochMS, berlin, "1640995200001", "2022-01-01T01:00:00.001"},
	} {
		f := newDateFormat(c.format)
		f.zone = c.zone
		if got, ok := f.appendComparable(nil, []byte(c.text)); string(got) != c.want || !ok {
			t.Errorf("%q in %q: got %q, %v, want %q", c.text, c.format, got, ok, c.want)
		}
		if got, ok := f.appendTime(nil, []byte(c.text)); string(got) != c.want[:len(engineTime)] || !ok {
			t.Errorf("%q in %q, to the second: got %q, %v", c.text, c.format, got, ok)
		}
	}
}

func BenchmarkDates(b *testing.B) {
	for _, c := range []struct{ format, text string }{{"%d.%m.%Y", "31.12.2022"}, {"%m/%d/%Y %I:%M:%S %p", "1/2/2022 3:04:05 PM"}, {"%d %B %Y", "5 September 2022"}, {"iso", "2022-12-31T10:00:00"}} {
		f := newDateFormat(c.format)
		for name, read := range map[string]func([]byte) bool{
			"pattern": func(room []byte) bool { _, ok := f.appendTime(room, []byte(c.text)); return ok },
			"timefmt": func(room []byte) bool {
				_, ok := f.appendFormat(room, []byte(c.text), c.format, false)
				return ok || c.format == ISO
			},
		} {
			b.Run(c.text+"/"+name, func(b *testing.B) {
				var room [64]byte
				for b.Loop() {
					if !read(room[:0]) {
						b.Fatal(c.format)
					}
				}
			})
		}
	}
}

// TestDatesAreGuessed: a format is derived from a date that is in no common one.
func TestDatesAreGuessed(t *testing.T) {
	for text, want := range map[string][]string{
		"2024-01-05 10:00:00 UTC":          {"%Y-%m-%d %H:%M:%S %Z"},
		"2024-01-05 10:00:00.123456 UTC":   {"%Y-%m-%d %H:%M:%S.%f %Z"},
		"2024-01-05 10:00:00 +0000 UTC":    {"%Y-%m-%d %H:%M:%S %z %Z"},
		"Jan 5, 2024 10:00:00 AM PST":      {"%b %d, %Y %I:%M:%S %p %Z"},
		"May 5, 2024 at 9:00 pm":           {"%b %d, %Y at %I:%M %p"},
		"Fri Jan  5 10:00:00 UTC 2024":     {"%a %b %e %H:%M:%S %Z %Y"},
		"Friday, January 5, 2024":          {"%A, %B %d, %Y"},
		"13.5.24 10:00":                    {"%d.%m.%y %H:%M"},
		"5-Jan-24 10:00":                   {"%d-%b-%y %H:%M"},
		"99-Jan-24":                        {"%y-%b-%d"},
		"05-JAN-24 10.00.00.000000 AM":     {"%d-%b-%y %I.%M.%S.%f %p"},
		"20240105 100000":                  {"%Y%m%d %H%M%S"},
		"20240105T1000Z":                   {"%Y%m%dT%H%M%z"},
		"2024-01-05 10.30":                 {"%Y-%m-%d %H.%M"},
		"2024.01.05 10:00":                 {"%Y.%m.%d %H:%M"},
		"10:00 05/13/2024":                 {"%H:%M %m/%d/%Y"},
		"1/5/2024 10:00:00 +01:00":         {"%m/%d/%Y %H:%M:%S %z", "%d/%m/%Y %H:%M:%S %z"},
		"1/5/2024T10:00:00-05":             {"%m/%d/%YT%H:%M:%S%z", "%d/%m/%YT%H:%M:%S%z"},
		"24-01-31 10:00":                   {"%d-%m-%y %H:%M", "%y-%m-%d %H:%M"},
		"2024年1月5日 10:00":                  {"%Y年%m月%d日 %H:%M"},
		"31.12.2024 10:00 Uhr":             {"%d.%m.%Y %H:%M Uhr"},
		"January 2024":                     {"%B %Y"},
		"31/02/2024 10:00:00.5":            nil,
		"192.168.10.12":                    nil,
		"10.10.10.10":                      nil,
		"Room 5/1/2024":                    nil,
		"[05/Jan/2024:10:00:00":            nil,
		"5. Januar 2024":                   {"%d. %b %Y"},
		"Freitag, 5. März 2024":            {"%a, %d. %b %Y"},
		"05-Mai-24 10:00":                  {"%d-%b-%y %H:%M"},
		"15 févr. 2024":                    {"%d %b. %Y"},
		"mar. 15 août 2024":                {"%a. %d %b %Y"},
		"15 Mar 2024":                      {"%d %b %Y"},
		"3 de MAYO de 2024":                {"%d de %b de %Y"},
		"5 января 2024 10:00":              {"%d %b %Y %H:%M"},
		"Sept 5, 2024":                     {"%b %d, %Y"},
		"5. Listopada 2024":                nil,
		"5. Marsch 2024":                   nil,
		"10:00:00":                         nil,
		"May be 2024":                      nil,
		"1-800-555-0199":                   nil,
		"2024-01-05 10:00:00 (by machine)": nil,
	} {
		if got := guessDates([]byte(text), nil); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// FuzzGuessedDates: whatever is guessed reads the text.
func FuzzGuessedDates(f *testing.F) {
	for _, seed := range []string{"2024-01-05 10:00:00 UTC", "05-JAN-24 10.00.00.000000 AM", "1/5/2024 10:00:00 +01:00", "2024年1月5日", "Jan  5 2024+01:00:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range guessDates([]byte(text), nil) {
			form := newDateFormat(format)
			if _, ok := form.appendTime(nil, []byte(text)); !ok {
				t.Errorf("%q does not read %q", format, text)
			}
		}
	})
}

// TestNamesOfZones: those that mean one offset are told in the zone of the settings, others are not
// taken for UTC.
func TestNamesOfZones(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		"2024-01-05 10:00 UTC":   {"2024-01-05T10:00:00", "2024-01-05T05:00:00"},
		"2024-01-05 10:00 GMT":   {"2024-01-05T10:00:00", "2024-01-05T05:00:00"},
		"2024-01-05 10:00 Z":     {"2024-01-05T10:00:00", "2024-01-05T05:00:00"},
		"2024-01-05 10:00 PST":   {"2024-01-05T10:00:00", "2024-01-05T13:00:00"},
		"2024-07-05 10:00 EDT":   {"2024-07-05T10:00:00", "2024-07-05T10:00:00"},
		"2024-01-05 10:00 +0530": {"2024-01-05T10:00:00", "2024-01-04T23:30:00"},
		"2024-01-05 10:00 CET":   {"2024-01-05T10:00:00", ""},
		"2024-01-05 10:00 IST":   {"2024-01-05T10:00:00", ""},
		"2024-01-05 10:00 X":     {"", ""},
		"2024-01-05 10:00 ":      {"", ""},
	} {
		for i, zone := range []*time.Location{nil, newYork} {
			f := newDateFormat("%Y-%m-%d %H:%M %Z")
			f.zone = zone
			if got, ok := f.appendTime(nil, []byte(text)); string(got) != want[i] || ok != (want[i] != "") {
				t.Errorf("%s in %v: %s, want %q", text, zone, got, want[i])
			}
		}
	}
}
