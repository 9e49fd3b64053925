package trends

import (
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
)

func TestDayOfResult(t *testing.T) {
	modified := time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC)
	for name, want := range map[string]string{
		"20220131_aggregated_sales.csv": "2022-01-31", "2022/01/31_aggregated_sales.csv": "2022-01-31", "sales-2022-01-31.csv_x": "2022-01-31",
		"store7_2022_01_31.csv": "2022-01-31", "20221331.csv": "2020-05-06", "120220131.csv": "2020-05-06", "sales.csv": "2020-05-06", "2022-0131.csv": "2020-05-06",
	} {
		if got := dayOfResult(filestore.Info{Name: name, ModTime: modified}).Format(time.DateOnly); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
