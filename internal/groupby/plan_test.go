package groupby

import (
	"slices"
	"strings"
	"testing"
)

func TestHeader(t *testing.T) {
	p, err := Compile(Spec{
		GroupBy: []string{"item_id", "day(timestamp)", "month( timestamp ) as m", "#2", `"a ""b"", c"`, "item_id as again"},
		Aggregates: []string{"sum(quantity)", "sum(quantity) AS total", "count(*)", "count(x)", "count(distinct x)", "avg(#3)", "Max(x)", `min(as) as "x y"`,
			`quantile("odd, name", 0.95)`, "quantile(#2,.5)", "Median(x)", "quantile(x, 0.1) as low", "first(x)", "stddev(#1)"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"item_id", "day_timestamp", "m", "column_2", `a "b", c`, "again",
		"sum_quantity", "total", "count", "count_x", "count_distinct_x", "avg_column_3", "max_x", "x y",
		"quantile_odd, name_0.95", "quantile_column_2_0.5", "median_x", "low", "first_x", "stddev_column_1"}
	if got := p.Header(); !slices.Equal(got, want) {
		t.Errorf("Header() = %q, want %q", got, want)
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		spec Spec
		says string
	}{
		{Spec{}, "nothing to do"},
		{Spec{GroupBy: []string{"a", "a"}}, "two columns named"},
		{Spec{GroupBy: []string{"weak(a)"}}, "unknown function"},
		{Spec{GroupBy: []string{"sum(a)"}}, "an aggregate is of a group"},
		{Spec{GroupBy: []string{"year(*)"}}, "expected a column"},
		{Spec{GroupBy: []string{""}}, "it ends here"},
		{Spec{GroupBy: []string{"#0"}}, "no column number"},
		{Spec{GroupBy: []string{"#99999999"}}, "no column number"},
		{Spec{GroupBy: []string{`"a`}}, "not closed"},
		{Spec{GroupBy: []string{`"a"b"c"`}}, "unexpected b"},
		{Spec{GroupBy: []string{"a as "}}, "aggregate"},
		{Spec{GroupBy: []string{"year(a"}}, "expected , or )"},
		{Spec{Aggregates: []string{"quantity"}}, "no aggregate"},
		{Spec{Aggregates: []string{"sum(*)"}}, "count only"},
		{Spec{Aggregates: []string{"sum(distinct a)"}}, "count only"},
		{Spec{Aggregates: []string{"mode(a)"}}, "unknown function"},
		{Spec{Aggregates: []string{"median(distinct a)"}}, "count only"},
		{Spec{Aggregates: []string{"median(*)"}}, "count only"},
		{Spec{Aggregates: []string{"quantile(a)"}}, "a share"},
		{Spec{Aggregates: []string{"quantile(a, b, 0.5)"}}, "a share"},
		{Spec{Aggregates: []string{"quantile(a, b)"}}, "from 0 to 1"},
		{Spec{Aggregates: []string{"quantile(a, 1.5)"}}, "from 0 to 1"},
		{Spec{Aggregates: []string{"quantile(a, -0.5)"}}, "from 0 to 1"},
		{Spec{Aggregates: []string{"quantile(a, 1e30)"}}, "from 0 to 1"},
		{Spec{Aggregates: []string{"sum()"}}, "expected a column"},
		{Spec{Aggregates: []string{"sum(a) as x", "count(*) as x"}}, "two columns named"},
		{Spec{GroupBy: []string{"a"}, Comma: '"'}, "delimiter"},
		{Spec{GroupBy: []string{"a"}, Comma: '\n'}, "delimiter"},
		{Spec{GroupBy: []string{"a"}, NoHeader: true}, "without header"},
		{Spec{GroupBy: []string{"a"}, OnBadRow: "ignore"}, "expected fail or skip"},
		{Spec{GroupBy: []string{"a"}, MaxBadShare: 1.5}, "maximum share"},
	} {
		if c.says == "aggregate" { // `a as ` is the column "a as" once blanks are trimmed
			if p, err := Compile(c.spec); err != nil || p.Header()[0] != "a as" {
				t.Errorf("Compile(%+v): %v", c.spec, err)
			}
			continue
		}
		if _, err := Compile(c.spec); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("Compile(%+v) = %v, want an error with %q", c.spec, err, c.says)
		}
	}
}
