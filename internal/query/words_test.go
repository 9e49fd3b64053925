package query

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/expression"
)

// TestWhatIsToldWorks has every expression answered that is told to who writes a function of other
// languages.
func TestWhatIsToldWorks(t *testing.T) {
	const text = "a,b,x,s,t\n5,2,3,xyz,2024-01-31T10:05:06\n7,2,,xyz,2024-02-01T10:05:06\n"
	source, err := os.ReadFile("../expression/elsewhere.go")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile("(?s)const elsewhere = `(.*?)`").FindSubmatch(source)
	if table == nil {
		t.Fatal("the table is not found")
	}
	lines := strings.Split(string(table[1]), "\n")
	var words []string
	for _, line := range lines {
		names, here, _ := strings.Cut(line, ": ")
		for _, word := range strings.Fields(names) {
			if slices.Contains(words, word) {
				t.Errorf("%s stands there twice", word)
			}
			words = append(words, word)
			if _, err := expression.ParseItem(word + "(x)"); err == nil {
				t.Errorf("%s is a function", word)
			} else if !strings.Contains(err.Error(), "unknown function "+word+": expected "+here+"\n") {
				t.Errorf("%s: %v", word, err)
			}
		}
		for _, alternative := range strings.Split(here, " or ") {
			items, err := expression.SplitList(alternative)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range items {
				spec := Spec{Select: []string{item}}
				if n, err := expression.ParseItem(item); err != nil {
					t.Errorf("%s: %v", item, err)
				} else if n.HasAggregate() {
					spec = Spec{Aggregate: []string{item}}
				}
				if got := askedOf(t, spec, text); !strings.HasSuffix(got, "\n") || strings.Contains(got, "error") {
					t.Errorf("%s: %s", item, got)
				}
			}
		}
	}
	if len(lines) < 30 {
		t.Errorf("%d lines", len(lines))
	}
	// What messages of the parser tell.
	for item, want := range map[string]string{
		"a - floor(a / b) * b":                                 "1",
		"round(a / b, 2)":                                      "2.5",
		"round(a * (1 - b / 100), 2)":                          "4.9",
		"round(a * (1 - b * 0.01), 2)":                         "4.90",
		"floor(a / b)":                                         "2",
		"substr(month(t), 6) = 1":                              "true",
		"substr(hour(t), 12) = 10":                             "true",
		"substr(quarter(t), 7) = 1":                            "true",
		"substr(week(t), 7) = 5":                               "true",
		"substr(day(t), 9) = 31":                               "true",
		"lower(s) like 'xy%'":                                  "true",
		"not (a = 1)":                                          "true",
		"case when x < 0 then -1 when x > 0 then 1 else 0 end": "1",
	} {
		if _, got, _ := strings.Cut(askedOf(t, Spec{Select: []string{item + " as r"}, Limit: 1}, text), "\n"); got != want+"\n" {
			t.Errorf("%s: %q, want %s", item, got, want)
		}
	}
}

// TestNamesThatAreNone: a name that no header and no result has may be a text, a habit of SQL or a
// typo of a name of the result.
func TestNamesThatAreNone(t *testing.T) {
	const text = "k,item,qty\na,tea,2\nb,tea,3\n"
	by := func(order, having string) Spec {
		s := Spec{GroupBy: []string{"k"}, Aggregate: []string{"sum(qty) as n"}, Having: having}
		if order != "" {
			s.OrderBy = []string{order}
		}
		return s
	}
	all := func(where string) Spec { return Spec{Select: []string{"*"}, Where: where} }
	header := `: the header has "k", "item", "qty"`
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{by("sum(qty) desc", ""), "k,n\nb,3\na,2\n"},
		{by("k desc", ""), "k,n\nb,3\na,2\n"},
		{Spec{Select: []string{"k as key", "-qty as less"}, OrderBy: []string{"-qty"}}, "key,less\nb,-3\na,-2\n"},
		{by("avg(qty)", ""), `orderBy: the result has no column "avg(qty)": it has "k", "n"`},
		{by("2 desc", ""), `orderBy: the result has no column "2": it has "k", "n"; a column goes by its name, and not by its place`},
		{by("n desc nulls last", ""), `orderBy: the result has no column "n desc nulls last": it has "k", "n"; NULL comes first, with desc last, and that is not written`},
		{Spec{Select: []string{"*"}, OrderBy: []string{"2 desc"}}, `f.csv: no column "2", which orderBy (ORDER_BY) names` + header + `; a column goes by its name, and not by its place`},
		{Spec{GroupBy: []string{"k"}, Aggregate: []string{"sum(qty) as total"}, Having: "totl > 1"}, `having: "totl > 1": totl is in no aggregate and not in groupBy: expected one such as sum(totl); did you mean total?`},
		{all(`item = "tea"`), `f.csv:1: no column "tea", which where (WHERE) names` + header + `; a text stands in single quotes: 'tea'`},
		{all(`item in ("tea", 'x')`), `f.csv:1: no column "tea", which where (WHERE) names` + header + `; a text stands in single quotes: 'tea'`},
		{all(`item = tea`), `f.csv:1: no column "tea", which where (WHERE) names` + header + `; a text stands in single quotes: 'tea'`},
		{all(`"coffee" = 'x'`), `f.csv:1: no column "coffee", which where (WHERE) names` + header + `; a text stands in single quotes: 'coffee'`},
		{all(`coffee > 5`), `f.csv:1: no column "coffee", which where (WHERE) names` + header},
		{Spec{Select: []string{`item || "abcdefg"`}}, `f.csv:1: no column "abcdefg", which select (SELECT) names` + header + `; a text stands in single quotes: 'abcdefg'`},
		{Spec{Select: []string{"distinct item"}}, `f.csv:1: no column "distinct item", which select (SELECT) names` + header + `; groupBy has each value once, and count(distinct x) counts them`},
		{Spec{Select: []string{"top 10 item"}}, `f.csv:1: no column "top 10 item", which select (SELECT) names` + header + `; limit says how many rows are wanted`},
		{Spec{Select: []string{"qty % 2"}}, `f.csv:1: no column "qty % 2", which select (SELECT) names` + header + `; there is no %: the remainder of a / b is a - floor(a / b) * b`},
		{Spec{Select: []string{"k ~ 2"}}, `f.csv:1: no column "k ~ 2", which select (SELECT) names` + header + `; there is no ~: expected like`},
		{Spec{Select: []string{"quantity::int"}}, `f.csv:1: no column "quantity::int", which select (SELECT) names` + header + `; there is no ::: expected number(x) for a number`},
		{Spec{GroupBy: []string{"'Order Date'"}}, `groupBy: 'Order Date' is a text: a column stands in double quotes`},
		{Spec{GroupBy: []string{"'all' as k"}}, "k\nall\n"},
	} {
		if got := askedOf(t, c.spec, text); got != c.want {
			t.Errorf("%+v:\n%s\nwant\n%s", c.spec, got, c.want)
		}
	}
}
