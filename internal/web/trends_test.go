package web_test

import (
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page and the API tell which results are left out, and why.
func TestTrendsTellWhatIsLeftOut(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if err := os.WriteFile(filepath.Join(s.folder, "processed", "odd-2022_aggregated_sales.csv"), []byte("shop,n\n1,2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.folder, "processed", "undated_aggregated_sales.csv"), []byte("item_id,total_quantity\n1,2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Files, Skipped, Undated, Of int
		LeftOut                     []struct{ Name, Reason string }
	}
	for got.Files == 0 {
		s.get(t, "/api/v1/trends").decode(t, &got)
	}
	if got.Files != 2 || got.Skipped != 1 || got.Undated != 1 || len(got.LeftOut) != 1 || got.LeftOut[0].Name != "odd-2022_aggregated_sales.csv" || got.LeftOut[0].Reason != `it has no column "item_id"` {
		t.Errorf("%+v", got)
	}
	page := s.get(t, "/trends", "Accept", asBrowser).body
	for _, text := range []string{"1 left out", "odd-2022_aggregated_sales.csv", "1 result has no date in the name", "it has no column &#34;item_id&#34;"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q in\n%s", text, page)
		}
	}
}

// Period and items are in the address: links of the page keep them, and the table of the results that
// are charted has the days of the period.
func TestTrendsOfAPeriodAndOfItems(t *testing.T) {
	s := start(t, nil)
	texts := map[string]string{}
	for day := range 28 {
		texts[fmt.Sprintf("202202%02d_aggregated_sales.csv", day+1)] = "item_id,total_quantity\na,1\nb,2\n"
	}
	s.results(t, texts)
	page := ""
	for !strings.Contains(page, "<h2>Totals</h2>") {
		page = s.get(t, "/trends?period=week&item=a&item=", "Accept", asBrowser).body
	}
	for _, text := range []string{`href="?item=a&amp;period=month"`, `aria-current="true">7 days</a>`, `aria-label="Without a"`, `<option value="b">`, `name="item" value="a"`,
		`name="from" value="2022-02-22"`} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q in\n%s", text, page)
		}
	}
	for address, want := range map[string]string{
		"/api/v1/results?format=csv&": "20220222_aggregated_sales.csv,2022-02-22,a,1\n20220223_aggregated_sales.csv,2022-02-23,a,1\n",
		"/results?":                   ">7</td>",
	} {
		_, link, found := strings.Cut(page, `href="`+html.EscapeString(address))
		link, _, _ = strings.Cut(link, `"`)
		rows := s.get(t, address+html.UnescapeString(link), "Accept", asBrowser).body
		if !found || !strings.Contains(rows, want) || strings.Contains(rows, ",b,") {
			t.Errorf("%s%s leads to\n%s", address, link, rows)
		}
	}
	var got struct {
		Series []struct{ Name, Total string }
	}
	s.get(t, "/api/v1/trends?period=week&item=a").decode(t, &got)
	if len(got.Series) != 1 || got.Series[0].Name != "a" || got.Series[0].Total != "7" {
		t.Errorf("%+v", got)
	}
	if r := s.get(t, "/api/v1/trends?period=week&from=2022-01-01"); r.StatusCode != http.StatusBadRequest {
		t.Errorf("both: %s", r.Status)
	}
}
