package query

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// found is what a question finds of files named f.csv: the result or the error, and the notes.
func found(t *testing.T, spec Spec, texts ...string) (result string, notes []string) {
	t.Helper()
	q, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	begin := func() (io.Writer, io.Writer, error) {
		out.Reset()
		return &out, nil, nil
	}
	var files []Open
	for _, text := range texts {
		files = append(files, func() (dialect.File, func(), error) {
			return dialect.File{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func() {}, nil
		})
	}
	var report Report
	if opt := (Options{Engine: groupby.Options{Workers: 2}}); len(files) == 1 {
		file, _, _ := files[0]()
		report, err = q.Run(context.Background(), file, begin, opt)
	} else {
		report, err = q.RunAll(context.Background(), files, begin, opt)
	}
	if err != nil {
		return err.Error(), nil
	}
	return out.String(), report.Notes
}

var german = dialect.Settings{DecimalChar: ",", GroupChar: ".", BareNumber: new(bool), DateFormats: []string{"%d.%m.%Y"}}

const bank = "tag;betrag;wert;name\n31.12.2024;1.234,50;€ 12,50;b\n01.02.2025;-99,05;€ 9,00;a\n15.01.2023;20,00;€ 100,00;c\n"

// TestComparedByValue: where settings say how numbers and dates are written, they are compared
// by value and by time, in minima, conditions and orders alike.
func TestComparedByValue(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{Spec{Aggregate: []string{"min(betrag) as a", "max(betrag) as b", "min(wert) as c", "max(wert) as d"}}, "a,b,c,d\n-99.05,1234.50,9.00,100.00\n"},
		{Spec{Aggregate: []string{"min(tag) as a", "max(tag) as b"}}, "a,b\n2023-01-15,2025-02-01\n"},
		{Spec{Aggregate: []string{"min(tag) filter (where betrag > 20) as a", "max(case when wert < 100 then tag end) as b"}}, "a,b\n2024-12-31,2025-02-01\n"},
		{Spec{Aggregate: []string{"max(tag) as b"}, Having: "max(tag) > '31.12.2024'"}, "b\n2025-02-01\n"},
		{Spec{Select: []string{"name"}, Where: "wert > 10 and betrag < 1000"}, "name\nc\n"},
		{Spec{Select: []string{"name"}, Where: "betrag between 1000 and 2000"}, "name\nb\n"},
		{Spec{Select: []string{"name"}, Where: "wert in (9, 100)"}, "name\na\nc\n"},
		{Spec{Select: []string{"name"}, Where: "tag > '01.02.2024'"}, "name\nb\na\n"},
		{Spec{Select: []string{"name"}, Where: "tag > '2024-02-01'"}, "name\nb\na\n"},
		{Spec{Select: []string{"name"}, Where: "day(tag) <= '31.12.2024'"}, "name\nb\nc\n"},
		{Spec{Select: []string{"name"}, Where: "tag between '2023-01-01' and '31.12.2024'"}, "name\nb\nc\n"},
		{Spec{Select: []string{"name"}, Where: "tag in ('2025-02-01', 'none')"}, "name\na\n"},
		{Spec{Select: []string{"case tag when '2024-12-31' then 'last' else name end as n"}}, "n\nlast\na\nc\n"},
		{Spec{Select: []string{"name"}, Where: "tag = 'b' or name = 'b'"}, "name\nb\n"},
		{Spec{Select: []string{"name", "betrag"}, OrderBy: []string{"betrag"}}, "name,betrag\na,\"-99,05\"\nc,\"20,00\"\nb,\"1.234,50\"\n"},
		{Spec{Select: []string{"name", "wert"}, OrderBy: []string{"wert desc"}}, "name,wert\nc,\"€ 100,00\"\nb,\"€ 12,50\"\na,\"€ 9,00\"\n"},
		{Spec{Select: []string{"name", "tag"}, OrderBy: []string{"tag"}}, "name,tag\nc,15.01.2023\nb,31.12.2024\na,01.02.2025\n"},
		{Spec{GroupBy: []string{"tag"}, OrderBy: []string{"tag desc"}, Limit: 2}, "tag\n01.02.2025\n31.12.2024\n"},
	} {
		c.spec.Input = german
		if got, notes := found(t, c.spec, bank); got != c.want || len(notes) > 0 {
			t.Errorf("%+v: %q %q, want %q", c.spec, got, notes, c.want)
		}
	}
}

// TestDatesThatAreCompared: what is no date is compared as text, also beside dates, and a code
// of digits is no epoch.
func TestDatesThatAreCompared(t *testing.T) {
	const text = "von,bis,code\n01.02.2024,31.01.2025,05\n2024-03-01,01.01.2024,5\n05.01.2024 10:30,open,7\n"
	for _, c := range []struct {
		formats []string
		spec    Spec
		want    string
	}{
		{[]string{"%d.%m.%Y", "%d.%m.%Y %H:%M"}, Spec{Select: []string{"code"}, Where: "von < bis"}, "code\n05\n7\n"},
		{[]string{"%d.%m.%Y", "%d.%m.%Y %H:%M"}, Spec{Aggregate: []string{"min(von)", "max(bis)"}}, "min_von,max_bis\n2024-01-05T10:30:00,open\n"},
		{[]string{"iso", "epoch"}, Spec{Select: []string{"von"}, Where: "code = '05'"}, "von\n01.02.2024\n"},
		{[]string{"epoch"}, Spec{Select: []string{"code"}, Where: "code < '1970-01-01 00:00:06'"}, "code\n05\n5\n"},
	} {
		c.spec.Input.DateFormats = c.formats
		if got, _ := found(t, c.spec, text); got != c.want {
			t.Errorf("%q %+v: %q, want %q", c.formats, c.spec, got, c.want)
		}
	}
}

// TestComparedAsTexts: what is compared as text though it may be meant otherwise is said, of a
// file that the engine reads as it is, of a rewritten one and of several alike.
func TestComparedAsTexts(t *testing.T) {
	const mixed = "k,x,d\na,10,31.12.2024\na,9,\nb,n/a,01.02.2025\nb,100,\n"
	const german = "k;x\na;9,5\nb;10,25\n"
	for _, c := range []struct {
		spec Spec
		text string
		want []string
	}{
		{Spec{Aggregate: []string{"min(x)", "max(x)"}}, mixed, []string{`min and max of x compare 3 numbers by value and 1 text such as "n/a" by their characters, and every number is less than a text; missingValues: ["n/a"] reads it as NULL`}},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"max(x)"}, Where: "k = 'a'"}, mixed, nil},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"max(x)"}, Where: "k = 'b'"}, mixed, []string{`min and max of x compare 1 number by value and 1 text such as "n/a" by their characters, and every number is less than a text; missingValues: ["n/a"] reads it as NULL`}},
		{Spec{Aggregate: []string{"min(k)", "sum(1) as n"}}, mixed, nil},
		{Spec{Aggregate: []string{"max(v)"}}, "v\n1.10.2\n1.9.1\n", nil},
		{Spec{Aggregate: []string{"max(d)"}}, mixed, []string{`min and max of d compare texts such as "31.12.2024" by their characters; dateFormats: ["%d.%m.%Y"] reads it`}},
		{Spec{Aggregate: []string{"min(x)"}}, german, []string{`min and max of x compare texts such as "9,5" by their characters; decimalChar: "," reads it`}},
		{Spec{Select: []string{"*"}, OrderBy: []string{"x"}}, mixed, []string{`orderBy x compares 3 numbers by value and 1 text such as "n/a" by their characters, and every number is less than a text; missingValues: ["n/a"] reads it as NULL`}},
		{Spec{Select: []string{"x"}, OrderBy: []string{"x"}}, german, []string{`orderBy x compares texts such as "9,5" by their characters; decimalChar: "," reads it`}},
		{Spec{Select: []string{"*"}, OrderBy: []string{"k"}}, mixed, nil},
		{Spec{GroupBy: []string{"month(d) as m"}, Aggregate: []string{"count(*)"}, OrderBy: []string{"m desc"}}, "d\n2024-01-31\n2024-02-01\n", nil},
		{Spec{Aggregate: []string{"min(month(d))"}}, "d\n2024-01-31\n", nil},
		{Spec{Aggregate: []string{"min(d)"}}, "d\n 2024-01-31 \n2024-02-01\n", []string{`min and max of d compare texts such as " 2024-01-31 " by their characters; trim: true leaves the blanks out`}},
		{Spec{Aggregate: []string{"min(c)", "max(p)"}}, "c,p\nABC123,030 12345678\nXYZ999,0171 1234567\n", nil},
	} {
		got, notes := found(t, c.spec, c.text)
		if !slices.Equal(notes, c.want) {
			t.Errorf("%+v: %q, want %q", c.spec, notes, c.want)
		}
		c.spec.Input.CommentPrefix = "%never%"
		if again, notes := found(t, c.spec, c.text); again != got || !slices.Equal(notes, c.want) {
			t.Errorf("%+v, rewritten: %q, want %q", c.spec, notes, c.want)
		}
		if _, notes := found(t, c.spec, c.text, c.text); len(notes) != len(c.want) {
			t.Errorf("%+v, of two files: %q, want notes as of one: %q", c.spec, notes, c.want)
		}
	}
}

// TestExtremesOfWideNumbers: they are numbers, however many digits they have.
func TestExtremesOfWideNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"x\n1e-40\n5\n1e-30\n": "a,b\n1e-40,5\n",
		"x\n12345678901234567890123456789012345678901234567890\n9\n": "a,b\n9,1.2345678901234567e+49\n",
	} {
		got, notes := found(t, Spec{Aggregate: []string{"min(x) as a", "max(x) as b"}}, text)
		if got != want || len(notes) != 1 || !strings.Contains(notes[0], "computed in doubles") {
			t.Errorf("%q: %q %q, want %q", text, got, notes, want)
		}
	}
}

// TestConstantsThatAreSelected: alone they are what the grammar says, unless the header has a
// column of that name.
func TestConstantsThatAreSelected(t *testing.T) {
	for _, c := range []struct{ item, text, want string }{
		{"null", "k\na\n", "null\n\"\"\n"},
		{"null as n", "k\na\n", "n\n\"\"\n"},
		{"5", "k\na\n", "5\n5\n"},
		{"-1200 as n", "k\na\n", "n\n-1200\n"},
		{"1.50 as n", "k\na\n", "n\n1.50\n"},
		{"true as t", "k\na\n", "t\ntrue\n"},
		{"2024", "k,2024\na,x\n", "2024\nx\n"},
		{"null", "k,null\na,x\n", "null\nx\n"},
	} {
		if got, _ := found(t, Spec{Select: []string{c.item}}, c.text); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.item, c.text, got, c.want)
		}
	}
	for _, spec := range []Spec{{GroupBy: []string{"2024"}}, {Aggregate: []string{"sum(2024)"}}} {
		if got, _ := found(t, spec, "k\na\n"); !strings.Contains(got, `no column "2024", which `) || !strings.HasSuffix(got, `; (2024) is the constant`) {
			t.Errorf("%+v: %q, want no such column", spec, got)
		}
	}
}

// TestNamesOfSeveralFiles: what is a name and no expression is one of several files, too.
func TestNamesOfSeveralFiles(t *testing.T) {
	const text = "unit-price\n3\n"
	if got, _ := found(t, Spec{Aggregate: []string{"sum(unit-price) as s"}}, text, text); got != "s\n6\n" {
		t.Errorf("%q", got)
	}
}

// TestHints: a refusal names the part of the question, or the setting, that is meant.
func TestHints(t *testing.T) {
	const text = "name,v\nx,1\n"
	no := func(where string) string {
		return `f.csv:1: no column "nam", which ` + where + ` names: the header has "name", "v"; did you mean "name"?`
	}
	for _, c := range []struct {
		spec       Spec
		text, want string
	}{
		{Spec{GroupBy: []string{"nam"}}, text, no("groupBy (GROUP_BY)")},
		{Spec{Aggregate: []string{"sum(nam)"}}, text, no("aggregate (AGGREGATE)")},
		{Spec{Aggregate: []string{"sum(v) filter (where nam > 1)"}}, text, no("aggregate (AGGREGATE)")},
		{Spec{Select: []string{"nam"}}, text, no("select (SELECT)")},
		{Spec{Select: []string{"*"}, Where: "nam = 'x'"}, text, no("where (WHERE)")},
		{Spec{GroupBy: []string{"name"}, Having: "sum(nam) > 1"}, text, no("having (HAVING)")},
		{Spec{Select: []string{"*"}, OrderBy: []string{"nam"}}, text, strings.Replace(no("orderBy (ORDER_BY)"), ":1:", ":", 1)},
		{Spec{Select: []string{"*"}, Where: "name > 5"}, text, `f.csv:2: name: "x" is not a number, but is compared with one; a number in quotes, such as '5', compares texts; the column seems to hold text`},
		{Spec{Select: []string{"*"}, Where: "name > 5"}, "name,v\nn/a,1\n", `f.csv:2: name: "n/a" is not a number; missingValues: ["n/a"] reads it as NULL`},
		{Spec{Select: []string{"*"}, Where: "name + 1 > 5"}, text, `f.csv:2: name: "x" is not a number; the column seems to hold text`},
		{Spec{Aggregate: []string{"sum(name)"}}, "name,v\ntea,1\ncup,2\n", `f.csv:2: name: "tea" is not a number; the column seems to hold text`},
		{Spec{Aggregate: []string{"sum(name)"}}, "name,v\n3,1\ncup,2\n", `f.csv:3: name: "cup" is not a number; missingValues: ["cup"] reads it as NULL`},
		{Spec{Aggregate: []string{"sum(name)"}}, "name,v\ntrue,x\nfalse,y\n", `f.csv:2: name: "true" is not a number; rows of true and false are counted by count(*) filter (where … = 'true')`},
		{Spec{GroupBy: []string{"day(v)"}}, "name,v\nx,2023-02-29\n", `f.csv:2: v: "2023-02-29" is not a date or time; there is no 2023-02-29`},
		{Spec{GroupBy: []string{"day(v)"}}, "name,v\nx,2024-01-05 24:00:00\n", `f.csv:2: v: "2024-01-05 24:00:00" is not a date or time; there is no hour 24`},
		{Spec{GroupBy: []string{"day(v)"}, Input: dialect.Settings{DateFormats: []string{"%m/%d/%Y"}}}, "name,v\nx,03/04/2024\nx,13/04/2024\n",
			`f.csv:3: v: "13/04/2024" is not a date or time; if the day comes first in all of the column, dateFormats: ["%d/%m/%Y"] reads it, in the place of "%m/%d/%Y"`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name;v\nx;1,234\n", `f.csv:2: v: "1,234" is not a number; groupChar: "," reads it as 1234, decimalChar: "," as 1.234`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name;v\nx;-0,125\n", `f.csv:2: v: "-0,125" is not a number; decimalChar: "," reads it`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name;v\nx;1.234,5\n", `f.csv:2: v: "1.234,5" is not a number; decimalChar: "," and groupChar: "." read it`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,v\nx,1,2\n", `f.csv:2: 3 fields, expected at most 2 as in the header; lenient: true drops what is beyond; onBadRow: skip leaves such rows out`},
		{Spec{Select: []string{"*"}}, "name,v\nx\n", `f.csv:2: 1 field, expected 2 as in the header; raggedRows: pad or lenient: true reads what is missing as NULL; onBadRow: skip leaves such rows out`},
		{Spec{Aggregate: []string{"sum(v)"}}, "v,w,name\n1,2,x\nTotal,,x\n", `f.csv:3: v: "Total" is not a number; if the table ends before it, skipFooter: 1 leaves it out`},
		{Spec{Aggregate: []string{"sum(w)"}}, "v,w,name\n1,2,x\n1,n/a,\n", `f.csv:3: w: "n/a" is not a number; if the table ends before it, skipFooter: 1 leaves it out; missingValues: ["n/a"] reads it as NULL`},
		{Spec{Aggregate: []string{"sum(v)"}}, "v,w,name\n1,2,x\nTotal,,x\n3,4,x\n", `f.csv:3: v: "Total" is not a number; missingValues: ["Total"] reads it as NULL`},
		{Spec{Aggregate: []string{"sum(v)"}}, "v,w,name\n1,2,x\nTotal,2,x\n3,4,x\n", `f.csv:3: v: "Total" is not a number; missingValues: ["Total"] reads it as NULL`},
		{Spec{Aggregate: []string{"sum(v)"}}, "v,w,name\n1,2,x\n\nSeen by Ann\nEnd\n", `f.csv:4: 1 field, expected 3 as in the header; if the table ends before it, skipFooter: 2 leaves it out; raggedRows: pad or lenient: true reads what is missing as NULL; onBadRow: skip leaves such rows out`},
		{Spec{Aggregate: []string{"sum(v)"}}, " v | name\n---+-----\n 1 | x\n", `f.csv:2: 1 field, expected 2 as in the header; commentPrefix: "--" leaves such lines out; onBadRow: skip leaves such rows out`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,v,w\nx,1,2\n# by, hand,x\ny,2,3\n", `f.csv:3: v: " hand" is not a number; commentPrefix: "#" leaves such lines out; missingValues: [" hand"] reads it as NULL`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,v\nx,\u0661\u0662\n", "f.csv:2: v: \"\u0661\u0662\" is not a number: expected digits from 0 to 9 of ASCII"},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,k,v\nx,y,1\nz,y, \n", `f.csv:3: v: " " is not a number; trim: true reads it as NULL`},
		{Spec{Aggregate: []string{"sum(v)"}}, "v,w,name\nkg,m,\n1,2,x\n", `f.csv:2: v: "kg" is not a number; if it has units and is no row, skipRowsAfterHeader: 1 passes over it; the column seems to hold text`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,v\n,kg\nx,1\n", `f.csv:2: v: "kg" is not a number; if it has units and is no row, skipRowsAfterHeader: 1 passes over it; the column seems to hold text`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name,v\n# a remark\nx,1\n", `f.csv:2: 1 field, expected 2 as in the header; commentPrefix: "#" leaves such lines out; onBadRow: skip leaves such rows out`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name~v\nx~1\n", `f.csv:1: no column "v": the header has one name, "name~v"; delimiter: "~" may be what is between the fields`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name^^v\nx^^1\n", `f.csv:1: no column "v": the header has one name, "name^^v"; delimiter: "^^" may be what is between the fields`},
		{Spec{Aggregate: []string{"sum(v)"}}, "name\tv\n\"x\"y\t1\n", `f.csv:2: text after a closing quote: expected a delimiter or a line break there, or quotes within a field doubled; lenient: true reads such a row as well as it can be, quoteChar: none takes quotes as text`},
		{Spec{GroupBy: []string{"month(v)"}}, "name,v\nx,31JAN2024\n", `f.csv:2: v: "31JAN2024" is not a date or time; dateFormats: ["%d%b%Y"] reads it`},
		{Spec{GroupBy: []string{"month(v)"}}, "name,v\nx,2024-1-5\n", `f.csv:2: v: "2024-1-5" is not a date or time; dateFormats: ["%Y-%m-%d"] reads it`},
		{Spec{GroupBy: []string{"month(v)"}}, "name,v\nx,1000-12\n", `f.csv:2: v: "1000-12" is not a date or time; dateFormats names how it is written`},
		{Spec{Select: []string{"*"}}, "n\x00,\x00v\x00\n\x00x\x00,\x001\x00\n\x00", `f.csv: a NUL byte: expected text; encoding: utf-16le may read it`},
		{Spec{Select: []string{"*"}}, "\x00n\x00,\x00v\x00\n\x00x\x00,\x001\x00\n", `f.csv: a NUL byte: expected text; encoding: utf-16be may read it`},
	} {
		if got, _ := found(t, c.spec, c.text); got != c.want || len(got) > 300 {
			t.Errorf("%+v of %q:\n%s\nwant\n%s", c.spec, c.text, got, c.want)
		}
	}
}

// TestDoubledDelimiters: that every second column has no name is said, with what may be meant.
func TestDoubledDelimiters(t *testing.T) {
	const want = `every second column has no name; where "||" is between the fields, delimiter: "||" reads them`
	for _, spec := range []Spec{{Select: []string{"*"}}, {Aggregate: []string{"sum(b)"}}} {
		if _, notes := found(t, spec, "a||b||c\n1||2||3\n"); !slices.Equal(notes, []string{want}) {
			t.Errorf("%+v: %q, want %q", spec, notes, want)
		}
		spec.Input.Delimiter = "|"
		if _, notes := found(t, spec, "a||b||c\n1||2||3\n"); len(notes) > 0 {
			t.Errorf("%+v: %q", spec, notes)
		}
	}
}

// TestResultsAreNotReadBySettings: what the question computes is compared as it is, also where it
// would be another number by the settings of the file.
func TestResultsAreNotReadBySettings(t *testing.T) {
	const grouped = "shop;v\nA;19,500\nB;250,125\nC;3,250\n"
	const few = "shop;v\nA;19,5\nB;250,5\nC;3,5\nD;100\n"
	comma := dialect.Settings{DecimalChar: ","}
	points := dialect.Settings{DecimalChar: ",", GroupChar: "."}
	for _, c := range []struct {
		text string
		spec Spec
		want string
	}{
		{grouped, Spec{Input: points, GroupBy: []string{"shop"}, Aggregate: []string{"max(v) * 2 as m", "max(v) as x", "sum(v) * 2 as s"}},
			"shop,m,x,s\nA,39.000,19.500,39.000\nB,500.250,250.125,500.250\nC,6.500,3.250,6.500\n"},
		{grouped, Spec{Input: points, Aggregate: []string{"max(v) - min(v) as spread"}}, "spread\n246.875\n"},
		{grouped, Spec{Input: points, GroupBy: []string{"shop"}, Aggregate: []string{"max(v) as m"}, Having: "m > 100"}, "shop,m\nB,250.125\n"},
		{grouped, Spec{Input: points, GroupBy: []string{"shop"}, Aggregate: []string{"case when max(v) > 100 then 'big' else 'small' end as c"}}, "shop,c\nA,small\nB,big\nC,small\n"},
		{few, Spec{Input: comma, GroupBy: []string{"shop"}, Aggregate: []string{"max(v) as m"}, OrderBy: []string{"m desc"}, Limit: 2}, "shop,m\nB,250.5\nD,100.0\n"},
		{few, Spec{Input: comma, GroupBy: []string{"v"}, Aggregate: []string{"count(*) as n"}, OrderBy: []string{"v desc"}, Limit: 2}, "v,n\n\"250,5\",1\n100,1\n"},
		{few, Spec{Input: points, Select: []string{"shop", "number(v) as x"}, OrderBy: []string{"x desc"}, Limit: 2}, "shop,x\nB,250.5\nD,100\n"},
		{few, Spec{Input: points, Select: []string{"v * 2 as y", "*", "v / 2 as z"}, OrderBy: []string{"y desc", "z", "v"}, Limit: 2}, "y,shop,v,z\n501.0,B,\"250,5\",125.25\n200,D,100,50\n"},
		// A cell that the settings do not read, and that is a number otherwise, is refused as sum refuses it.
		{"id;b\n1;19,5\n2;1.234\n3;20,1\n", Spec{Input: comma, Aggregate: []string{"max(b)"}}, `f.csv:3: b: "1.234" is not a number; groupChar: "." reads it`},
		{"id;b\n1;19,5\n2;1.2.3\n3;20,1\n", Spec{Input: comma, Aggregate: []string{"max(b)"}}, "max_b\n1.2.3\n"},
	} {
		if result, _ := found(t, c.spec, c.text); result != c.want {
			t.Errorf("%+v: %q, want %q", c.spec, result, c.want)
		}
	}
}

// TestDatesComparedAsTextsAreSaid: dates in a form that no setting names have no order as texts,
// and are not equal to a date in another form.
func TestDatesComparedAsTextsAreSaid(t *testing.T) {
	const german = "tag,x\n31.12.2024,1\n01.02.2025,2\n"
	const iso = "tag,x\n2024-12-31,1\n2025-02-01,2\n"
	const digits = "tag,x\n20241231,1\n20250201,2\n"
	note := func(part, cell, text, hint string) []string {
		return []string{fmt.Sprintf("%s compares tag, with cells such as %q, with '%s' by their characters; %s", part, cell, text, hint)}
	}
	const reads = `dateFormats: ["%d.%m.%Y"] reads it`
	for _, c := range []struct {
		where   string
		formats []string
		text    string
		want    []string
	}{
		{"tag >= '2025-01-01'", nil, german, note("where", "31.12.2024", "2025-01-01", reads)},
		{"tag >= '01.01.2025'", nil, german, note("where", "31.12.2024", "01.01.2025", reads)},
		{"tag between '01.01.2025' and '01.01.2025'", nil, german, note("where", "31.12.2024", "01.01.2025", reads)},
		{"tag = '2024-12-31'", nil, german, note("where", "31.12.2024", "2024-12-31", reads)},
		{"tag = '31.12.2024'", nil, german, nil},
		{"tag in ('31.12.2024', '2025-02-01')", nil, german, note("where", "31.12.2024", "2025-02-01", reads)},
		{"tag >= '2025-01-01'", []string{"%d.%m.%Y"}, german, nil},
		{"tag > 'x' or x = '1'", nil, german, nil},
		{"tag >= '2025-01-01'", nil, "tag,x\n2024-12-31,1\n2025-01-03,4\n-,5\n01.02.2025,2\n", note("where", "01.02.2025", "2025-01-01", reads)},
		{"tag >= '2025-01-01'", []string{"%d.%m.%Y"}, "tag,x\n2024-12-31,1\n01.02.2025,2\n", nil},
		{"tag >= '2025-01-01'", []string{"%d.%m.%Y"}, "tag,x\n-,0\n2024-12-31,1\n01/13/2025,2\n", note("where", "01/13/2025", "2025-01-01", `dateFormats: ["%d.%m.%Y", "%m/%d/%Y"] reads it`)},
		{"tag >= '2025-01-01'", nil, iso, nil},
		{"tag >= '01.01.2025'", nil, iso, note("where", "2024-12-31", "01.01.2025", "01.01.2025 is no date in ISO 8601 or in a form of dateFormats")},
		{"tag >= '20250101'", nil, digits, nil},
		{"tag >= '2025-01-01'", nil, digits, note("where", "20241231", "2025-01-01", `dateFormats: ["%Y%m%d"] reads it`)},
	} {
		for _, delimiter := range []string{",", ";"} { // as the engine reads it, and rewritten
			text := strings.ReplaceAll(c.text, ",", delimiter)
			spec := Spec{Input: dialect.Settings{DateFormats: c.formats}, Select: []string{"x"}, Where: c.where}
			if _, notes := found(t, spec, text); !slices.Equal(notes, c.want) {
				t.Errorf("%s of %q: %q, want %q", c.where, text, notes, c.want)
			}
		}
	}
	spec := Spec{GroupBy: []string{"case when tag < '01.01.2025' then 'old' else 'new' end as age"}, Aggregate: []string{"count(*) filter (where tag > '2025') as n"}}
	want := append(note("groupBy", "31.12.2024", "01.01.2025", reads), note("aggregate", "31.12.2024", "2025", reads)...)
	if _, notes := found(t, spec, german); !slices.Equal(notes, want) {
		t.Errorf("%q", notes)
	}
}

// TestOrderOfUnclearPoints: an order by numbers whose points may all be between thousands is
// refused as their sum is.
func TestOrderOfUnclearPoints(t *testing.T) {
	const refused = `x: "1.892" and every other point of the column may divide or group: decimalChar: "." reads it with decimals, decimalChar: "," and groupChar: "." as thousands`
	for _, c := range []struct {
		spec Spec
		text string
		want string
	}{
		{Spec{Select: []string{"x"}, OrderBy: []string{"x"}}, "k;x\na;900\nb;1.892\n", refused},
		{Spec{GroupBy: []string{"x"}, OrderBy: []string{"x desc"}, Limit: 1}, "k;x\na;900\nb;1.892\n", refused},
		{Spec{Select: []string{"x"}, OrderBy: []string{"x"}}, "k;x\na;900\nb;1.892\nb;0.5\n", "x\n0.5\n1.892\n900\n"},
		{Spec{Select: []string{"x"}, OrderBy: []string{"x"}}, "k,x\na,900\nb,1.892\n", "x\n1.892\n900\n"},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"count(x) / 7 as x"}, OrderBy: []string{"x"}}, "k;x\na;900\nb;1.8\n", "k,x\na,0.14285714285714285\nb,0.14285714285714285\n"},
		{Spec{Input: dialect.Settings{DecimalChar: "."}, Select: []string{"x"}, OrderBy: []string{"x"}}, "k;x\na;900\nb;1.892\n", "x\n1.892\n900\n"},
	} {
		for _, files := range [][]string{{c.text}, {c.text, c.text}} {
			if len(files) > 1 && c.want != refused {
				continue
			}
			if got, _ := found(t, c.spec, files...); got != c.want && !(c.want == refused && strings.HasSuffix(got, c.want)) {
				t.Errorf("%+v of %d files: %q, want %q", c.spec, len(files), got, c.want)
			}
		}
	}
}

// TestATotalAsLastRowIsSaid: an aggregate counts it, as nothing but its name tells it from a row.
func TestATotalAsLastRowIsSaid(t *testing.T) {
	count := Spec{Aggregate: []string{"sum(n)"}}
	for _, c := range []struct {
		spec Spec
		text string
		want bool
	}{
		{count, "shop,n\nA,1\nTotal,1\n", true},
		{count, "shop;n\nA;1\n\"North Total:\";1\n\n", true},
		{count, "n\tshop\n1\t\n1\tTotal\n", false},
		{count, "shop,n\nTotal,1\nA,1\n", false},
		{count, "shop,n\nA,1\nTotalenergies,1\n", false},
		{count, "shop,n\nA,1\nTotal Energies,1\n", false},
		{count, "day,shop,n,m\n1,A,1,2\n,Total debits,1,\n", true},
		{count, "shop,n\nA,1\nИтого,1\n", true},
		{count, "shop,n\nA,1\n合計,1\n", true},
		{Spec{Aggregate: count.Aggregate, Where: "shop <> 'Total'"}, "shop,n\nA,1\nTotal,1\n", false},
		{Spec{Aggregate: count.Aggregate, Input: dialect.Settings{SkipFooter: 1}}, "shop,n\nA,1\nTotal,1\n", false},
		{Spec{Select: []string{"*"}}, "shop,n\nA,1\nTotal,1\n", false},
	} {
		_, notes := found(t, c.spec, c.text)
		if said := len(notes) == 1 && strings.Contains(notes[0], "is counted as the others; if it is their total, skipFooter: 1 leaves it out"); said != c.want || !c.want && len(notes) > 0 {
			t.Errorf("%+v of %q: %q", c.spec, c.text, notes)
		}
	}
}

// TestCurrenciesThatDifferAreSaid: under bareNumber: false a currency is taken off, and a sum of
// euros and dollars is of neither.
func TestCurrenciesThatDifferAreSaid(t *testing.T) {
	in := dialect.Settings{BareNumber: new(bool)}
	const want = `v has amounts in "EUR" and in "USD", which are taken as if they were of one`
	for _, c := range []struct {
		spec Spec
		text string
		want string
	}{
		{Spec{Aggregate: []string{"sum(v)"}}, "k;v\na;€ 5\nb;$ 6\n", want},
		{Spec{Aggregate: []string{"max(v)"}}, "k,v\na,5 €\nb,6\nc,7 $\n", want},
		{Spec{Aggregate: []string{"sum(v * 2) as s"}, Where: "v > 0"}, "k;v\na;5 €\nb;6 $\n", want},
		{Spec{Aggregate: []string{"sum(v)"}}, "k;v\na;5 €\nb;6\nb;\u22127,5 €\nb;(8)\nb;1e3\n", ""},
		{Spec{Aggregate: []string{"sum(v)"}}, "k;v\na;5 EUR\nb;6 %\nb;USD 7\n", `v has amounts in "EUR" and in "USD", which are taken as if they were of one`},
		{Spec{Aggregate: []string{"sum(v)"}}, "k;v\na;$5\nb;USD 6\nc;US$7\n", ""},
		{Spec{Aggregate: []string{"sum(v)"}}, "k;v\na;5 EUR\nb;€ 6\nc;7\n", ""},
		{Spec{Select: []string{"v"}}, "k;v\na;€ 5\nb;$ 6\n", ""},
	} {
		c.spec.Input = in
		if strings.Contains(c.text, "7,5") {
			c.spec.Input.DecimalChar = ","
		}
		if got, notes := found(t, c.spec, c.text); strings.Join(notes, "") != c.want {
			t.Errorf("%+v of %q: %q %q, want %q", c.spec, c.text, got, notes, c.want)
		}
	}
}

// TestNumbersThatAreNamesOfColumnsAreSaid: 2024 in an expression is the number, whatever columns
// there are.
func TestNumbersThatAreNamesOfColumnsAreSaid(t *testing.T) {
	const text = "k,2024,2023\na,5,3\n"
	want := []string{
		`2024 is a number in aggregate, and the header has a column of that name: "2024" in double quotes is the column`,
		`2023 is a number in aggregate, and the header has a column of that name: "2023" in double quotes is the column`,
	}
	if got, notes := found(t, Spec{Aggregate: []string{"sum(2024 - 2023) as x"}}, text); got != "x\n1\n" || len(notes) != 3 || !slices.Equal(notes[1:], want) {
		t.Errorf("%q %q, want %q", got, notes, want)
	}
	for _, spec := range []Spec{
		{Aggregate: []string{`sum("2024" - "2023") as x`}},
		{Aggregate: []string{"sum(2024) as x"}},
		{Aggregate: []string{"sum(2024) filter (where k = 'a') + sum(2023) as x"}},
		{Aggregate: []string{"count(distinct 2024) filter (where k = 'a')", "quantile(2023, 0.5)"}, Having: "sum(2023) > 0"},
		{Aggregate: []string{`sum("2024" * 7) as x`}},
	} {
		if got, notes := found(t, spec, text); len(notes) > 0 {
			t.Errorf("%+v: %q %q", spec, got, notes)
		}
	}
	if got, _ := found(t, Spec{Aggregate: []string{"sum(2024) filter (where k = 'a') as a", "sum(2024) + sum(2023) as b", "sum((2024)) as c", "quantile(2023, 0.5) as d"}}, text); got != "a,b,c,d\n5,8,2024,3\n" {
		t.Errorf("got %q", got)
	}
}

// TestOrderOfTimesWithOffsets is by time where a zone is set, also of times in ISO 8601 alone.
func TestOrderOfTimesWithOffsets(t *testing.T) {
	const text = "id,t\na,2024-01-01T08:00+00:00\nb,2024-01-01T09:00+02:00\n"
	zone := dialect.Settings{TimeZone: "UTC"}
	for want, spec := range map[string]Spec{
		"min_t,max_t\n2024-01-01T07:00:00,2024-01-01T08:00:00\n":        {Aggregate: []string{"min(t)", "max(t)"}, Input: zone},
		"id,t\nb,2024-01-01T09:00+02:00\na,2024-01-01T08:00+00:00\n":    {Select: []string{"id", "t"}, OrderBy: []string{"t"}, Input: zone},
		"t,count\n2024-01-01T09:00+02:00,1\n2024-01-01T08:00+00:00,1\n": {GroupBy: []string{"t"}, Aggregate: []string{"count(*)"}, OrderBy: []string{"t"}, Input: zone},
		"max_t\n2024-01-01T08:00:00\n":                                  {Aggregate: []string{"max(t)"}, Having: "max(t) > '2024-01-01T07:30Z'", Input: zone},
		"max_t\n2024-01-01T09:00+02:00\n":                               {Aggregate: []string{"max(t)"}},
	} {
		if got := ask(t, spec, []byte(text), 1); got.result != want {
			t.Errorf("%+v: %+v, want %q", spec, got, want)
		}
	}
}
