package describe_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"

	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
)

// noted fails unless one note of a description has the text.
func noted(t *testing.T, d *describe.Description, text string) {
	t.Helper()
	if !slices.ContainsFunc(d.Notes, func(note string) bool { return strings.Contains(note, text) }) {
		t.Errorf("no note has %q: %q", text, d.Notes)
	}
}

// TestFewRowsAreSaid, and what else the file could be.
func TestFewRowsAreSaid(t *testing.T) {
	noted(t, described(t, "a,b\n1,x\n2,y\n", describe.Options{}), "2 rows: too few to tell")
	noted(t, described(t, "Ulm,x\nBonn,y\n", describe.Options{}), "1 row: too few to tell for sure how such files are written; that line 1 has the names of the columns is told by its place alone, header: none reads it as a row")
	noted(t, described(t, "when who what\nnow me that\n", describe.Options{}), `delimiter: " " reads 3`)
	noted(t, described(t, "when\nnow\n", describe.Options{}), "delimiter names what is between several")
	if d := described(t, "a,b\n"+strings.Repeat("1,x\n", 10), describe.Options{}); len(d.Notes) > 0 {
		t.Errorf("10 rows: %q", d.Notes)
	}
}

// TestLogsAreTold by their lines, however few.
func TestLogsAreTold(t *testing.T) {
	const fields = "#Software: IIS\n#Fields: date time cs-method sc-status\n"
	const apache = `127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif HTTP/1.0" 200 2326` + "\n"
	for name, c := range map[string]struct {
		text, flags string
		rows        int64
	}{
		"W3C, one line":     {fields + "2024-01-05 00:00:01 GET 200\n", "--delimiter=' ' --header=none --comment-prefix='#'", 1},
		"W3C, two lines":    {fields + "2024-01-05 00:00:01 GET 200\n2024-01-05 00:00:02 GET 404\n", "--delimiter=' ' --header=none --comment-prefix='#'", 2},
		"Apache, one line":  {apache, "--delimiter=' ' --header=none", 1},
		"Apache, two lines": {apache + apache, "--delimiter=' ' --header=none", 2},
	} {
		t.Run(name, func(t *testing.T) {
			d := described(t, c.text, describe.Options{})
			if d.Flags != c.flags || d.Rows != c.rows {
				t.Errorf("flags %q, %d rows, notes %q", d.Flags, d.Rows, d.Notes)
			}
			noted(t, d, "too few to tell")
			if strings.HasPrefix(name, "W3C") {
				noted(t, d, "#1 is date, #2 is time, #3 is cs-method, #4 is sc-status")
				d = described(t, c.text, describe.Options{Settings: dialect.Settings{CommentPrefix: "#"}})
				if d.Flags != c.flags {
					t.Errorf("with the prefix said: flags %q", d.Flags)
				}
			}
		})
	}
}

// TestSeveralEncodingsAreNamed with what they make of a cell.
func TestSeveralEncodingsAreNamed(t *testing.T) {
	encoded := func(m *charmap.Charmap, text string) string {
		bytes, err := m.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	d := described(t, encoded(charmap.Windows1250, "miasto;kwota\nŁódź;10\nKraków;20\n"), describe.Options{})
	if d.Readable || len(d.Choices) != 1 || !slices.ContainsFunc(d.Choices[0].Options, func(o describe.Option) bool {
		return o.Means == "it has Łódź" && o.Flags == "--encoding=windows-1250"
	}) {
		t.Errorf("Polish: %+v", d.Choices)
	}
	noted(t, described(t, encoded(charmap.Windows1250, "Măgura;n\nCoaja;10\n"), describe.Options{}), "in windows-1250 Mãgura is Măgura")
	for _, text := range []string{"Stadt;n\nKöln;10\n", "Größe;n\n3 m²;10\n5 m³;20\n", "prix;n\n«été à Nice»;10\n", "precio;n\n¿5 £?;10\n"} {
		d := described(t, encoded(charmap.Windows1252, text), describe.Options{})
		if !d.Readable || d.Layout.Encoding != "windows-1252" {
			t.Errorf("%s: %+v", text, d.Choices)
		}
	}
	d = described(t, encoded(charmap.Windows1250, "miasto;kwota\nŁódź;10\n"), describe.Options{Settings: dialect.Settings{Encoding: "windows-1250"}})
	if !d.Readable || strings.Contains(strings.Join(d.Notes, " "), "UTF-8") {
		t.Errorf("an encoding that was said: %+v, %q", d.Choices, d.Notes)
	}
}

// TestRowsThatAWordLeavesOut are those with any word that is not read, not just with the one that is asked about.
func TestRowsThatAWordLeavesOut(t *testing.T) {
	q, err := query.Compile(query.Spec{GroupBy: []string{"item"}, Aggregate: []string{"sum(quantity)"}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "each row that cannot be read is left out, and written to a file of its own"
	for _, text := range []string{"x,1\ny,seven\nz,3\n", "x,1\ny,seven\nz,3\ny,eight\n"} {
		d := described(t, "item,quantity\n"+text, describe.Options{Columns: q.Columns()})
		if len(d.Choices) == 0 || !slices.ContainsFunc(d.Choices[0].Options, func(o describe.Option) bool { return o.Means == want }) {
			t.Errorf("%q: choices %+v, want one that means: %s", text, d.Choices, want)
		}
	}
}

// TestNothingIsReadAsNonsense: what a setting does not read, it is not said to read as 0.
func TestNothingIsReadAsNonsense(t *testing.T) {
	d := described(t, "a;b\nx;1,234.5\ny;2\nz;3,25\n", describe.Options{})
	if len(d.Choices) != 1 {
		t.Fatalf("choices %+v", d.Choices)
	}
	var means []string
	for _, o := range d.Choices[0].Options {
		means = append(means, o.Means)
	}
	if want := []string{"3,25 is not read, 1,234.5 is 1234.5", "3,25 is 3.25, 1,234.5 is not read"}; !slices.Equal(means, want) {
		t.Errorf("%s: %q, want %q", d.Choices[0].About, means, want)
	}
	if len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "is not written as most of its numbers are") {
		t.Errorf("problems %q", d.Problems)
	}
}

func TestTotalsInTheMiddleAreNoted(t *testing.T) {
	for name, c := range map[string]struct{ text, note string }{
		"an empty key":       {"region,shop,n\nN,a,1\nSubtotal,,1\nS,c,4\nS,d,5\n", `1 row may be a total of others, first in line 3: "Subtotal" in region`},
		"its group behind":   {"region;shop;n\nN;a;1\nSumme N;;1\nS;c;4\nSumme S;;4\nW;c;4\nW;d;5\n", `2 rows may be totals of others, first in line 3: "Summe N" in region`},
		"its group before":   {"region,n\nNorth,1\nNorth,2\nNorth Total,3\nSouth,1\nSouth,2\n", `"North Total" in region`},
		"below another cell": {"region,shop,n\nN,a,1\n,Total,1\nS,c,4\nS,d,5\n", `"Total" in shop`},
	} {
		t.Run(name, func(t *testing.T) { noted(t, described(t, c.text, describe.Options{}), c.note) })
	}
	for name, text := range map[string]string{
		"names that begin so": "shop,n\nTotal Wine,1\nSum 41,2\nAldi,2\nAldi,2\n",
		"a part of a word":    "shop,n\nTotally,1\nSummer,2\nAldi,2\nAldi,2\n",
	} {
		if d := described(t, text, describe.Options{}); strings.Contains(strings.Join(d.Notes, " "), "of others") {
			t.Errorf("%s: %q", name, d.Notes)
		}
	}
}

// TestLastOfManyShortRows may be cut off.
func TestLastOfManyShortRows(t *testing.T) {
	d := described(t, "a,b,c\n1,2,3\n4,5\n6,7,8\n9,1", describe.Options{})
	if d.Flags != "--ragged-rows=pad" || !d.Readable {
		t.Errorf("flags %q, choices %+v", d.Flags, d.Choices)
	}
	noted(t, d, "the last row, in line 5, is one of them: the file may have been cut off there")
}

// TestFooterThatIsNoRow is left out: it has a text where all rows have numbers.
func TestFooterThatIsNoRow(t *testing.T) {
	d := described(t, "a,b,c\n1,2,3\n4,5,6\nby our own\n", describe.Options{})
	if d.Flags != "--skip-footer=1" || !d.Readable {
		t.Errorf("flags %q, choices %+v", d.Flags, d.Choices)
	}
}

// TestZipIsReadToItsEnd: its directory is no part that is left.
func TestZipIsReadToItsEnd(t *testing.T) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("in.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(w, "shop,n,m\nA,1,2\nB,2,3\nC,2,3\nTotal,5,\n"); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	d := described(t, packed.String(), describe.Options{})
	if d.Sampled || d.BytesRead != d.Size || d.Flags != "--skip-footer=1" {
		t.Errorf("sampled %v, %d of %d bytes, flags %q", d.Sampled, d.BytesRead, d.Size, d.Flags)
	}
}

// TestTwoTablesUnderOneHeader: that the first is left out is no setting that reads every cell.
func TestTwoTablesUnderOneHeader(t *testing.T) {
	d := described(t, "Sales\nregion,amount\nnorth,10\nsouth,20\neast,30\n\nReturns\nregion,amount\nnorth,1\nsouth,2\n", describe.Options{})
	if d.Readable || d.Flags != "--header=8" || len(d.Problems) != 1 || !strings.Contains(d.Problems[0], "leaves lines 1 to 7 out") {
		t.Errorf("readable: %v, flags %q, problems %q", d.Readable, d.Flags, d.Problems)
	}
	if d := described(t, "Sales\nregion,amount\nnorth,10\nsouth,20\neast,30\n", describe.Options{}); !d.Readable {
		t.Errorf("one table: problems %q, choices %+v", d.Problems, d.Choices)
	}
}

// TestNamibiaIsNotNothing: a word that also is a code among others of its length is not taken for
// NULL without being asked for; one among other texts is, and that is noted.
func TestNamibiaIsNotNothing(t *testing.T) {
	if d := described(t, "country,v\nNA,1\nDE,NA\nFR,2.5\n", describe.Options{}); d.Flags != "" || len(d.Choices) != 1 {
		t.Errorf("codes: flags %q, choices %+v", d.Flags, d.Choices)
	}
	d := described(t, "name,v\nNA,1\nAnn,NA\nBob,2.5\n", describe.Options{})
	if d.Flags != "--missing-values=NA" {
		t.Errorf("names: flags %q, choices %+v", d.Flags, d.Choices)
	}
	noted(t, d, "it also fills 1 cell of name")
}

// TestNothingReadsNUL: what no setting reads is not offered to be read.
func TestNothingReadsNUL(t *testing.T) {
	d := described(t, "k,v\na\x00,1\nb,2\n", describe.Options{})
	if len(d.Choices) != 1 || len(d.Choices[0].Options) != 1 || d.Choices[0].Options[0].Settings.OnBadRow != dialect.Skip {
		t.Errorf("%+v", d.Choices)
	}
}

// TestRowsOfMoreCellsCanBeRead by lenience, and a name such as NULL in them changes nothing.
func TestRowsOfMoreCellsCanBeRead(t *testing.T) {
	d := described(t, "k,v\na,1\nNULL,2,3\nb,4\n", describe.Options{})
	if len(d.Choices) != 1 || len(d.Choices[0].Options) != 2 || !d.Choices[0].Options[0].Settings.Lenient {
		t.Errorf("%+v", d.Choices)
	}
}

// TestNumbersThatMayBeDates are said to be numbers, with the format that would read them.
func TestNumbersThatMayBeDates(t *testing.T) {
	for text, format := range map[string]string{
		"t,n\n1706700000,1\n1706700001,2\n":           "epoch",
		"t,n\n1706700000.5,1\n1706700001,2\n":         "epoch",
		"t,n\n1706700000250,1\n1706700001250.25,2\n":  "epochms",
		"t,n\n20240131,1\n20241231,2\n":               `"%Y%m%d"`,
		"t,n\n1706700000.5,1\n170670000.5,2\n":        "",
		"t,n\n1706700000.5,1\n1706700000.5.2 USD,2\n": "",
	} {
		d := described(t, text, describe.Options{})
		if note := "t is read as numbers; if they are dates, dateFormats: [" + format + "] reads them"; format != "" {
			noted(t, d, note)
		} else if slices.ContainsFunc(d.Notes, func(s string) bool { return strings.Contains(s, "if they are dates") }) {
			t.Errorf("%q: %q", text, d.Notes)
		}
	}
}

// TestRowsThatAreLeftOutAreNoChoice where it is said that they are, and there are not too many.
func TestRowsThatAreLeftOutAreNoChoice(t *testing.T) {
	question, err := query.Compile(query.Spec{GroupBy: []string{"store"}, Aggregate: []string{"sum(amount)"}})
	if err != nil {
		t.Fatal(err)
	}
	opt := describe.Options{Columns: question.Columns(), Settings: dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.4}}
	d := described(t, "store,amount\nA,1\nB,abc\nC,3\n", opt)
	if !d.Readable || d.LeftOut != 1 || d.Flags != "--on-bad-row=skip --max-bad-share=0.4" {
		t.Errorf("%+v", d)
	}
	noted(t, d, `in.csv:3: amount: "abc" is no number; 1 row is left out, as onBadRow: skip says`)
	rows := strings.Repeat("A,1.5\n", 40)
	d = described(t, "store,amount\n"+rows+"B,12:30 h\n"+rows, opt)
	if !d.Readable || d.LeftOut != 1 {
		t.Errorf("problems %q, choices %+v", d.Problems, d.Choices)
	}
	noted(t, d, `1 row is left out`)
	if d := described(t, "store,amount\nA,1\nB,abc\nC,abc\n", opt); d.Readable || d.LeftOut != 0 || len(d.Choices) != 1 {
		t.Errorf("too many: %+v", d)
	}
	opt.Settings = dialect.Settings{}
	if d := described(t, "store,amount\nA,1\nB,abc\nC,3\n", opt); d.Readable || d.LeftOut != 0 || len(d.Choices) != 1 {
		t.Errorf("without skip: %+v", d)
	}
}

// TestDatesInTwoOrders: where a column has days first and months first, which one counts for
// a date that may be in both is a choice.
func TestDatesInTwoOrders(t *testing.T) {
	d := described(t, "d,v\n13/01/2024,1\n02/14/2024,2\n05/03/2024,4\n", describe.Options{})
	var options []string
	for _, c := range d.Choices {
		for _, o := range c.Options {
			options = append(options, o.Means+": "+strings.Join(o.Settings.DateFormats, " "))
		}
	}
	if want := []string{"05/03/2024 is 2024-05-03: %m/%d/%Y %d/%m/%Y", "05/03/2024 is 2024-03-05: %d/%m/%Y %m/%d/%Y"}; !slices.Equal(options, want) {
		t.Errorf("%q, want %q", options, want)
	}
	if d = described(t, "d,v\n13/01/2024,1\n02/14/2024,2\n05/05/2024,4\n", describe.Options{}); len(d.Choices) > 0 {
		t.Errorf("nothing is unclear: %+v", d.Choices)
	}
}

// TestALineAboveTheRowsIsSaid: a first line with fewer cells than the rows below it is left out.
func TestALineAboveTheRowsIsSaid(t *testing.T) {
	for text, want := range map[string]string{
		"2024-01-01;5\n2024-01-02;2;7\n2024-01-03;3;8\n2024-01-04;4;9\n": "line 1 was left out: it has not as many cells as the rows below",
		"a\nb\n2024-01-02;2;7\n2024-01-03;3;8\n2024-01-04;4;9\n":         "lines 1 to 2 were left out: they have not as many cells as the rows below",
		"value\n0,5\n1,5\n2,25\n":                                        `line 1 was left out: it has not as many cells as the rows below; if it names one column of numbers with decimal commas, delimiter: ";" and decimalChar: "," read it`,
	} {
		if d := described(t, text, describe.Options{}); !slices.Contains(d.Notes, want) {
			t.Errorf("%q: flags %q, notes %q, want %q", text, d.Flags, d.Notes, want)
		}
	}
}

func TestTwoCurrenciesAreSaid(t *testing.T) {
	const note = `v has amounts in "EUR" and in "USD", which are taken as if they were of one`
	for text, says := range map[string]bool{"a;v\nx;$5\ny;€6\n": true, "a;v\nx;$5\ny;USD 6\n": false, "a;v\nx;5\ny;6e3\n": false} {
		if d := described(t, text, describe.Options{}); slices.Contains(d.Notes, note) != says {
			t.Errorf("%q: notes %q", text, d.Notes)
		}
	}
}

// TestLongFooterThatWasSaid: none of its rows is described, however many there are.
func TestLongFooterThatWasSaid(t *testing.T) {
	for _, footer := range []int{1, 12, 13, 40} {
		text := "item,n\n" + strings.Repeat("a,1\n", 50) + strings.Repeat("a remark,none\n", footer)
		d := described(t, text, describe.Options{Settings: dialect.Settings{SkipFooter: footer}})
		if d.Rows != 50 || d.Flags != fmt.Sprintf("--skip-footer=%d", footer) || len(d.Notes) > 0 {
			t.Errorf("a footer of %d rows: %d rows, flags %q, notes %q", footer, d.Rows, d.Flags, d.Notes)
		}
		for _, c := range d.Columns {
			if c.Name == "n" && c.Type != "integer" {
				t.Errorf("a footer of %d rows: %+v", footer, c)
			}
		}
	}
}
