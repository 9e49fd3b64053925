package query

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// TestDatesInAFormAreReadByTheEngine, with the same result as row by row.
func TestDatesInAFormAreReadByTheEngine(t *testing.T) {
	var text strings.Builder
	text.WriteString("t,v,w\n")
	first := time.Date(2022, 12, 25, 0, 0, 0, 0, time.UTC)
	for i := range 1500 {
		at := first.AddDate(0, 0, i*7%40)
		fmt.Fprintf(&text, "%s,%d,%s\n", at.Format("02.01.2006"), i, []string{"", "", "5", "5", "31.12.2022", "01.01.2023"}[i/500*2+i%2])
	}
	file := []byte(text.String())
	for _, c := range []struct {
		keys, aggregates, where string

		want string
	}{
		{"year(t) as y", "count(*) as n, min(v) as least", "", "y,n,least\n2022,263,0\n2023,1237,1\n"},
		{"month(t) as m", "count(*) as n", "t >= '31.12.2022' and t < '2023-01-02'", "m,n\n2022-12,38\n2023-01,38\n"},
		{"", "min(t) as a, max(t) as b, sum(v) as s", "", "a,b,s\n2022-12-25,2023-02-02,1124250\n"},
		{"", "max(w) as b, sum(v) as s", "", "b,s\n2023-01-01,1124250\n"},
		{"", "min(w) as a, count(distinct t) as n", "v < 400", "a,n\n,40\n"},
		{"t", "max(v) as v", "day(t) = '2023-01-01'", "t,v\n01.01.2023,1481\n"},
		{"year(t) as y, month(t) as m", "count(*) filter (where t = '2023-01-01') as n", "", "y,m,n\n2022,2022-12,0\n2023,2023-01,38\n2023,2023-02,0\n"},
	} {
		spec := Spec{Aggregate: strings.Split(c.aggregates, ", "), Where: c.where, Input: dialect.Settings{DateFormats: []string{"%d.%m.%Y"}}}
		if c.keys != "" {
			spec.GroupBy = strings.Split(c.keys, ", ")
		}
		q, err := Compile(spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, plain, err := q.Look(t.Context(), dialect.File{Name: "f.csv", ReaderAt: bytes.NewReader(file), Size: int64(len(file))}); err != nil || !plain {
			t.Errorf("%q, %q: the engine does not read it: %v", c.keys, c.aggregates, err)
		}
		if strings.HasPrefix(c.keys, "year") && q.columns[0].Role != groupby.Time {
			t.Errorf("%q: its column is not one of times", c.keys)
		}
		got := ask(t, spec, file, 2)
		spec.Input.CommentPrefix = "%never%"
		if rowwise := ask(t, spec, file, 2); got != rowwise || got.result != c.want {
			t.Errorf("%q, %q, %q: got %+v, row by row %+v, want %q", c.keys, c.aggregates, c.where, got, rowwise, c.want)
		}
	}
	// A header among the rows is none of them, though its name is a date.
	for _, c := range []struct{ format, name, rows string }{
		{"%d.%m.%Y", "01.01.2022", "31.12.2022,1\n01.01.2023,1\n"},
		{"iso", "2022-01-01", "2022-12-31,1\n2023-01-01,1\n"},
	} {
		spec := Spec{GroupBy: []string{`year("` + c.name + `") as y`}, Aggregate: []string{"count(*) as n"}, Input: dialect.Settings{DateFormats: []string{c.format}}}
		header := c.name + ",v\n"
		if got, want := ask(t, spec, []byte(header+c.rows+header), 2), "y,n\n2022,1\n2023,1\n"; got.result != want {
			t.Errorf("%s: got %+v, want %q", c.name, got, want)
		}
	}
}

// TestTimesAreComparedByTime, however they are written in ISO 8601.
func TestTimesAreComparedByTime(t *testing.T) {
	cells := []string{
		"2024-01-30T23:59:59.999", "2024-01-31",
		"2024-01-31T00:00", "2024-01-31 00:00:00", "2024-01-31T00:00:00.000Z",
		"2024-01-31 09", "2024-01-31T09:59:60", "2024-01-31 10:00", "2024-01-31T10:00:00", "2024-01-31t10:00:00+05:00",
		"2024-01-31T10:00:00.2", "2024-01-31 10:00:00.200", "2024-01-31 10:00:00,25", "2024-01-31 23:59", "2024-02-01 00:00",
	}
	rank := make(map[string]int)
	for i, at := range []int{0, 1, 1, 1, 1, 2, 3, 4, 4, 4, 5, 5, 6, 7, 8} {
		rank[cells[i]] = at
	}
	others := []string{"2024-01-31x", "2024-01-31 1:00", "2024-01-31 10:00:00 o'clock", "2024-01", "soon"} // compared as texts
	var text strings.Builder
	text.WriteString("t,n\n")
	for i, cell := range append(slices.Clone(cells), others...) {
		fmt.Fprintf(&text, "%q,%d\n", cell, i)
	}
	for _, with := range cells {
		for _, op := range []expression.Op{expression.Equal, expression.Unequal, expression.Less, expression.LessEqual, expression.Greater, expression.GreaterEqual} {
			sign := map[expression.Op]string{expression.Equal: "=", expression.Unequal: "<>", expression.Less: "<", expression.LessEqual: "<=", expression.Greater: ">", expression.GreaterEqual: ">="}[op]
			want := "n\n"
			for i, cell := range append(slices.Clone(cells), others...) {
				order := strings.Compare(cell, with)
				if i < len(cells) {
					order = rank[cell] - rank[with]
				}
				if op.Holds(order) {
					want += fmt.Sprintln(i)
				}
			}
			for _, prefix := range []string{"", "%never%"} { // by the engine, and row by row
				spec := Spec{GroupBy: []string{"n"}, Aggregate: []string{"count(*) as n2"}, Where: "t " + sign + " '" + with + "'", Input: dialect.Settings{CommentPrefix: prefix}}
				if got := strings.ReplaceAll(strings.Replace(ask(t, spec, []byte(text.String()), 1).result, ",n2", "", 1), ",1", ""); got != want {
					t.Errorf("%s, by the engine: %v: got %q, want %q", spec.Where, prefix == "", got, want)
				}
			}
		}
	}
	spec := Spec{Aggregate: []string{"count(*) as n"}, Where: "t = '2024-01-31T05:00:00Z' and u < t", Input: dialect.Settings{TimeZone: "Europe/Berlin"}}
	if got := ask(t, spec, []byte("t,u\n2024-01-31T10:00+05:00,2024-01-31 05:59\n2024-01-31T10:00+05:00,2024-01-31T06:00:00\n2024-01-31 06:00,2024-01-31T06:59+02:00\n"), 1); got.result != "n\n2\n" {
		t.Errorf("in a zone: %+v", got)
	}
}

// TestZoneBeyondFourDigits: the engine reads years of four digits. A time that the zone moves out of
// them is no date, and the message names the zone.
func TestZoneBeyondFourDigits(t *testing.T) {
	for _, c := range []struct {
		zone, format, cell, result string
		fails                      bool
	}{
		{"Europe/Berlin", "", "9999-12-31T22:30:00Z", "9999-12-31", false},
		{"Europe/Berlin", "", "9999-12-31T23:30:00Z", "", true},
		{"Europe/Berlin", "", "9999-12-31T23:30:00", "9999-12-31", false},
		{"America/New_York", "", "0001-01-01T00:30Z", "", true},
		{"America/New_York", "", "0001-01-01T12:30Z", "0001-01-01", false},
		{"Europe/Berlin", "%d.%m.%Y %H:%M%z", "31.12.9999 23:30Z", "", true},
		{"Europe/Berlin", "%d.%m.%Y %H:%M%z", "31.12.9999 22:30Z", "9999-12-31", false},
		{"Europe/Berlin", "%j %Y %H:%M%z", "365 9999 23:30Z", "", true}, // which package timefmt reads
		{"Europe/Berlin", "epoch", "253402299000", "", true},
		{"Europe/Berlin", "epochms", "253402299000000", "", true},
	} {
		in := dialect.Settings{TimeZone: c.zone}
		if c.format != "" {
			in.DateFormats = []string{c.format}
		}
		want, message := "day_t,count\n"+c.result+",1\n", ""
		if c.fails {
			want, message = "", fmt.Sprintf("f.csv:2: t: %q is not a date or time; in the zone %s, which timeZone names, its year is outside 1 to 9999", c.cell, c.zone)
		}
		got := ask(t, Spec{Input: in, GroupBy: []string{"day(t)"}, Aggregate: []string{"count(*)"}}, []byte("t,n\n"+c.cell+",1\n"), 1)
		if got.result != want || got.err != message {
			t.Errorf("%s in %s: got %q, %q, want %q, %q", c.cell, c.zone, got.result, got.err, want, message)
		}
	}
	got := ask(t, Spec{Input: dialect.Settings{TimeZone: "Europe/Berlin"}, Aggregate: []string{"max(t)"}}, []byte("t,n\n9999-12-31T23:30:00Z,1\n"), 1)
	if got.result != "max_t\n9999-12-31T23:30:00Z\n" {
		t.Errorf("the largest as it is written: got %q, %q", got.result, got.err)
	}
}

// TestHintsKeepWhatWasSaid: a value of a list stands beside those that the settings have.
func TestHintsKeepWhatWasSaid(t *testing.T) {
	for _, c := range []struct {
		input       dialect.Settings
		aggregate   string
		cell, error string
	}{
		{dialect.Settings{DateFormats: []string{"iso"}}, "count(month(v))", "31.12.2024", `f.csv:2: v: "31.12.2024" is not a date or time; dateFormats: ["iso", "%d.%m.%Y"] reads it`},
		{dialect.Settings{MissingValues: []string{"NA"}}, "sum(v)", "-", `f.csv:2: v: "-" is not a number; missingValues: ["NA", "-"] reads it as NULL`},
		{dialect.Settings{}, "sum(v)", "-", `f.csv:2: v: "-" is not a number; missingValues: ["-"] reads it as NULL`},
	} {
		if got := ask(t, Spec{Input: c.input, Aggregate: []string{c.aggregate}}, []byte("k,v\na,"+c.cell+"\n"), 1); got.err != c.error {
			t.Errorf("got %q, want %q", got.err, c.error)
		}
	}
}
