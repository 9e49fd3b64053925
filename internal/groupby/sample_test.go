package groupby_test

import (
	"cmp"
	"strings"
	"testing"

	"csv-pipeline/internal/groupby"
)

// TestSamplesHaveTheResultThatTheySay runs the sample of every kind of plan.
func TestSamplesHaveTheResultThatTheySay(t *testing.T) {
	for _, spec := range []groupby.Spec{
		{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity) as total_quantity"}},
		{GroupBy: []string{"store", "item"}, Aggregates: []string{"count(*)", "count(x)", "count(distinct x)", "min(x)", "max(x)", "avg(x)", "sum(x)", "avg(y) as other"}},
		{GroupBy: []string{"year(t)", "month(t)", "day(t)", "hour(t)", "t"}, Aggregates: []string{"count(*)", "min(t)", "max(t) as last", "count(distinct t)"}},
		{GroupBy: []string{"day(ordered_at) as date"}, Aggregates: []string{"sum(#7) as seventh", "max(price)"}},
		{GroupBy: []string{"#3"}, Aggregates: []string{"sum(#1)", "avg(#1) as mean", "sum(#3) as own"}, NoHeader: true, Comma: ';'},
		{Aggregates: []string{"sum(a)", "avg(a)", "min(a)", "max(a)", "count(distinct a)"}, Comma: '\t'},
		{Aggregates: []string{"count(*)"}, Comma: '|'},
		{GroupBy: []string{"item"}, Aggregates: []string{"median(x)", "quantile(x, 0.95)", "quantile(x, 0.1)", "variance(x)", "stddev(x)", "first(x)", "last(x)"}},
		{Aggregates: []string{"median(x)", "quantile(x, 0.95)", "variance(x)", "stddev(x)", "first(x)", "last(x)"}},
		{GroupBy: []string{"item"}, Aggregates: []string{"median(item)", "quantile(item, 0.3)", "variance(item)", "stddev(item)", "first(item)"}},
		{GroupBy: []string{"month(t)"}, Aggregates: []string{"first(t)", "last(t)"}},
		{GroupBy: []string{"only"}},
		{GroupBy: []string{`"odd, name"`, `"a ""quoted"" one"`}, Aggregates: []string{`sum("b;c")`}, Comma: ';'},
		{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)"}, OnBadRow: groupby.SkipBadRow},
	} {
		plan, err := groupby.Compile(spec)
		if err != nil {
			t.Errorf("%+v: %v", spec, err)
			continue
		}
		input, want := plan.Sample(rune(cmp.Or(spec.Comma, ',')))
		var got strings.Builder
		if _, err := plan.Run(t.Context(), groupby.Input{Name: "sample.csv", Reader: strings.NewReader(input)}, &got, groupby.Options{}); err != nil {
			t.Errorf("%+v: %v, of\n%s", spec, err, input)
			continue
		}
		if got.String() != want {
			t.Errorf("%+v: the result is\n%snot\n%sof\n%s", spec, got.String(), want, input)
		}
	}
}

func TestSampleIsWorthAProof(t *testing.T) {
	plan, err := groupby.Compile(groupby.Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity) as total_quantity"}})
	if err != nil {
		t.Fatal(err)
	}
	input, result := plan.Sample(',')
	if want := "item_id,quantity\n1,1\n2,10\n1,2\n2,20\n1,6\n2,63\n"; input != want {
		t.Errorf("the sample is\n%snot\n%s", input, want)
	}
	if want := "item_id,total_quantity\n1,9\n2,93\n"; result != want {
		t.Errorf("its result is\n%snot\n%s", result, want)
	}
}
