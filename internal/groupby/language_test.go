package groupby

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLanguage: what people are told works and is all there is.
func TestLanguage(t *testing.T) {
	for words, functions := range map[string]map[string]function{KeysInWords: keyFunctions, AggregatesInWords: aggregateFunctions} {
		for name := range functions {
			if !regexp.MustCompile(`\b`+name+`\b`).MatchString(words) || !strings.Contains(Language, name+"(") {
				t.Errorf("%s is not told of", name)
			}
		}
	}
	// The file has a row only, so that each is a value.
	const file = "item_id,\"odd, name\",price,sold_at\n7,x,1.50,2022-01-31T23:59:59Z\n"
	for _, c := range []struct{ key, name, value string }{
		{"item_id", "item_id", "7"},
		{`"odd, name"`, "odd, name", "x"},
		{"#2", "column_2", "x"},
		{"year(sold_at)", "year_sold_at", "2022"},
		{"month(sold_at)", "month_sold_at", "2022-01"},
		{"day(sold_at)", "day_sold_at", "2022-01-31"},
		{"hour(sold_at)", "hour_sold_at", "2022-01-31T23"},
		{`day(sold_at) as "the day"`, "the day", "2022-01-31"},
	} {
		told(t, c.key)
		if strings.Contains(c.key, "(") && !strings.Contains(c.key, " as ") {
			told(t, c.value)
		}
		check(t, Spec{GroupBy: []string{c.key}}, file, c.name, c.value)
	}
	for _, c := range []struct{ aggregate, name, value string }{
		{"sum(price)", "sum_price", "1.50"},
		{"sum(price) as turnover", "turnover", "1.50"},
		{"avg(price)", "avg_price", "1.5"},
		{"min(price)", "min_price", "1.50"},
		{"max(price)", "max_price", "1.50"},
		{"median(price)", "median_price", "1.5"},
		{"quantile(price, 0.95)", "quantile_price_0.95", "1.5"},
		{"variance(price)", "variance_price", ""},
		{"stddev(price)", "stddev_price", ""},
		{"first(price)", "first_price", "1.50"},
		{"last(price)", "last_price", "1.50"},
		{"count(price)", "count_price", "1"},
		{"count(distinct price)", "count_distinct_price", "1"},
		{"count(*)", "count", "1"},
	} {
		told(t, c.aggregate)
		check(t, Spec{Aggregates: []string{c.aggregate}}, file, c.name, c.value)
	}
}

func told(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(Language, text) {
		t.Errorf("%s is not told of", text)
	}
}

func check(t *testing.T, spec Spec, file, name, value string) {
	t.Helper()
	out, err := runText(t, spec, file)
	if err != nil {
		t.Errorf("%+v: %v", spec, err)
		return
	}
	records, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || !slices.EqualFunc(records, [][]string{{name}, {value}}, slices.Equal) {
		t.Errorf("%+v makes %q, %v; want %q and %q", spec, records, err, name, value)
	}
}
