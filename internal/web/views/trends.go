package views

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/trends"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

// TrendsData is what the page of trends shows.
type TrendsData struct {
	*trends.Trend
	Kind  chart.Kind
	JSON  api.Trend // the same trend, for the script that draws it
	Query url.Values
}

// with is the address of this trend in another format.
func (d TrendsData) with(format string) string { return d.address("format", format) }

// address is that of this trend with some parameters changed, given as names and values in turn.
func (d TrendsData) address(pairs ...string) string {
	q := url.Values{}
	for _, key := range []string{"group", "value", "combine", "step", "from", "to", "period", "top", "kind"} {
		if v := d.Query.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	for _, item := range d.Items {
		q.Add("item", item)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + q.Encode()
}

// without is the address of this trend without one of its items.
func (d TrendsData) without(item string) string {
	d.Trend = &trends.Trend{Items: slices.DeleteFunc(slices.Clone(d.Items), func(other string) bool { return other == item })}
	return d.address()
}

// rows are the days and the items of this trend, as the address of a table of results has them.
func (d TrendsData) rows() url.Values {
	q := url.Values{}
	if !d.From.IsZero() {
		q.Set("from", day(d.From))
	}
	if !d.To.IsZero() {
		q.Set("to", day(d.To))
	}
	if len(d.Items) > 0 {
		items := make([]string, len(d.Items))
		for i, item := range d.Items {
			items[i] = expression.QuoteText(item)
		}
		q.Set("where", expression.ColumnName(d.Group)+" in ("+strings.Join(items, ", ")+")")
	}
	return q
}

// totals are the same rows with the question whose answer the totals of this trend are.
func (d TrendsData) totals() url.Values {
	function := string(d.Combine)
	if d.Combine == trends.Mean {
		function = "avg"
	}
	q := d.rows()
	q.Set("groupBy", expression.ColumnName(d.Group))
	q.Set("aggregate", fmt.Sprintf("%s(%s) as %[2]s", function, expression.ColumnName(d.Value)))
	return q
}

// periodTitles are the names of periods on the page.
var periodTitles = map[trends.Period]string{trends.LastWeek: "7 days", trends.LastMonth: "30 days", trends.LastYear: "year", trends.AllDays: "all"}

// summary says what is added up.
func (d TrendsData) summary() string {
	text := fmt.Sprintf("%s of %s by %s, from %s", d.Combine, format.Visible(d.Value), format.Visible(d.Group), format.Plural(d.Files, "result", "results"))
	if d.Skipped > 0 {
		text += " (" + format.Count(d.Skipped) + " left out)"
	}
	return text
}

// total is the total of a series as people read it.
func total(n csvtable.Number, rounded bool) string {
	if rounded {
		return "≈ " + format.Count(n)
	}
	return format.Count(n)
}

// hasRounded reports whether a total is rounded.
func (d TrendsData) hasRounded() bool {
	return slices.ContainsFunc(d.Series, func(s trends.Series) bool { return s.Rounded })
}

// others says how many groups share the last series.
func (d TrendsData) others() string {
	if d.Folded {
		return " (more than " + format.Count(d.Others) + ")"
	}
	return " (" + format.Count(d.Others) + ")"
}

// partial says which steps are drawn pale, and why.
func (d TrendsData) partial() string {
	var steps []string
	for _, p := range d.Partial {
		name := string(d.Step) + " of " + day(p.At)
		switch d.Step {
		case trends.Month:
			name = p.At.Format("January 2006")
		case trends.Year:
			name = p.At.Format("2006")
		case trends.Day, trends.Week:
		}
		steps = append(steps, fmt.Sprintf("%s (%d of %d days)", name, p.Days, p.Of))
	}
	return strings.Join(steps, ", ")
}

// json is the trend for the script that draws it.
func (d TrendsData) json() (string, error) {
	text, err := json.Marshal(d.JSON)
	return string(text), err
}

// seriesClass is the class of a series' colour.
func seriesClass(i int) string { return "s" + format.Int(i%len(chart.Palette)) }

// day is a day as a form has it; "" for the zero time.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// grandTotal is the sum of all series.
func (d TrendsData) grandTotal() (sum csvtable.Number) {
	for _, series := range d.Series {
		sum = sum.Add(series.Total)
	}
	return sum
}

// share is a series' part of all, in percent.
func (d TrendsData) share(series trends.Series) string {
	if all := d.grandTotal().Float(); all > 0 && d.Combine == trends.Sum {
		return strconv.FormatFloat(100*series.Total.Float()/all, 'f', 1, 64) + " %"
	}
	return ""
}

// TrendChart draws a trend.
func TrendChart(t *trends.Trend, kind chart.Kind, width, height int, legend bool) chart.Chart {
	c := chart.Chart{Title: t.Value + " by " + t.Group + " over time", Kind: kind, Width: width, Height: height, Legend: legend}
	for _, at := range t.Times {
		c.Labels = append(c.Labels, at.Format(time.DateOnly))
		c.Pale = append(c.Pale, slices.ContainsFunc(t.Partial, func(p trends.Partial) bool { return p.At.Equal(at) }))
	}
	for _, series := range t.Series {
		values := make([]float64, len(series.Points))
		for i, p := range series.Points {
			if values[i] = p.Float(); !series.There[i] {
				values[i] = math.NaN()
			}
		}
		c.Series = append(c.Series, chart.Series{Name: format.Visible(series.Name), Values: values})
	}
	return c
}
