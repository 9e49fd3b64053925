package trends

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
)

// Whatever is folded, each group that is told is told exactly, and nothing is lost.
func TestFolding(t *testing.T) {
	defer func(keys, size, cells int) { maxKeys, maxKeyBytes, maxCells = keys, size, cells }(maxKeys, maxKeyBytes, maxCells)
	for name, limit := range map[string]func(){
		"groups":          func() { maxKeys = 100 },
		"bytes of groups": func() { maxKeyBytes = 500 },
		"values":          func() { maxCells = 2000 },
	} {
		maxKeys, maxKeyBytes, maxCells = 100_000, 32<<20, 1_000_000
		limit()
		random := rand.New(rand.NewPCG(1, 2))
		v, want, all := newDaily(), map[string]int64{}, int64(0)
		for day := range 60 {
			var rows []row
			for range 300 {
				n := 1 + random.Int64N(9)
				group := fmt.Sprint(int(random.ExpFloat64() * 40)) // few are large
				number, _ := csvtable.ParseNumber(fmt.Sprint(n))
				rows = append(rows, row{group, value{number, 1}})
				want[group] += n
				all += n
			}
			v.add(fmt.Sprint(day), period{time.Date(2022, 1, 1+day, 0, 0, 0, 0, time.UTC), Day}, rows, Sum)
			if len(v.keys) > maxKeys || v.keyBytes > maxKeyBytes || len(v.cells) > maxCells {
				t.Fatalf("%s: %d groups of %d bytes with %d values are kept", name, len(v.keys), v.keyBytes, len(v.cells))
			}
		}
		answer := &Trend{Query: Query{Combine: Sum, Step: Month}}
		if err := v.answer(t.Context(), answer, v); err != nil {
			t.Fatal(err)
		}
		if !answer.Folded || answer.Others == 0 || answer.Most.Groups == 0 || len(answer.Series) < 3 {
			t.Errorf("%s: %+v", name, answer)
		}
		var sum csvtable.Number
		for _, s := range answer.Series {
			sum = sum.Add(s.Total)
			if s.Name != OthersName && s.Total.String() != fmt.Sprint(want[s.Name]) {
				t.Errorf("%s: group %s has %s, want %d", name, s.Name, s.Total, want[s.Name])
			}
		}
		if sum.String() != fmt.Sprint(all) {
			t.Errorf("%s: all groups have %s, want %d", name, sum, all)
		}
	}
}

// Where there are too many groups, those of a period are read by themselves.
func TestAPeriodOfManyGroups(t *testing.T) {
	defer func(keys int) { maxKeys = keys }(maxKeys)
	maxKeys = 4
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, text := range map[string]string{"20220101": "a,9\nb,8\nc,7\nd,6\n", "20220102": "a,9\nb,8\nc,7\nd,6\n", "20220103": "small,1\n"} {
		w, err := store.Create(t.Context(), filestore.Processed, name+"_aggregated_sales.csv", nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte("item,n\n" + text))
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	tr := New(store)
	defer tr.Close()
	ask := func(q Query) *Trend {
		for {
			answer, err := tr.Ask(t.Context(), s.Processed, q)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Of == 0 {
				return answer
			}
		}
	}
	third := time.Date(2022, 1, 3, 0, 0, 0, 0, time.UTC)
	if answer := ask(Query{}); !answer.Folded || answer.Most.Groups != 4 {
		t.Errorf("of all days: %+v", answer)
	}
	answer := ask(Query{From: third, To: third})
	if answer.Folded || len(answer.Series) != 1 || answer.Series[0].Name != "small" || answer.Series[0].Total.String() != "1" || answer.First.Day() != 1 || !answer.Last.Equal(third) {
		t.Errorf("of the third day: %+v", answer)
	}
}
