package query

import (
	"testing"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/resultformat"
)

// TestWhatAQuestionTellsOfTypes: the same of every file.
func TestWhatAQuestionTellsOfTypes(t *testing.T) {
	unknown := resultformat.Column{Told: resultformat.Decimal, Scale: resultformat.MaxScale}
	integer := resultformat.Column{Told: resultformat.Integer}
	double := resultformat.Column{Told: resultformat.Double}
	text := resultformat.Column{Told: resultformat.Text}
	for item, want := range map[string]resultformat.Column{
		"k": {}, "year(t)": integer, "month(t)": text, "day(t)": {Told: resultformat.Date}, "hour(t)": text, "weekday(t)": integer, "upper(k)": text,
		"coalesce(k, 'x')": text, "coalesce(k, m)": {}, "a > 1": {Told: resultformat.Boolean}, "a * 2": unknown, "round(a * 2)": integer, "length(k)": integer, "round(a, 3)": {Told: resultformat.Decimal, Scale: 3},
		"count(*)": integer, "count(distinct k)": integer, "sum(a)": unknown, "sum(a * b)": unknown, "sum(length(k))": integer, "sum(round(a, 2)) as s": {Told: resultformat.Decimal, Scale: 2},
		"avg(a)": double, "quantile(a, 0.9)": double, "stddev(a)": double, "sum(a) / count(*)": double, "sum(a / b)": double, "round(sum(a) / 2, 2)": double, "floor(a / 2)": double, "round(avg(a))": double, "ceil(avg(a))": double, "ceil(a)": integer, "floor(a)": integer, "floor(sum(a))": integer,
		"min(a)": {Told: resultformat.Numbers}, "max(upper(k))": text, "min(number(a))": unknown, "first(a)": {}, "sum(a) > 0": {Told: resultformat.Boolean}, "coalesce(sum(a), 0)": unknown,
	} {
		spec, at := Spec{GroupBy: []string{item}}, 0
		if parsed, err := expression.ParseItem(item); err != nil {
			t.Fatal(err)
		} else if parsed.HasAggregate() {
			spec, at = Spec{GroupBy: []string{"g"}, Aggregate: []string{item}}, 1
		}
		q, err := Compile(spec)
		if err != nil {
			t.Errorf("%s: %v", item, err)
			continue
		}
		if got := q.told.First[at]; got != want {
			t.Errorf("%s: %+v, want %+v", item, got, want)
		}
	}
	q, err := Compile(Spec{Select: []string{"upper(a)", "*", "a * 2 as b"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(q.told.First) != 1 || q.told.First[0] != text || len(q.told.Rest) != 1 || q.told.Rest[0] != unknown {
		t.Errorf("of the selection: %+v", q.told)
	}
}
