package trends

import (
	"testing"
	"time"
)

func TestPeriodOfName(t *testing.T) {
	for name, want := range map[string]string{
		"20220131_aggregated_sales.csv": "2022-01-31 day", "2022/01/31_aggregated_sales.csv": "2022-01-31 day", "sales-2022-01-31.csv_x": "2022-01-31 day",
		"store7_2022_01_31.csv": "2022-01-31 day", "2022-01_aggregated_sales.csv": "2022-01-01 month", "shop/2022/02/north_aggregated_sales.csv": "2022-02-01 month",
		"202203.csv": "2022-03-01 month", "2022-04_2.csv": "2022-04-01 month", "2022_aggregated_sales.csv": "2022-01-01 year", "2022/shop_7.csv": "2022-01-01 year",
		"sales.csv": "", "20221331.csv": "", "120220131.csv": "", "2022-0131.csv": "", "2022-13-01.csv": "", "2022-02-30.csv": "", "2022-13.csv": "", "202213.csv": "", "shop-7.csv": "",
	} {
		got := ""
		if of, dated := periodOf(name); dated {
			got = of.first.Format(time.DateOnly) + " " + string(of.unit)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
