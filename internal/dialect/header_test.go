package dialect

import (
	"strings"
	"testing"

	"csv-pipeline/internal/groupby"
)

// TestHeaderThatWasSaid: to say on which line the header is changes nothing where it is found
// there anyway.
func TestHeaderThatWasSaid(t *testing.T) {
	lenient := Settings{Lenient: true, OnBadRow: Skip, MaxBadShare: 1}
	for _, c := range []struct {
		name, text string
		settings   Settings
		line       int
		want       string
	}{
		{"a stray quote", "a,b\",\"c\n1,2,3\n4,5,6\n", lenient, 1, "a,\"b\"\"\",\"\"\"c\"\n1,2,3\n4,5,6\n"},
		{"a quote that closes below", "a,\"b,c\n1,2,3\n4,\"5\",6\n7,8,9\n", lenient, 1, "a,\"\"\"b\",c\n1,2,3\n4,5,6\n7,8,9\n"},
		{"a cell less", "a,b,c,d\n1,2,3,4,5\n6,7,8,9,10\n", lenient, 1, "a,b,c,d,\n1,2,3,4,5\n6,7,8,9,10\n"},
		{"a cell more", "a,,b,c\n1,2,3\n4,5,6\n", lenient, 1, "a,b,c\n1,2,3\n4,5,6\n"},
		{"a second table", "a,\"b\",c\n1,2,5\n3,4,6\na,b,c\n5,6,7\n8,9,10\n", lenient, 1, "a,b,c\n1,2,5\n3,4,6\n"},
		{"single quotes below lines that are no table", "made today\nby hand\n'a','b'\n'1','2'\n'3','4'\n", Settings{}, 3, "a,b\n1,2\n3,4\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := readAll(c.settings, []byte(c.text), 1)
			if err != nil || found != c.want {
				t.Errorf("found: %q, %v, want %q", found, err, c.want)
			}
			c.settings.Header = Header{Lines: []int{c.line}}
			said, err := readAll(c.settings, []byte(c.text), 1)
			if err != nil || said != c.want {
				t.Errorf("said: %q, %v, want %q", said, err, c.want)
			}
		})
	}
}

// TestHeaderThatWasSaidHasTheColumns: of several delimiters that is taken under which the header that
// was said has the columns of the question, also where most rows do not fit it.
func TestHeaderThatWasSaidHasTheColumns(t *testing.T) {
	const text = "Sales by region\nregion,amount\nnorth,10\nsouth,20\n\nReturns\nof, all\nshops; too\nregion;amount\nnorth;1\n"
	settings := Settings{Header: Header{Lines: []int{2}}, SkipFooter: 5}
	d, err := settings.Compile()
	if err != nil {
		t.Fatal(err)
	}
	reading, err := d.Open(t.Context(), File{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}, []groupby.Column{{Name: "amount", Role: groupby.Number}})
	if err != nil || reading.Layout.Delimiter != "," {
		t.Errorf("%+v, %v", reading, err)
	}
}

// TestRemarksAboveTheTable: lines of remarks, however many, do not hide the header.
func TestRemarksAboveTheTable(t *testing.T) {
	many := func(line string, n int) string { return strings.Repeat(line+"\n", n) }
	for _, c := range []struct {
		name, text string
		settings   Settings
		want       string
	}{
		{"more than the header is sought in", many("# station 5, metres; made by hand", 90), Settings{}, "a,b\n1,2\nx,y\n"},
		{"more than 64 KiB", many("# station 5, metres; made by hand", 4000), Settings{}, "a,b\n1,2\nx,y\n"},
		{"more than 64 KiB of comments", many("// station 5, metres; made by hand", 4000), Settings{CommentPrefix: "//"}, "a,b\n1,2\nx,y\n"},
		{"a header far below that was said", many("station 5, metres; made by hand", 4000), Settings{Header: Header{Lines: []int{4001}}}, "a,b\n1,2\nx,y\n"},
		{"a header far below rows that were said", many("station 5, metres; made by hand", 4000), Settings{SkipRows: 4000}, "a,b\n1,2\nx,y\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := readAll(c.settings, []byte(c.text+"a,b\n1,2\nx,y\n"), 1); err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, text, want string }{
		{"VCF", "##fileformat=VCFv4.2\n##INFO=<ID=NS,Number=1,Type=Integer>\n##INFO=<ID=DP,Number=1,Type=Integer>\n#CHROM\tPOS\tID\n20\t14370\trs6\n20\t17330\t.\n", "#CHROM,POS,ID\n20,14370,rs6\n20,17330,.\n"},
		{"numpy.savetxt", "# run 5, by hand\n# x,y\n1.5,2\n3,4\n", "# x,y\n1.5,2\n3,4\n"},
		{"two remarks as wide as the table", "# by hand, today\n# in metres, seconds\nx,y\n1.5,2\n3,4\n", "x,y\n1.5,2\n3,4\n"},
		{"a table whose cells all begin so", "#,name\n#1,a\n#2,b\n", "#,name\n#1,a\n#2,b\n"},
		{"a single line is no run", "#,name\n1,a\n2,b\n", "#,name\n1,a\n2,b\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := readAll(Settings{}, []byte(c.text), 1); err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}

// TestQuotesInAFirstRow: a file without a header whose first row has a quote that needs a backslash, or
// fits no rule, is read as one that has such a row elsewhere.
func TestQuotesInAFirstRow(t *testing.T) {
	const escaped = "\"1\",\"a\\\"b\",\"2,5\"\n\"2\",\"c\",\"3\"\n\"3\",\"d\",\"4\"\n"
	const cells = "\"1\",\"a\\\",b\",\"2,5\"\n\"2\",\"c\",\"3\"\n\"3\",\"d\",\"4\"\n"
	const malformed = "\"a\"b,2\n3,4\n4,5\n"
	none := Settings{Header: Header{None: true}}
	with := func(change func(*Settings)) Settings { s := none; change(&s); return s }
	for _, c := range []struct {
		name, text string
		settings   Settings
		want, bad  string
	}{
		{"a backslash", escaped, none, "1,\"a\"\"b\",\"2,5\"\n2,c,3\n3,d,4\n", ""},
		{"a backslash, what is the header is found", escaped, Settings{}, "1,\"a\"\"b\",\"2,5\"\n2,c,3\n3,d,4\n", ""},
		{"a backslash and a delimiter", cells, none, "1,\"a\"\",b\",\"2,5\"\n2,c,3\n3,d,4\n", ""},
		{"no rule", malformed, none, "", "f.csv:1: text after a closing quote"},
		{"no rule, lenient", malformed, with(func(s *Settings) { s.Lenient = true }), "\"\"\"a\"\"b\",2\n3,4\n4,5\n", ""},
		{"no rule, skipped", malformed, with(func(s *Settings) { s.OnBadRow, s.MaxBadShare = Skip, 1 }), "3,4\n4,5\n", ""},
		{"nothing else", "\"a\"b\n", none, "", "f.csv:1: text after a closing quote"},
		{"never closed", "\"ab\n1,2\n", none, "", "f.csv:1: a quote is opened and never closed"},
		{"single quotes, and fewer cells than names", "'\t\n\"1\",\"a\\\"b\"\t',1\"\t\n\n;\"a\"b\n\"1\",\"a\\\"b\" 11\",\\;", with(func(s *Settings) { s.Lenient, s.Header = true, Header{} }), "',,\n\"1\"\",\"\"a\\\"\"b\",\"',1\"\"\",\n\";\"\"a\"\"b\",,\n\"\"\"1\"\",\"\"a\\\"\"b\"\" 11\"\",\\;\",,\n", ""},
		{"never closed, lenient", "\"a\n1,2\n3,4\n", with(func(s *Settings) { s.Lenient = true }), "\"\"\"a\",\n1,2\n3,4\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(c.settings, []byte(c.text), 1)
			if c.bad != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.bad) {
					t.Errorf("%q, %v, want %s", got, err, c.bad)
				}
				return
			}
			if err != nil || got != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}
