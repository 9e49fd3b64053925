package trends_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/trends"
)

func publish(t *testing.T, store filestore.Store, raw, text string) {
	t.Helper()
	name, err := filestore.ResultName(raw)
	if err != nil {
		t.Fatal(err)
	}
	w, err := store.Create(t.Context(), filestore.Processed, name, &filestore.Info{ModTime: time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	_, _ = w.Write([]byte(text))
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// ask waits until the results have been read.
func ask(t *testing.T, tr *trends.Trends, store filestore.Store, q trends.Query) *trends.Trend {
	t.Helper()
	return askFor(t, tr, store, q)
}

// askFor is ask for some items.
func askFor(t *testing.T, tr *trends.Trends, store filestore.Store, q trends.Query, items ...string) *trends.Trend {
	t.Helper()
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	for {
		answer, err := tr.Ask(t.Context(), s.Processed, q, items...)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Of == 0 {
			return answer
		}
	}
}

func TestTrends(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	random := rand.New(rand.NewPCG(7, 8))
	begin := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	total := map[string]int{}
	monthly := map[string]int{}
	for n := range 60 {
		day := begin.AddDate(0, 0, n)
		var b strings.Builder
		b.WriteString("item_id,total_quantity\n")
		for item := range 12 {
			q := random.IntN(100)
			fmt.Fprintf(&b, "%d,%d\n", item, q)
			total[fmt.Sprint(item)] += q
			monthly[fmt.Sprint(item)+day.Format("2006-01")] += q
		}
		publish(t, store, day.Format("20060102")+".csv", b.String())
	}
	publish(t, store, "other-2022.csv", "a,b\nx,1\n")
	tr := trends.New(store)

	answer := ask(t, tr, store, trends.Query{Group: "item_id", Value: "total_quantity", Step: trends.Month, Top: 5, From: begin, To: begin.AddDate(0, 0, 59)})
	if answer.Problem != "" || answer.Files != 60 || answer.Skipped != 1 || len(answer.Times) != 3 || answer.Others != 7 || len(answer.Series) != 6 {
		t.Fatalf("%+v", answer)
	}
	// The 60 days end on the first of March.
	if want := []trends.Partial{{At: time.Date(2022, 3, 1, 0, 0, 0, 0, time.UTC), Days: 1, Of: 31}}; !slices.Equal(answer.Partial, want) {
		t.Errorf("partial: %v, want %v", answer.Partial, want)
	}
	others := 0
	for _, v := range total {
		others += v
	}
	for i, s := range answer.Series[:5] {
		if got := s.Total.String(); got != fmt.Sprint(total[s.Name]) {
			t.Errorf("%s: total %s, want %d", s.Name, got, total[s.Name])
		}
		others -= total[s.Name]
		for m, at := range answer.Times {
			if got, want := s.Points[m].String(), monthly[s.Name+at.Format("2006-01")]; got != fmt.Sprint(want) {
				t.Errorf("%s in %s: %s, want %d", s.Name, at.Format("2006-01"), got, want)
			}
		}
		if i > 0 && s.Total.Compare(answer.Series[i-1].Total) > 0 {
			t.Error("the largest is not first")
		}
	}
	if rest := answer.Series[5]; rest.Name != trends.OthersName || rest.Total.String() != fmt.Sprint(others) {
		t.Errorf("the others: %+v, want %d", rest, others)
	}

	week := trends.Query{Step: trends.Week, From: begin, To: begin.AddDate(0, 0, 9)} // a Saturday to a Monday
	answer = ask(t, tr, store, week)
	if len(answer.Times) != 3 || len(answer.Partial) != 2 || answer.Partial[0] != (trends.Partial{At: answer.Times[0], Days: 2, Of: 7}) || answer.Partial[1] != (trends.Partial{At: answer.Times[2], Days: 1, Of: 7}) {
		t.Errorf("weeks %v, partial %v", answer.Times, answer.Partial)
	}
	week.From, week.To = begin.AddDate(0, 0, 2), begin.AddDate(0, 0, 8)
	if answer = ask(t, tr, store, week); len(answer.Times) != 1 || len(answer.Partial) != 0 {
		t.Errorf("weeks %v, partial %v", answer.Times, answer.Partial)
	}

	// A result that changes is read again.
	publish(t, store, "20220101.csv", "item_id,total_quantity\nnew,1000000\n")
	answer = ask(t, tr, store, trends.Query{Group: "item_id", Value: "total_quantity", Combine: trends.Max})
	if answer.Series[0].Name != "new" || answer.Step != trends.Day || !answer.First.Equal(begin) {
		t.Errorf("%+v", answer)
	}
	if answer := ask(t, tr, store, trends.Query{Group: "nonsense"}); answer.Problem == "" {
		t.Error("a column that is not there is no problem")
	}
}
