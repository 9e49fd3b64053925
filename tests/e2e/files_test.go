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

// What the generator writes into each file, by default.
const (
	demoRows        = 200
	demoItems       = 5
	largestQuantity = 10
)

// halfYear returns the days of the six months that begin with January of the year: what the
// generator makes of that start, by default.
func halfYear(year int) []time.Time {
	var days []time.Time
	for day := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); day.Month() <= time.June; day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	return days
}

// readSales checks the text of a raw file against what was asked for and returns the sum of the
// quantities of each item: what its result has to say.
func readSales(text string, day time.Time) (map[int]int, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) != 1+demoRows {
		return nil, fmt.Errorf("there are %d rows, with the header", len(rows))
	}
	if header := strings.Join(rows[0], ","); header != "timestamp,item_id,quantity" {
		return nil, fmt.Errorf("the header is %s", header)
	}
	totals := map[int]int{}
	for i, row := range rows[1:] {
		at, err := time.Parse(time.RFC3339, row[0])
		if err != nil {
			return nil, err
		}
		if at.Before(day) || !at.Before(day.AddDate(0, 0, 1)) {
			return nil, fmt.Errorf("row %d is of %v", i+1, at)
		}
		item, err := strconv.Atoi(row[1])
		if err != nil {
			return nil, err
		}
		quantity, err := strconv.Atoi(row[2])
		if err != nil {
			return nil, err
		}
		if item < 1 || item > demoItems || quantity < 1 || quantity > largestQuantity {
			return nil, fmt.Errorf("row %d has item %d and quantity %d", i+1, item, quantity)
		}
		totals[item] += quantity
	}
	return totals, nil
}

// result writes totals as the processor is to.
func result(totals map[int]int) string {
	var b strings.Builder
	b.WriteString("item_id,total_quantity\n")
	for _, item := range slices.Sorted(maps.Keys(totals)) {
		fmt.Fprintf(&b, "%d,%d\n", item, totals[item])
	}
	return b.String()
}

// checkResults fetches the raw file and the result of every day and compares each result with sums
// of its own.
func checkResults(t *testing.T, at inspector, days []time.Time) {
	t.Helper()
	wrong := 0
	for _, day := range days {
		name := day.Format("20060102")
		text := at.get(t, "/files/raw/"+name+".csv")
		totals, err := readSales(text, day)
		if err != nil {
			t.Errorf("raw/%s.csv: %v", name, err)
			continue
		}
		if got, want := at.get(t, "/files/processed/"+name+"_aggregated_sales.csv"), result(totals); got != want {
			if wrong++; wrong <= 3 {
				t.Errorf("the result of %s.csv is\n%snot\n%s", name, got, want)
			}
		}
	}
	if wrong > 3 {
		t.Errorf("%d results are wrong", wrong)
	}
}
