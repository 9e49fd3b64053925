package catalog

import (
	"strings"
	"testing"

	"csv-pipeline/internal/filestore"
)

func TestContainingIgnoresCapitals(t *testing.T) {
	names := []string{"b/Sales.CSV", "a/sales.csv", "Umsätze.csv", "a/UMSÄTZE.csv", "İstanbul.csv", "\xff\xfeSALES", "x"}
	var b builder
	for _, name := range names {
		if err := b.add(filestore.Info{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	table := b.table()
	for _, text := range []string{"sales", "SALES", "umsätze", "Ä", "i̇", ".csv", "a/", "", "none", "\xff"} {
		contains := table.Containing(text)
		for place := range table.Len() {
			want := strings.Contains(strings.ToLower(table.Name(place)), strings.ToLower(text))
			if got := contains(place); got != want {
				t.Errorf("%q contains %q: %v, want %v", table.Name(place), text, got, want)
			}
		}
	}
}
