package web_test

import (
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
