//go:build e2e

package e2e

import (
	"encoding/csv"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPipelinesSideBySide runs three pipelines at the same time, two of them in one namespace. Each
// asks something else of files of its own, and takes notice of no other's.
func TestPipelinesSideBySide(t *testing.T) {
	images := forVolumes.build(t)
	totals := newRelease(t, images)
	largest := newRelease(t, images)
	hours := largest.beside("hours")

	pipelines := []struct {
		*release
		question map[string]any
		answer   func(rows [][]string) string // nil: the demonstration's
		days     []time.Time
	}{
		{totals, nil, nil, daysFrom(2020, 12)},
		{largest, map[string]any{"aggregate": []string{"max(quantity) as largest", "count(*) as sales"}}, largestOf, daysFrom(2021, 7)},
		{hours, map[string]any{"groupBy": []string{"hour(timestamp)"}, "aggregate": []string{"sum(quantity) as sold"}}, hoursOf, daysFrom(2022, 3)},
	}
	for _, p := range pipelines {
		p.set("generator.start", p.days[0].Format(time.DateOnly))
		p.set("generator.days", len(p.days))
		for key, value := range p.question {
			p.set("processor."+key, value)
		}
		p.helm(t, "install")
	}
	for _, p := range pipelines {
		p.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+p.name+"-inspector")
		page := forward(t, p.namespace, p.name+"-inspector")
		eventually(t, p.name+": just its own results", patience, func() error { return page.complete(len(p.days)) })
		if p.answer == nil {
			checkResults(t, page, p.days)
			continue
		}
		for _, day := range p.days {
			name := day.Format("20060102")
			rows, err := csv.NewReader(strings.NewReader(page.get(t, "/files/raw/"+name+".csv"))).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := page.get(t, "/files/processed/"+name+"_aggregated_sales.csv"), p.answer(rows[1:]); got != want {
				t.Errorf("%s: the result of %s.csv is\n%snot\n%s", p.name, name, got, want)
			}
		}
	}
}

// daysFrom returns the first n days of the year.
func daysFrom(year, n int) []time.Time {
	days := make([]time.Time, n)
	for i := range days {
		days[i] = time.Date(year, 1, 1+i, 0, 0, 0, 0, time.UTC)
	}
	return days
}

// beside returns another release in the same namespace, whose objects have other names.
func (r *release) beside(name string) *release {
	other := &release{namespace: r.namespace, name: name, chart: r.chart, values: map[string]any{}}
	for _, service := range []string{"generator", "processor", "inspector", "redis"} {
		if values, ok := r.values[service].(map[string]any); ok {
			other.values[service] = maps.Clone(values)
		}
	}
	other.set("fullnameOverride", name)
	return other
}

// largestOf answers max(quantity) and count(*) of each item_id.
func largestOf(rows [][]string) string {
	largest, count := map[string]int{}, map[string]int{}
	for _, row := range rows {
		quantity, err := strconv.Atoi(row[2])
		if err != nil {
			return err.Error()
		}
		largest[row[1]] = max(largest[row[1]], quantity)
		count[row[1]]++
	}
	text := "item_id,largest,sales\n"
	for _, item := range slices.Sorted(maps.Keys(count)) { // ids have one digit
		text += fmt.Sprintf("%s,%d,%d\n", item, largest[item], count[item])
	}
	return text
}

// hoursOf answers sum(quantity) of each hour(timestamp).
func hoursOf(rows [][]string) string {
	sold := map[string]int{}
	for _, row := range rows {
		quantity, err := strconv.Atoi(row[2])
		if err != nil {
			return err.Error()
		}
		sold[row[0][:len("2022-01-31T12")]] += quantity
	}
	text := "hour_timestamp,sold\n"
	for _, hour := range slices.Sorted(maps.Keys(sold)) {
		text += fmt.Sprintf("%s,%d\n", hour, sold[hour])
	}
	return text
}
