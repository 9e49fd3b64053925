package describe_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
)

func file(text string) dialect.File {
	return dialect.File{Name: "in.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}
}

func described(t *testing.T, text string, opt describe.Options) *describe.Description {
	t.Helper()
	d, err := describe.File(t.Context(), file(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSettingsOfAFile(t *testing.T) {
	for name, c := range map[string]struct{ text, flags string }{
		"plain":                      {"a,b\n1,x\n2,y\n", ""},
		"decimal comma":              {"a;b\n1,5;x\n22,25;y\n", "--decimal-char=,"},
		"a comma is no group of 0":   {"a;b\n0,125;x\n0,250;y\n", "--decimal-char=,"},
		"codes are no amounts":       {"a,b\nABC123,1\nABD124,2\n", ""},
		"a currency is":              {"a,b\nUSD 12.50,1\nUSD 3,2\n", "--bare-number=false"},
		"another column decides":     {"a;b\n1.234;1,5\n2.500;2\n", "--decimal-char=, --group-char=."},
		"missing":                    {"a,b\n1,x\nNA,y\n3,z\n", "--missing-values=NA"},
		"missing among dates":        {"a,b\n2024-01-05,x\n-,y\n2024-01-06,z\n", "--missing-values=-"},
		"the day is beyond 12":       {"d\n03/04/2024\n13/04/2024\n", "--date-formats=%d/%m/%Y"},
		"another column has the day": {"a,b\n03/04/2024,13/04/2024\n", "--date-formats=%d/%m/%Y"},
		"units":                      {"t,v\ns,kg\n1,2.5\n2,3.5\n", "--skip-rows-after-header=1"},
		"total":                      {"shop,n,m\nA,1,2\nB,2,3\nC,2,3\nTotal,5,\n", "--skip-footer=1"},
		"an account of nothing":      {"a,b\nx,\"$1,234.50\"\ny,($30.50)\nz,$ -\n", "--group-char=, --bare-number=false"},
		"a ruler below":              {"a;b\n2021;1\n2022;2\n2023;3\n__________\n(C) by us, 2024\n", "--skip-footer=2"},
		"total among dates":          {"day;n\n2024-01-01;1,5\n2024-01-02;2,5\n\nTotal;4,0\n", "--skip-footer=1 --decimal-char=,"},
		"a shop called Total":        {"shop,n,m\nA,1,2\nB,2,3\nC,2,3\nTotal,5,1\n", ""},
		"remark":                     {"shop,n,m\nA,1,2\nB,2,3\n\nSource: our own\n", "--skip-footer=1"},
		"short rows":                 {"a,b,c\n1,2,3\n1,2\n1,2,3\n", "--ragged-rows=pad"},
		"no header":                  {"1;Ulm;2.5\n2;Bonn;3.5\n", "--header=none"},
		"years are names":            {"town,2021,2022\nUlm,5,6\nBonn,7,8\n", ""},
		"comments":                   {"# made by hand\nt,v\n1,2\n# again\n3,4\n", "--comment-prefix='#'"},
		"a header with #":            {"#id,v\n1,2\n3,4\n", ""},
		"doubled delimiter":          {"a::b\n1::2\n3::4\n", "--delimiter=::"},
		"no quotes":                  {"a\tb\n\"x\t1\ny\"\t2\n\"z\t3\n", "--quote-char=none"},
		"trim":                       {"n;v\nAnn ;1\nAnn;2\n", "--trim"},
		"quote in a word":            {"a,b\n1,x\n'?,y\n3,z\n4,z\n", `--missing-values=''\''?'`},
		"a short year first":         {"d,n\n24-01-31,1\n24-02-15,2\n24-03-30,3\n24-05-04,4\n24-12-01,8\n", "--date-formats=%y-%m-%d"},
		"a short year last":          {"d;n\n31.01.24;1\n15.02.24;2\n30.03.24;3\n04.05.24;4\n01.12.24;8\n", "--date-formats=%d.%m.%y"},
		"a rare form":                {"d;n\nJan 5, 2024 10:00 AM PST;1\n", `--date-formats='"%b %d, %Y %I:%M %p %Z"'`},
		"exponents":                  {"k;n\na;2,99E+05\nb;1,5E+03\n", "--decimal-char=,"},
		"points beside percents":     {"p;x;y\n8.1%;-55.743;-3.5\n2.5%;11.125;4.5\n", "--decimal-char=. --bare-number=false"},
		"two formats":                {"d,n\n2024-01-05,1\n06.02.2024,2\n", "--date-formats=iso,%d.%m.%Y"},
	} {
		t.Run(name, func(t *testing.T) {
			d := described(t, c.text, describe.Options{})
			if d.Flags != c.flags || !d.Readable {
				t.Errorf("flags %q, want %q; choices %+v, problems %q, notes %q", d.Flags, c.flags, d.Choices, d.Problems, d.Notes)
			}
		})
	}
}

// TestMeaningIsNotGuessed: both readings are named.
func TestMeaningIsNotGuessed(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		options []string
	}{
		"a point":           {"a;b\n1.234;x\n500;y\n", []string{"--decimal-char=.", "--decimal-char=, --group-char=."}},
		"a comma":           {"a;b\n1,234;x\n500;y\n", []string{"--group-char=,", "--decimal-char=,"}},
		"day or month":      {"d;b\n3/4/2024;x\n5/6/2024;y\n", []string{"--date-formats=%m/%d/%Y", "--date-formats=%d/%m/%Y"}},
		"before noon":       {"d;b\n3/4/2024 10:00 AM;x\n5/6/2024 11:00 AM;y\n", []string{"--date-formats='%m/%d/%Y %I:%M %p'", "--date-formats='%d/%m/%Y %I:%M %p'"}},
		"dashes":            {"d;b\n03-04-2024;x\n05-06-2024;y\n", []string{"--date-formats=%d-%m-%Y", "--date-formats=%m-%d-%Y"}},
		"the same day":      {"d;b\n3/3/2024;x\n", []string{"--date-formats=%m/%d/%Y", "--date-formats=%d/%m/%Y"}},
		"a short year":      {"d;b\n24-01-31;x\n24-02-15;y\n", []string{"--date-formats=%d-%m-%y", "--date-formats=%y-%m-%d"}},
		"blanks decide not": {"tel;n\n130 123 456;75.523\n140 333 444;62.748\n", []string{"--decimal-char=. --group-char=space", "--decimal-char=, --group-char=."}},
		"of a comma, too":   {"tel\tn\n130 123 456\t89,588\n140 333 444\t28,479\n", []string{"--group-char=,", "--decimal-char=, --group-char=space"}},
		"an unknown word":   {"n,b\n1,x\n2,y\nXL,z\n", []string{"--missing-values=XL", ""}},
		"a last short row":  {"a,b,c\n1,2,3\n1,2,3\n1,2", []string{"--ragged-rows=pad", "--skip-footer=1"}},
		"a row cut short":   {"a,b,c\n1,x,3\n1,y,3\n7", []string{"--ragged-rows=pad", "--skip-footer=1"}},
		"remarks or rows":   {"a,b,c\nx,2,3\ny,2,3\nall of it\nby us", []string{"--ragged-rows=pad", "--skip-footer=2"}},
		"two ways at once":  {"a;b\nx;1,234.5\ny;2\nz;3,25", []string{"--group-char=,", "--decimal-char=,"}},
		"a broken row":      {"a,b\n1,\"x\" y\n2,\"z\"\n3,z\n", []string{"--lenient", "--on-bad-row=skip"}},
		"an unseen charset": {"\xe3\xee\xf0\xee\xe4,n\n\xeb\xe5\xf1,1\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := described(t, c.text, describe.Options{})
			if len(d.Choices) != 1 || d.Readable {
				t.Fatalf("choices %+v, problems %q, flags %q", d.Choices, d.Problems, d.Flags)
			}
			var options []string
			for _, o := range d.Choices[0].Options {
				options = append(options, o.Flags)
			}
			if c.options != nil && !slices.Equal(options, c.options) || c.options == nil && !slices.Contains(options, "--encoding=windows-1251") {
				t.Errorf("options %q of %s, want %q", options, d.Choices[0].About, c.options)
			}
		})
	}
}

// TestDatesOfAnotherColumnAreTold: the table of columns says of a column, too, what another decides.
func TestDatesOfAnotherColumnAreTold(t *testing.T) {
	d := described(t, "posted;value\n13/01/2024;01/02/2024\n14/01/2024;02/02/2024\n", describe.Options{})
	for _, c := range d.Columns {
		if !slices.Equal(c.Formats, []string{"%d/%m/%Y"}) {
			t.Errorf("%s has %q", c.Name, c.Formats)
		}
	}
}

func TestProblemsNameLineColumnAndWhatWasExpected(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	for i := range 40 {
		fmt.Fprintf(&text, "%d,x\n", i)
	}
	text.WriteString("12:30 h,x\n")
	d := described(t, text.String(), describe.Options{})
	if want := `in.csv:42: a: "12:30 h" is no number; 1 cell of its 41 that no setting reads; expected numbers written in one way`; len(d.Problems) != 1 || d.Problems[0] != want || d.Readable {
		t.Errorf("problems %q, want %q", d.Problems, want)
	}
	if c := d.Columns[0]; c.Type != "integer" || c.Unreadable < 0.02 || c.Unreadable > 0.03 {
		t.Errorf("column %+v", c)
	}
}

// TestQuestionDecides what a column has to be, and which columns count.
func TestQuestionDecides(t *testing.T) {
	columns := func(group, aggregate string) []groupby.Column {
		q, err := query.Compile(query.Spec{GroupBy: []string{group}, Aggregate: []string{aggregate}})
		if err != nil {
			t.Fatal(err)
		}
		return q.Columns()
	}
	const text = "day,code,n\n20240105,NA,1\n20240106,-,NA\n20240107,x,NA\n"
	if d := described(t, text, describe.Options{Columns: columns("month(day) as m", "count(*)")}); d.Flags != "--date-formats=%Y%m%d" {
		t.Errorf("dates: %s", d.Flags)
	}
	const want = `in.csv:2: day: "240105" is no date; 2 cells of its 2 that no setting reads; expected dates in formats that dateFormats names`
	if d := described(t, "day\n240105\n240106\n", describe.Options{Columns: columns("month(day) as m", "count(*)")}); len(d.Problems) != 1 || d.Problems[0] != want {
		t.Errorf("numbers as dates: %q", d.Problems)
	}
	if d := described(t, text, describe.Options{Columns: columns("code", "sum(n)")}); d.Flags != "--missing-values=NA" || len(d.Notes) == 0 {
		t.Errorf("numbers: %s, %q", d.Flags, d.Notes)
	}
	if d := described(t, text, describe.Options{Columns: columns("day", "sum(other)")}); !strings.Contains(strings.Join(d.Notes, " "), `no column "other"`) {
		t.Errorf("a column that is not there: %q", d.Notes)
	}
}

// TestGivenSettingsAreNotDoubted, and stand among those that are printed.
func TestGivenSettingsAreNotDoubted(t *testing.T) {
	d := described(t, "a;b\n1.234;3/4/2024\n", describe.Options{Settings: dialect.Settings{DecimalChar: ",", GroupChar: ".", DateFormats: []string{"%d/%m/%Y"}}})
	if want := "--decimal-char=, --group-char=. --date-formats=%d/%m/%Y"; d.Flags != want || !d.Readable {
		t.Errorf("flags %q, choices %+v", d.Flags, d.Choices)
	}
}

// TestPrintedSettingsAreTaken: the flags, the values of the chart and the dataset say the same.
func TestPrintedSettingsAreTaken(t *testing.T) {
	d := described(t, "# it's made\nn;d;w;t\n1.234,5;31.12.2024;\"NA\";\\N\n2;01.12.2024;5;7\n3;02.12.2024;6;8\n", describe.Options{})
	config, err := query.ParseConfig([]byte(d.Dataset))
	if err != nil {
		t.Fatalf("%v of\n%s", err, d.Dataset)
	}
	same := func(s dialect.Settings) bool { return describe.FlagsOf(s) == d.Flags }
	if len(config.Datasets) != 1 || !same(config.Datasets[0].Input) || len(d.Input) < 4 {
		t.Errorf("flags %s, dataset\n%s", d.Flags, d.Dataset)
	}
	_, values, _ := strings.Cut(d.Values, "processor:\n")
	var unindented strings.Builder
	for line := range strings.Lines(values) {
		unindented.WriteString(strings.TrimPrefix(line, "  "))
	}
	if config, err = query.ParseConfig([]byte(unindented.String())); err != nil || !same(config.Input) {
		t.Errorf("%v, flags %s, values\n%s", err, d.Flags, d.Values)
	}
}

// large is a file whose end is not as its beginning.
func large() string {
	var b strings.Builder
	b.WriteString("a;n\n")
	for i := range 20_000 {
		fmt.Fprintf(&b, "\"text %d\nand more\";%d\n", i, i)
	}
	b.WriteString("last;1,5\nlast;NA\n")
	return b.String()
}

func TestLargeFilesAreSampled(t *testing.T) {
	text := large()
	d := described(t, text, describe.Options{Most: 64 << 10})
	if !d.Sampled || d.BytesRead > 70<<10 || d.BytesRead < 60<<10 || d.Rows > 4000 {
		t.Errorf("sampled %v: %d bytes, %d rows", d.Sampled, d.BytesRead, d.Rows)
	}
	if want := "--missing-values=NA --decimal-char=,"; d.Flags != want || !d.Readable {
		t.Errorf("flags %q, want %q; choices %+v, problems %q", d.Flags, want, d.Choices, d.Problems)
	}
	all := described(t, text, describe.Options{Most: 64 << 10, All: true})
	if all.Sampled || all.Rows != 20_002 || all.Flags != d.Flags || all.BytesRead != int64(len(text)) {
		t.Errorf("sampled %v: %d rows of %d bytes, %s", all.Sampled, all.Rows, all.BytesRead, all.Flags)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if d := described(t, packed.String(), describe.Options{Most: 64 << 10}); !d.Sampled || d.Layout.Container != "gzip" || d.Flags != "" {
		t.Errorf("packed: sampled %v, %q", d.Sampled, d.Flags)
	}
	if d := described(t, packed.String(), describe.Options{All: true}); d.Sampled || d.Rows != 20_002 || d.Flags != all.Flags {
		t.Errorf("packed, all of it: sampled %v, %d rows, %q", d.Sampled, d.Rows, d.Flags)
	}
}

// TestSmallPackedFileHasAnEnd: its totals are found, too.
func TestSmallPackedFileHasAnEnd(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("shop,n,m\nA,1,2\nB,2,3\nC,2,3\nTotal,5,\n")); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if d := described(t, packed.String(), describe.Options{}); d.Flags != "--skip-footer=1" || d.Sampled {
		t.Errorf("flags %q, sampled %v", d.Flags, d.Sampled)
	}
}

func TestTryGivesTheBeginningOfALongResult(t *testing.T) {
	var b strings.Builder
	b.WriteString("k,n\n")
	for i := range 300_000 {
		fmt.Fprintf(&b, "key%d,1\n", i)
	}
	p, err := describe.Try(t.Context(), file(b.String()), query.Spec{Select: []string{"*"}})
	if err != nil {
		t.Fatal(err)
	}
	if !p.Partial || len(p.Result) > 256<<10 || !bytes.HasPrefix(p.Result, []byte("k,n\nkey0,1\n")) || !bytes.HasSuffix(p.Result, []byte("\n")) {
		t.Errorf("partial %v, %d bytes", p.Partial, len(p.Result))
	}
	var bad *groupby.InputError
	if _, err := describe.Try(t.Context(), file("k,n\na,x\n"), query.Spec{GroupBy: []string{"k"}, Aggregate: []string{"sum(n)"}}); !errors.As(err, &bad) || bad.Line != 2 {
		t.Errorf("a file that is not read: %v", err)
	}
}

// TestManyColumns: only the first are looked at, which is said, and no row counts as short for it.
func TestManyColumns(t *testing.T) {
	row := strings.Repeat("1,", 2999) + "1\n"
	d := described(t, strings.ReplaceAll(row, "1", "n")+strings.Repeat(row, 10), describe.Options{})
	if d.Flags != "" || !d.Readable || len(d.Columns) != 2000 || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "of its 3000 columns the first 2000") {
		t.Errorf("flags %q, %d columns, notes %q, choices %+v", d.Flags, len(d.Columns), d.Notes, d.Choices)
	}
}

func TestPrintHidesWhatMovesTheCursor(t *testing.T) {
	d := described(t, "a\x1b[2J,b\n\x1b[31m,1\n", describe.Options{})
	var out strings.Builder
	if err := d.Print(&out); err != nil || strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), `a\x1b[2J`) {
		t.Errorf("%v: %q", err, out.String())
	}
	if _, err := json.Marshal(d); err != nil {
		t.Error(err)
	}
}

// FuzzFile: whatever is in a file, it is described or refused.
func FuzzFile(f *testing.F) {
	inputs, err := filepath.Glob("../../tests/cases/testdata/*/input.*")
	if err != nil || len(inputs) == 0 {
		f.Fatal("no cases", err)
	}
	for _, name := range inputs {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text[:min(len(text), 1000)])
		f.Add(text[:len(text)/2])
	}
	q, err := query.Compile(query.Spec{GroupBy: []string{"year(#1) as y"}, Aggregate: []string{"sum(#2)"}, Input: dialect.Settings{Header: dialect.Header{None: true}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, opt := range []describe.Options{{}, {Columns: q.Columns()}, {Most: 64}} {
			d, err := describe.File(context.Background(), file(string(text)), opt)
			var bad *groupby.InputError
			if err != nil && !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if err == nil {
				if _, err := query.Compile(query.Spec{Input: d.Settings, Select: []string{"*"}}); err != nil {
					t.Errorf("settings %s: %v", d.Flags, err)
				}
			}
		}
	})
}
