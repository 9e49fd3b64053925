package trends_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/trends"
)

// A period ends with the last day that a result counts for, and items have no others beside them.
func TestPeriodsAndItems(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for day := time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2023; day = day.AddDate(0, 0, 1) {
		publish(t, store, day.Format("20060102")+".csv", "item,total\na,1\nb,10\nc,100\n")
	}
	tr := trends.New(store)
	defer tr.Close()
	for period, want := range map[trends.Period]string{
		trends.LastWeek: "2022-12-25 2022-12-31 7", trends.LastMonth: "2022-12-02 2022-12-31 30", trends.LastYear: "2022-01-01 2022-12-31 365", trends.AllDays: "0001-01-01 0001-01-01 730",
	} {
		answer := ask(t, tr, store, trends.Query{Period: period})
		if got := fmt.Sprint(answer.From.Format(time.DateOnly), " ", answer.To.Format(time.DateOnly), " ", answer.Series[2].Total); got != want {
			t.Errorf("%s: %s, want %s", period, got, want)
		}
	}
	items := func(names ...string) string {
		t.Helper()
		answer := askFor(t, tr, store, trends.Query{Period: trends.LastWeek, Top: 1}, names...)
		var got []string
		for _, s := range answer.Series {
			got = append(got, s.Name+" "+s.Total.String())
		}
		return fmt.Sprint(strings.Join(got, ", "), "; ", answer.Others, " of ", answer.Choices, answer.Problem)
	}
	for _, c := range []struct {
		names []string
		want  string
	}{
		{nil, "c 700, all others 77; 2 of [c b a]"},
		{[]string{"a", "b", "nothing"}, "b 70, a 7; 0 of [c b a]"},
		{[]string{"nothing"}, "; 0 of [c b a]The results of these days have none of the items that are asked for."},
	} {
		if got := items(c.names...); got != c.want {
			t.Errorf("%v: %s\nwant %s", c.names, got, c.want)
		}
	}
	for want, q := range map[string]trends.Query{
		`period "day": expected week, month, year or all`: {Period: "day"},
		"period: expected without from and to":            {Period: trends.AllDays, To: time.Now()},
	} {
		if err := q.Check(); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
