package trends_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/trends"
)

func folder(t *testing.T) (filestore.Store, string) {
	t.Helper()
	where := t.TempDir()
	store, err := dirstore.Open(where)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store, where
}

// reasons are why results were left out.
func reasons(t *trends.Trend) string {
	var b strings.Builder
	for _, out := range t.LeftOut {
		fmt.Fprintf(&b, "%s: %s\n", strings.TrimSuffix(out.Name, "_aggregated_sales.csv"), out.Reason)
	}
	return b.String()
}

// Files of rejected rows are in the same folder as results, and may be more numerous.
func TestRejectedRowsAreNoResults(t *testing.T) {
	store, where := folder(t)
	for day := range 20 {
		name := fmt.Sprintf("202201%02d", day+1)
		if day%5 == 0 {
			publish(t, store, name+".csv", "item_id,total_quantity\n1,2\n")
		}
		if err := os.WriteFile(filepath.Join(where, "processed", name+"_rejected.csv"), []byte("line,reason,row\n2,not a number,\"1,x\"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tr := trends.New(store)
	defer tr.Close()
	answer := ask(t, tr, store, trends.Query{})
	if answer.Problem != "" || answer.Group != "item_id" || answer.Value != "total_quantity" || answer.Files != 4 || answer.Skipped != 0 {
		t.Errorf("%+v", answer)
	}
}

// Results that cannot be added up are left out, and the reason is given; the others count.
func TestOddResultsAreLeftOut(t *testing.T) {
	store, where := folder(t)
	for day := range 9 {
		publish(t, store, fmt.Sprintf("202201%02d.csv", day+1), "item_id,total_quantity\n1,2\n")
	}
	publish(t, store, "broken-2022.csv", "item_id,total_quantity\n1,2\n1,2,3\n")
	publish(t, store, "empty-2022.csv", "")
	publish(t, store, "gone-2022.csv", "item_id,total_quantity\n1,2\n")
	publish(t, store, "other-2022.csv", "shop,total_quantity\nx,2\n")
	publish(t, store, "swapped-2022.csv", "item_id,total_quantity\n1,2\n")
	publish(t, store, "undated.csv", "item_id,total_quantity\n1,2\n")
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(where, "processed", name+"-2022_aggregated_sales.csv") }
	for _, name := range []string{"gone", "swapped"} {
		if err := os.Remove(at(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(at("swapped"), 0o777); err != nil {
		t.Fatal(err)
	}
	tr := trends.New(store)
	defer tr.Close()
	var answer *trends.Trend
	for answer == nil || answer.Of > 0 {
		if answer, err = tr.Ask(t.Context(), s.Processed, trends.Query{}); err != nil {
			t.Fatal(err)
		}
	}
	if answer.Problem != "" || answer.Files != 9 || answer.Skipped != 5 || answer.Undated != 1 || len(answer.Series) != 1 || answer.Series[0].Total.String() != "18" {
		t.Errorf("%+v", answer)
	}
	got := reasons(answer)
	for _, want := range []string{"broken-2022: record on line 3: wrong number of fields\n", "empty-2022: it is empty\n", "gone-2022: it was removed\n",
		"other-2022: it has no column \"item_id\"\n", "swapped-2022: "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// Columns of the same name get different ones, and those without a name get a number: those that they
// have where a result is in JSON Lines or Parquet.
func TestColumnsOfOneName(t *testing.T) {
	store, _ := folder(t)
	publish(t, store, "20220101.csv", "n,n,,n\n1,2,3,4\n")
	tr := trends.New(store)
	defer tr.Close()
	answer := ask(t, tr, store, trends.Query{})
	if got := strings.Join(answer.Groups, "|") + " " + strings.Join(answer.Values, "|"); got != "n|n_1|#3 n_1|#3|n_2" || answer.Value != "n_2" {
		t.Errorf("%s, %+v", got, answer)
	}
	for value, want := range map[string]string{"n_1": "2", "#3": "3", "n_2": "4"} {
		if answer := ask(t, tr, store, trends.Query{Group: "n", Value: value}); answer.Problem != "" || answer.Series[0].Total.String() != want {
			t.Errorf("%s: %+v", value, answer)
		}
	}
	publish(t, store, "20220101.csv", "n,n\n1,2\n")
	if answer := ask(t, tr, store, trends.Query{}); answer.Problem != "" || answer.Series[0].Name != "1" || answer.Series[0].Total.String() != "2" {
		t.Errorf("%+v", answer)
	}
}

// By default, values are combined by the names that processors give columns.
func TestUsualCombination(t *testing.T) {
	store, _ := folder(t)
	want := map[string]trends.Combine{
		"count": trends.Sum, "sum_price": trends.Sum, "turnover": trends.Sum, "min_price": trends.Min, "MIN": trends.Min, "max_price": trends.Max, "maximum": trends.Max,
		"avg_price": trends.Mean, "average price": trends.Mean, "mean": trends.Mean, "minutes": trends.Sum, "maxi_packs": trends.Sum, "meaning": trends.Sum, "minimum_price": trends.Min,
		"median_price": trends.Mean, "quantile_price_0.95": trends.Mean, "stddev_price": trends.Mean, "variance_price": trends.Mean, "first_price": trends.Sum,
	}
	tr := trends.New(store)
	defer tr.Close()
	for value, combine := range want {
		publish(t, store, "20220101.csv", "item_id,"+value+"\n1,2\n")
		if answer := ask(t, tr, store, trends.Query{}); answer.Value != value || answer.Combine != combine {
			t.Errorf("%s is combined by %s, want %s", answer.Value, answer.Combine, combine)
		}
	}
}

// A chart begins with a column that can be added up, and offers to group by keys only, where the
// question is known.
func TestColumnsOfTheQuestion(t *testing.T) {
	store, _ := folder(t)
	publish(t, store, "20220101.csv", "shop,7,count,sum_price,avg_price\nnorth,1,2,3.5,1.75\n")
	for known, want := range map[bool]string{true: "[shop 7] [count sum_price avg_price] shop count sum", false: "[shop 7 count sum_price] [7 count sum_price avg_price] shop sum_price sum"} {
		tr := trends.New(store)
		tr.Keys = func(string, []string) (int, bool) { return 2, known }
		answer := ask(t, tr, store, trends.Query{})
		if got := fmt.Sprintf("%v %v %s %s %s", answer.Groups, answer.Values, answer.Group, answer.Value, answer.Combine); got != want {
			t.Errorf("known %v: %s, want %s", known, got, want)
		}
		tr.Close()
	}
}

// Results of months and years count for their first days, and are whole.
func TestResultsOfMonthsAndYears(t *testing.T) {
	store, _ := folder(t)
	publish(t, store, "2022-01.csv", "item_id,total_quantity\n1,2\n")
	publish(t, store, "2022-02.csv", "item_id,total_quantity\n1,3\n")
	publish(t, store, "2023.csv", "item_id,total_quantity\n1,4\n")
	publish(t, store, "undated.csv", "item_id,total_quantity\n1,5\n")
	tr := trends.New(store)
	defer tr.Close()
	for step, want := range map[trends.Step]string{"": "month 24 [] 1", trends.Day: "day 730 [] 3", trends.Year: "year 2 [] 0"} {
		answer := ask(t, tr, store, trends.Query{Step: step})
		if got := fmt.Sprintf("%s %d %v %d", answer.Step, len(answer.Times), answer.Partial, answer.Longer); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if answer.Files != 3 || answer.Undated != 1 || answer.Skipped != 0 || answer.Series[0].Total.String() != "9" || answer.Last.Format(time.DateOnly) != "2023-12-31" {
			t.Errorf("%+v", answer)
		}
	}
}

// Groups that are many, as of one file, end the chart of no other.
func TestManyGroups(t *testing.T) {
	store, _ := folder(t)
	var many strings.Builder
	many.WriteString("item_id,total_quantity\n")
	for i := range 20_000 {
		fmt.Fprintf(&many, "%d,1\n", i)
	}
	publish(t, store, "20220101.csv", many.String())
	publish(t, store, "20220102.csv", "item_id,total_quantity\n7,5\n")
	tr := trends.New(store)
	defer tr.Close()
	answer := ask(t, tr, store, trends.Query{Top: 1})
	if answer.Problem != "" || answer.Series[0].Name != "7" || answer.Series[0].Total.String() != "6" || answer.Series[1].Total.String() != "19999" || answer.Others != 19_999 {
		t.Errorf("%s, %+v", answer.Problem, answer.Series)
	}
}

// A total of more digits than are exact is marked.
func TestRoundedTotals(t *testing.T) {
	store, _ := folder(t)
	publish(t, store, "20220101.csv", "item_id,total_quantity\n1,999999999999999999\n2,5\n")
	publish(t, store, "20220102.csv", "item_id,total_quantity\n1,999999999999999999\n2,6\n")
	for range 8 {
		publish(t, store, "20220103.csv", "item_id,total_quantity\n1,9999999999999999990\n2,6\n")
	}
	tr := trends.New(store)
	defer tr.Close()
	answer := ask(t, tr, store, trends.Query{})
	if len(answer.Series) != 2 || !answer.Series[0].Rounded || answer.Series[1].Rounded {
		t.Errorf("%+v", answer.Series)
	}
}

// held is a store in which reading one result ends only with its context.
type held struct {
	filestore.Store
	name    string
	opened  atomic.Int32
	reached chan struct{}
	ended   atomic.Bool
}

func (h *held) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	if name == h.name && h.opened.Add(1) == 2 { // the first time it is read for its columns
		close(h.reached)
		<-ctx.Done()
		h.ended.Store(true)
		return nil, ctx.Err()
	}
	return h.Store.Open(ctx, area, name)
}

// Close ends reading.
func TestCloseEndsReading(t *testing.T) {
	store, _ := folder(t)
	for day := range 28 {
		publish(t, store, fmt.Sprintf("202202%02d.csv", day+1), "item_id,total_quantity\n1,2\n")
	}
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	held := &held{Store: store, name: s.Processed.Name(s.Processed.Len() - 1), reached: make(chan struct{})}
	tr := trends.New(held)
	asked := make(chan error, 1)
	go func() {
		for {
			answer, err := tr.Ask(t.Context(), s.Processed, trends.Query{})
			if err != nil || answer.Of == 0 {
				asked <- err
				return
			}
		}
	}()
	<-held.reached
	tr.Close()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("who asked got %v", err)
	}
	if !held.ended.Load() {
		t.Error("reading was not waited for")
	}
}

// counted counts how often a result is read at the same time. Each reading waits for release, but for the
// first one, which is for its columns.
type counted struct {
	filestore.Store
	name      string
	opened    atomic.Int32
	release   chan struct{}
	mu        sync.Mutex
	now, most int
}

func (c *counted) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	if name == c.name && c.opened.Add(1) > 1 {
		c.mu.Lock()
		c.now++
		c.most = max(c.most, c.now)
		c.mu.Unlock()
		<-c.release
		c.mu.Lock()
		c.now--
		c.mu.Unlock()
	}
	return c.Store.Open(ctx, area, name)
}

// However many questions are asked, results are read for two at a time, and all are answered.
func TestFewQuestionsAreReadAtATime(t *testing.T) {
	store, _ := folder(t)
	for day := range 28 {
		publish(t, store, fmt.Sprintf("202202%02d.csv", day+1), "item_id,a,b,c,d\n1,2,3,4,5\n")
	}
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	c := &counted{Store: store, name: s.Processed.Name(s.Processed.Len() - 1), release: make(chan struct{})}
	tr := trends.New(c)
	defer tr.Close()
	var queries []trends.Query
	for _, value := range []string{"a", "b", "c", "d"} {
		queries = append(queries, trends.Query{Value: value, Combine: trends.Sum}, trends.Query{Value: value, Combine: trends.Max})
	}
	for _, q := range queries {
		if answer, err := tr.Ask(t.Context(), s.Processed, q); err != nil || answer.Series != nil {
			t.Fatalf("%+v: %+v, %v", q, answer, err)
		}
	}
	close(c.release)
	for _, q := range queries {
		for {
			answer, err := tr.Ask(t.Context(), s.Processed, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.Series) == 1 {
				break
			}
		}
	}
	if c.most != 2 {
		t.Errorf("results were read for %d questions at the same time, want 2", c.most)
	}
}
