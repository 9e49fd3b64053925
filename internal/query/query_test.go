package query

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

type answer struct {
	result, rejects, err string
	rows, rejected       int64
}

func ask(t *testing.T, spec Spec, text []byte, workers int) answer {
	t.Helper()
	q, err := Compile(spec)
	if err != nil {
		t.Fatal(err)
	}
	var result, rejects bytes.Buffer
	report, err := q.Run(context.Background(), dialect.File{Name: "f.csv", ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, func() (io.Writer, io.Writer, error) {
		result.Reset()
		rejects.Reset()
		return &result, &rejects, nil
	}, Options{Engine: groupby.Options{Workers: workers}})
	if err != nil {
		return answer{err: err.Error()}
	}
	return answer{result: result.String(), rejects: rejects.String(), rows: report.Rows, rejected: report.Rejected}
}

// TestBothWaysAgree has each question answered by the engine alone, as far as it can,
// and by way of the rewriter.
func TestBothWaysAgree(t *testing.T) {
	specs := []Spec{
		{GroupBy: []string{"k"}, Aggregate: []string{"sum(v)", "count(*)"}},
		{GroupBy: []string{"k"}, Aggregate: []string{"min(v)", "max(v)", "count(v)", "count(distinct v)"}},
		{Aggregate: []string{"count(*)", "count(k)"}},
		{Aggregate: []string{"avg(v)", "max(k)"}},
		{GroupBy: []string{"v", "k"}, Aggregate: []string{"max(k) as most"}},
		{GroupBy: []string{"k"}, Aggregate: []string{"first(t)", "last(t)", "first(v)", "median(v)", "stddev(v)"}},
		{Aggregate: []string{"last(k)", "first(k)", "variance(v)", "quantile(v, 0.9)"}},
		{GroupBy: []string{"day(t) as d"}, Aggregate: []string{"sum(v)"}},
		{GroupBy: []string{"#1 as one"}, Aggregate: []string{"count(*)"}, Input: dialect.Settings{Header: dialect.Header{None: true}}},
		{GroupBy: []string{"k"}, Aggregate: []string{"sum(v)"}, Input: dialect.Settings{OnBadRow: dialect.Skip, MaxBadShare: 0.5}},
	}
	n := rounds(1000)
	seed := rand.Uint64()
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		spec := specs[r.IntN(len(specs))]
		text := randomText(r)
		plain := ask(t, spec, text, 1+r.IntN(3))
		rewritten := spec
		rewritten.Input.CommentPrefix = "%never%"
		if again := ask(t, rewritten, text, 1+r.IntN(3)); again != plain {
			t.Fatalf("seed %d, %d: %+v\n%q\nas it is  %+v\nrewritten %+v", seed, i, spec, text, plain, again)
		}
	}
}

// randomText is CSV that is regular, or has a few oddities.
func randomText(r *rand.Rand) []byte {
	delimiter := []string{",", ";", "\t", "|"}[r.IntN(4)]
	end := []string{"\n", "\n", "\r\n"}[r.IntN(3)]
	odd := r.IntN(2) * (1 + r.IntN(20))
	var b strings.Builder
	line := func(cells ...string) { b.WriteString(strings.Join(cells, delimiter) + end) }
	line("k", "v", "t")
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for range r.IntN(60) {
		if odd > 0 && r.IntN(40) < odd {
			switch r.IntN(13) {
			case 0:
				line(pick("a", "b"), "12")
			case 1:
				line("k", "v", "t")
			case 2:
				line(pick("é", "\xe9", "ok\xff"), "1", "")
			case 3:
				line(`5" pipe`, "1", "")
			case 4:
				b.WriteString(pick("", "  ") + end)
			case 5:
				line("x", "1", "2024-01-05", "")
			case 6:
				line("x", pick("1.234", "2.500", "0.5", "NA", "1e3", " 7 "), "")
			case 7:
				line("x", "0.1234567890123456789012", "")
			case 8:
				line(`"two`+end+`lines"`, "1", "")
			case 9:
				line(`"say ""hi"""`, "2", `"2024-02-01 10:00"`)
			case 10:
				line(`"a\"b"`, "2", "")
			case 11:
				b.WriteString("c" + delimiter + "3" + delimiter + "\r")
			case 12:
				line(` "q"`, "3", "")
			}
			continue
		}
		line(pick("a", "b", "c", `"d`+delimiter+`e"`), strconv.Itoa(r.IntN(1000)), pick("", "2024-01-31", "2024-01-31T10:00:00Z", "2023-12-01 05:06"))
	}
	return []byte(b.String())
}

func TestSpecsThatAreRefused(t *testing.T) {
	for want, spec := range map[string]Spec{
		"select: it stands instead":                                   {Select: []string{"*"}, Aggregate: []string{"count(*)"}},
		"select: * stands there twice":                                {Select: []string{"*", "*"}},
		"two columns named":                                           {Select: []string{"a", "b as a"}},
		"decimalChar":                                                 {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DecimalChar: ";"}},
		"groupChar \",\": expected another":                           {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DecimalChar: ",", GroupChar: ","}},
		"encoding \"klingon\": expected":                              {Aggregate: []string{"count(*)"}, Input: dialect.Settings{Encoding: "klingon"}},
		"timeZone \"Mars\": expected":                                 {Aggregate: []string{"count(*)"}, Input: dialect.Settings{TimeZone: "Mars"}},
		"dateFormats \"yyyy\": expected":                              {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DateFormats: []string{"yyyy"}}},
		"dateFormats \" %Y\": expected no blank at an end; in a list": {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DateFormats: []string{"%b %d", " %Y"}}},
		"dateFormats \"%d %Q\": expected other conversions than %Q; known are %Y": {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DateFormats: []string{"%d %Q"}}},
		"dateFormats \"%d %\": expected other conversions than %; known are":      {Aggregate: []string{"count(*)"}, Input: dialect.Settings{DateFormats: []string{"%d %"}}},
		"a file without header has no column":                                     {GroupBy: []string{"k"}, Input: dialect.Settings{Header: dialect.Header{None: true}}},
		"skipFooter \"-1\": expected 0 or more":                                   {Aggregate: []string{"count(*)"}, Input: dialect.Settings{SkipFooter: -1}},
	} {
		if _, err := Compile(spec); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", spec, err, want)
		}
	}
}

// TestCountsOfOne: count(1) is SQL's other count(*), unless the header has such a column.
func TestCountsOfOne(t *testing.T) {
	for _, c := range []struct{ aggregate, text, want string }{
		{"count(1) as n", "k,v\na,5\nb,1\nc,1\n", "n\n3\n"},
		{"sum(1) as n", "k,v\na,5\nb,1\nc,1\n", "n\n3\n"},
		{"sum(1) as n", "k,1\na,5\nb,1\nc,7\n", "n\n13\n"},
		{"count(1) as n", "k,1\na,5\nb,\nc,7\n", "n\n2\n"},
		{"sum(2024) as n", "k,2024\na,5\nb,1\nc,7\n", "n\n13\n"},
	} {
		if got := ask(t, Spec{Aggregate: []string{c.aggregate}}, []byte(c.text), 1); got.result != c.want {
			t.Errorf("%s of %q: %+v, want %q", c.aggregate, c.text, got, c.want)
		}
	}
}

// TestTextsWithoutCharacters: in keys and aggregates they are NULL.
func TestTextsWithoutCharacters(t *testing.T) {
	for aggregate, want := range map[string]string{
		"count(substr(k, 2)) as n":                      "n\n1\n",
		"count(distinct substr(k, 2)) as n":             "n\n1\n",
		"first(substr(k, 2)) as n":                      "n\nb\n",
		"count('') as n":                                "n\n0\n",
		"count('') filter (where v > 0) as n":           "n\n0\n",
		"count(substr(k, 2)) filter (where v > 0) as n": "n\n1\n",
	} {
		if got := ask(t, Spec{Aggregate: []string{aggregate}}, []byte("k,v\na,1\nab,2\n,3\n"), 1); got.result != want {
			t.Errorf("%s: %+v, want %q", aggregate, got, want)
		}
	}
}

// TestNumberOfDouble: number() of a double is one, and makes one of what it may stand for.
func TestNumberOfDouble(t *testing.T) {
	spec := Spec{Select: []string{"case when v > 2 then v else number(v / 4) end as x"}}
	if got := ask(t, spec, []byte("k,v\na,2.50\nb,1\n"), 1); got.result != "x\n2.5\n0.25\n" {
		t.Errorf("%+v", got)
	}
}

// TestNullIfOfAnExpression: whole numbers are computed for many rows together, and their digits are
// those of the column, also of rows that do not count.
func TestNullIfOfAnExpression(t *testing.T) {
	for _, c := range []struct {
		aggregate, where, text, want string
	}{
		{"sum(nullif(100 - v, 5)) as s", "", "k,v\na,1\nb,95\n", "s\n99\n"},
		{"sum(nullif(100 - v, 100 - v)) as s", "", "k,v\na,1\nb,95\n", "s\n\"\"\n"},
		{"max(nullif(v * 2, 4)) filter (where k <> 'b') as s", "", "k,v\na,1\nb,95\n", "s\n2\n"},
		{"sum(nullif(100 - v, 5)) as s", "k = 'a'", "k,v\na,1\nb,5.25\n", "s\n99.00\n"},
	} {
		spec := Spec{Aggregate: []string{c.aggregate}, Where: c.where}
		if got := ask(t, spec, []byte(c.text), 1); got.err != "" || got.result != c.want {
			t.Errorf("%+v of %q: %+v, want %q", spec, c.text, got, c.want)
		}
	}
}

// TestManyBranches: a case of any number of branches takes of each row the first that holds.
func TestManyBranches(t *testing.T) {
	for _, n := range []int{254, 255, 256, 300} {
		var number, text, file strings.Builder
		file.WriteString("k,v\n")
		sum, keys, rows := 0, "x,n\n", "x\n"
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&number, " when v = %d then %d", i, 2*i)
			fmt.Fprintf(&text, " when v = %d then 't%03d'", i, i)
			fmt.Fprintf(&file, "a,%d\n", i)
			sum += 2 * i
			keys += fmt.Sprintf("t%03d,1\n", i)
			rows += fmt.Sprintf("%d\n", 2*i)
		}
		fmt.Fprintf(&file, "a,%d\n", n+1) // of no branch
		for _, otherwise := range []string{"", " else -1"} {
			total, last := sum, "\"\"\n"
			if otherwise != "" {
				total, last = sum-1, "-1\n"
			}
			number := "case" + number.String() + otherwise + " end"
			for want, spec := range map[string]Spec{
				"s\n" + strconv.Itoa(total) + "\n": {Aggregate: []string{"sum(" + number + ") as s"}},
				rows + last:                        {Select: []string{number + " as x"}},
			} {
				if got := ask(t, spec, []byte(file.String()), 1); got.err != "" || got.result != want {
					t.Errorf("%d branches%s: %.300q, %s, want %.300q", n, otherwise, got.result, got.err, want)
				}
			}
		}
		spec := Spec{GroupBy: []string{"case" + text.String() + " end as x"}, Aggregate: []string{"count(*) as n"}, Where: fmt.Sprintf("v <= %d", n)}
		if got := ask(t, spec, []byte(file.String()), 1); got.err != "" || got.result != keys {
			t.Errorf("%d branches as a key: %.300q, %s, want %.300q", n, got.result, got.err, keys)
		}
	}
}
