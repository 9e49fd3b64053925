package groupby

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

func mustCompile(t testing.TB, spec Spec) *Plan {
	t.Helper()
	p, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// runText aggregates text by Run.
func runText(t testing.TB, spec Spec, text string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	in := Input{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text))}
	_, err := mustCompile(t, spec).Run(t.Context(), in, &out, Options{})
	return out.String(), err
}

func sales(aggregates ...string) Spec {
	return Spec{GroupBy: []string{"item_id"}, Aggregates: aggregates}
}

var total = sales("sum(quantity) as total_quantity")

func TestRun(t *testing.T) {
	all := sales("count(*) as n", "count(q)", "sum(q)", "avg(q)", "min(q)", "max(q)", "count(distinct q)")
	const allHeader = "item_id,n,count_q,sum_q,avg_q,min_q,max_q,count_distinct_q\n"
	for _, c := range []struct {
		name     string
		spec     Spec
		in, want string
	}{
		{"the demo", total, "timestamp,item_id,quantity\n2022-01-01T00:00:00Z,3,7\n2022-01-01T00:01:00Z,10,1\n2022-01-01T00:02:00Z,3,2\n", "item_id,total_quantity\n3,9\n10,1\n"},
		{"columns in any order", total, "quantity,x,item_id\n1,,2\n3,,2\n", "item_id,total_quantity\n2,4\n"},
		{"header alone", total, "item_id,quantity", "item_id,total_quantity\n"},
		{"CRLF, byte order mark, no final newline", total, "\uFEFFitem_id,quantity\r\n1,2\r\n1,3", "item_id,total_quantity\n1,5\n"},
		{"quoted header and fields", total, "\"item_id\",\"quantity\"\n\"1\",\"2\"\n\"a\"\"b,\nc\",3\n", "item_id,total_quantity\n1,2\n\"a\"\"b,\nc\",3\n"},
		{"quotes in names and texts", Spec{GroupBy: []string{`"the ""id"""`}, Aggregates: []string{"max(q)"}}, "\"the \"\"id\"\"\",q\n\"\"\"\",a\n\"\"\"\",\"say \"\"hi\"\"\"\n", "\"the \"\"id\"\"\",max_q\n\"\"\"\",\"say \"\"hi\"\"\"\n"},
		{"CRLF within quotes is kept", total, "item_id,quantity\r\n\"a\r\nb\",3\r\n", "item_id,total_quantity\n\"a\r\nb\",3\n"},
		{"blank lines", total, "\n\r\nitem_id,quantity\n\n1,2\n\r\n1,3\n\n", "item_id,total_quantity\n1,5\n"},
		{"blanks in header and numbers", total, "item_id, quantity\n1, 2\n1,\t3 \n", "item_id,total_quantity\n1,5\n"},
		{"keys are text", total, "item_id,quantity\n1,1\n01,2\n1,4\n", "item_id,total_quantity\n01,2\n1,5\n"},
		{"integer keys by value", total, "item_id,quantity\n10,1\n9,1\n-3,1\n,1\n123456789012345678901234567890,1\n", "item_id,total_quantity\n,1\n-3,1\n9,1\n10,1\n123456789012345678901234567890,1\n"},
		{"other keys by bytes", total, "item_id,quantity\n10,1\n9,1\nx,1\n", "item_id,total_quantity\n10,1\n9,1\nx,1\n"},
		{"decimals", total, "item_id,quantity\n1,0.1\n1,0.2\n2,1.50\n2,1.50\n3,-7\n", "item_id,total_quantity\n1,0.30\n2,3.00\n3,-7.00\n"},
		{"small decimals", total, "item_id,quantity\n1,0.000000000000000001\n1,1e-18\n1,-.5\n1,+.5\n", "item_id,total_quantity\n1,0.000000000000000002\n"},
		{"exponents", total, "item_id,quantity\n1,1.5e3\n1,25E-1\n1,0e99\n", "item_id,total_quantity\n1,1502.5\n"},
		{"beyond 64 bits", total, "item_id,quantity\n1,9223372036854775807\n1,9223372036854775807\n1,18446744073709551616\n", "item_id,total_quantity\n1,36893488147419103230\n"},
		{"NULL", all, "item_id,q\n1,\n2,5\n2,\n2,\"\"\n", allHeader + "1,1,0,,,,,0\n2,3,1,5,5,5,5,1\n"},
		{"numbers in min and max", all, "item_id,q\n1,10\n1,9.5\n1,10.0\n", allHeader + "1,3,3,29.5,9.833333333333334,9.5,10.0,3\n"},
		{"text in min and max", sales("min(q)", "max(q)"), "item_id,q\n1,b\n1,a\n1,abc\n2,7\n2,n/a\n2,10\n", "item_id,min_q,max_q\n1,a,b\n2,7,n/a\n"},
		{"average rounds once", sales("avg(q)"), "item_id,q\n1,1\n1,2\n1,2\n2,0.1\n2,0.2\n3,-1\n", "item_id,avg_q\n1,1.6666666666666667\n2,0.15\n3,-1\n"},
		{"no key", Spec{Aggregates: []string{"sum(q)", "count(*)"}}, "q\n1\n2\n", "sum_q,count\n3,2\n"},
		{"no key, no row", Spec{Aggregates: []string{"sum(q)", "count(*)"}}, "q\n", "sum_q,count\n,0\n"},
		{"no column", Spec{Aggregates: []string{"count(*)"}}, "q\n1\n\n3\n", "count\n2\n"},
		{"no aggregate", Spec{GroupBy: []string{"a"}}, "a,b\ny,\nx,\n,\ny,\n", "a\n\"\"\nx\ny\n"},
		{"two keys", Spec{GroupBy: []string{"a", "b"}, Aggregates: []string{"count(*)"}}, "a,b\n10,x\n9,y\n9,x\n9,x\n", "a,b,count\n9,x,2\n9,y,1\n10,x,1\n"},
		{"time keys", Spec{GroupBy: []string{"year(t)", "month(t)", "day(t)", "hour(t)"}, Aggregates: []string{"count(*)"}},
			"t\n2022-01-31T23:59:59.5+01:00\n2022-01-31 23:00\n2022-02-01\n\"\"\n", "year_t,month_t,day_t,hour_t,count\n,,,,1\n2022,2022-01,2022-01-31,2022-01-31T23,2\n2022,2022-02,2022-02-01,2022-02-01T00,1\n"},
		{"semicolons", Spec{GroupBy: []string{"a"}, Aggregates: []string{"sum(b)"}, Comma: ';'}, "a;b\n\"x;\";1\nx,y;2\n", "a,sum_b\n\"x,y\",2\nx;,1\n"},
		{"no header", Spec{GroupBy: []string{"#2"}, Aggregates: []string{"sum(#1)"}, NoHeader: true}, "1,a\n2,b\n3,a\n", "column_2,sum_column_1\na,4\nb,2\n"},
		{"bad rows skipped", Spec{GroupBy: []string{"a"}, Aggregates: []string{"sum(b)"}, OnBadRow: SkipBadRow, MaxBadShare: 1}, "a,b\n1,2\n1,x\n\"1,2\n1\n1,3\n", "a,sum_b\n1,5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := runText(t, c.spec, c.in)
			if err != nil || got != c.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

func TestRunRefuses(t *testing.T) {
	for _, c := range []struct {
		name     string
		spec     Spec
		in, want string
	}{
		{"text in a sum", total, "item_id,quantity\n1,2\n1,abc\n", `f.csv:3: quantity: "abc" is not a number`},
		{"quotes in a sum", total, "item_id,quantity\n1,\"a\"\"b\"\n", `f.csv:2: quantity: "a\"b" is not a number`},
		{"infinity", total, "item_id,quantity\n1,inf\n", `f.csv:2: quantity: "inf" is not a number`},
		{"hexadecimal", total, "item_id,quantity\n1,0x1\n", `f.csv:2: quantity: "0x1" is not a number`},
		{"a sign alone", total, "item_id,quantity\n1,-\n", `f.csv:2: quantity: "-" is not a number`},
		{"too many decimals", total, "item_id,quantity\n1,0.0000000000000000001\n", `f.csv:2: quantity: "0.0000000000000000001" has more than 18 digits after the point`},
		{"too many digits", total, "item_id,quantity\n1,1e37\n", `f.csv:2: quantity: "1e37" has more than 37 digits`},
		{"missing column", total, "item_id,qty\n1,2\n", `f.csv:1: no column "quantity": the header has "item_id", "qty"`},
		{"duplicate column", total, "item_id,quantity,item_id\n1,2,1\n", `f.csv:1: columns 1 and 3 are both named "item_id": expected every name once`},
		{"missing number", Spec{GroupBy: []string{"#3"}}, "a,b\n", `f.csv:1: no column #3: the first record has 2 fields`},
		{"short row after a long field", total, "item_id,quantity\n\"1\n\n2\",2\n1\n", `f.csv:5: 1 field, expected 2 as in the first record`},
		{"long row", total, "item_id,quantity\n1,2,3\n", `f.csv:2: 3 fields, expected 2 as in the first record`},
		{"open quote", total, "item_id,quantity\n1,2\n\"1,2\n3,4\n", `f.csv:3: ` + openQuote},
		{"bare quote", total, "item_id,quantity\n1\",2\n", `f.csv:2: ` + bareQuote},
		{"text after quote", total, "item_id,quantity\n\"1\"x,2\n", `f.csv:2: ` + textAfterQuote},
		{"NUL", total, "item_id,quantity,x\n1,2,a\x00b\n", `f.csv:2: x: ` + nulByte},
		{"time", Spec{GroupBy: []string{"day(t)"}}, "t\n2022-02-29\n", `f.csv:2: t: "2022-02-29" ` + timeExpected},
		{"too many bad rows", Spec{GroupBy: []string{"a"}, OnBadRow: SkipBadRow, MaxBadShare: 0.25}, "a\n1\n1,2\n1,3\n1\n", `f.csv:3: 2 fields, expected 1 as in the first record; 2 of 4 rows are bad, expected at most 25 %; this is the first`},
		{"an uneven share of bad rows", Spec{GroupBy: []string{"a"}, Aggregates: []string{"sum(b)"}, OnBadRow: SkipBadRow, MaxBadShare: 0.07}, "a,b\n1,x\n1,2\n", `f.csv:2: b: "x" is not a number; 1 of 2 rows are bad, expected at most 7 %; this is the first`},
		{"empty file", total, "", `f.csv: the file is empty: expected a header line with "item_id", "quantity"`},
		{"empty file, columns by number", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"count(*)"}}, "", `f.csv: the file is empty: expected a header line`},
		{"empty file without header", Spec{GroupBy: []string{"#1"}, NoHeader: true}, "", `f.csv: the file is empty: expected rows`},
		{"empty file, bad rows skipped", Spec{GroupBy: []string{"a"}, OnBadRow: SkipBadRow}, "", `f.csv: the file is empty: expected a header line with "a"`},
		{"blank lines alone", total, "\n\r\n\n", `f.csv: the file has no line that is not blank: expected a header line with "item_id", "quantity"`},
		{"blank lines alone, many", total, strings.Repeat("\n", 1<<20), `f.csv: the file has no line that is not blank: expected a header line with "item_id", "quantity"`},
		{"byte order mark alone", total, "\uFEFF", `f.csv: the file has no line that is not blank: expected a header line with "item_id", "quantity"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := runText(t, c.spec, c.in)
			var bad *InputError
			if !errors.As(err, &bad) || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestRejects(t *testing.T) {
	spec := Spec{GroupBy: []string{"a"}, Aggregates: []string{"sum(b)"}, OnBadRow: SkipBadRow, MaxBadShare: 1}
	var out, rejects bytes.Buffer
	in := Input{Name: "f.csv", Reader: strings.NewReader("a,b\r\n1,2\r\n1,\"x,\"\r\n1\r\n")}
	var told []string
	stats, err := mustCompile(t, spec).Run(t.Context(), in, &out, Options{Rejects: &rejects, OnReject: func(bad *InputError) { told = append(told, bad.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`f.csv:3: b: "x," is not a number`, "f.csv:4: 1 field, expected 2 as in the first record"}; !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
	want := "line,reason,row\n" +
		"3,\"b: \"\"x,\"\" is not a number\",\"1,\"\"x,\"\"\"\n" +
		"4,\"1 field, expected 2 as in the first record\",1\n"
	if rejects.String() != want {
		t.Errorf("rejects:\n%s\nwant\n%s", rejects.String(), want)
	}
	if stats.Rejected != 2 || stats.Rows != 1 || stats.Groups != 1 {
		t.Errorf("stats: %+v", stats)
	}
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("disk on fire")
	in := Input{Name: "f.csv", Reader: io.MultiReader(strings.NewReader("item_id,quantity\n1,2\n"), iotest.ErrReader(broken))}
	_, err := mustCompile(t, total).Run(t.Context(), in, io.Discard, Options{})
	var bad *InputError
	if !errors.Is(err, broken) || errors.As(err, &bad) {
		t.Errorf("got %v, want the reader's error and no InputError", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mustCompile(t, total).Run(ctx, Input{Name: "f.csv", Reader: strings.NewReader("item_id,quantity\n1,2\n")}, io.Discard, Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestReadAhead has a text of more than one buffer, whole and behind a reader that fails.
func TestReadAhead(t *testing.T) {
	var b strings.Builder
	b.WriteString("item_id,quantity\n")
	const rows = 200_000
	for i := range rows {
		b.WriteString(strconv.Itoa(i%5) + ",3\n")
	}
	const want = "item_id,total_quantity\n0,120000\n1,120000\n2,120000\n3,120000\n4,120000\n"
	p := mustCompile(t, total)
	aggregate := func(r io.Reader) (string, error) {
		var out bytes.Buffer
		_, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: r}, &out, Options{Workers: 2})
		return out.String(), err
	}
	if got, err := aggregate(strings.NewReader(b.String())); err != nil || got != want {
		t.Errorf("got %q, %v", got, err)
	}
	broken := errors.New("disk on fire")
	half := strings.NewReader(b.String()[:b.Len()*9/10])
	if _, err := aggregate(io.MultiReader(half, iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}
