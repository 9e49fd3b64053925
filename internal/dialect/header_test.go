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
