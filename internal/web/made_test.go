package web_test

import (
	"net/http"
	"strings"
	"testing"

	"csv-pipeline/internal/query"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/web/api"
)

// The list of results says when each was made, from how many rows and of which dataset, and is sorted
// by that; what the queue does not remember comes last.
func TestResultsByWhenTheyWereMade(t *testing.T) {
	questions, err := query.Config{Datasets: []query.Dataset{{Name: "shops", Files: []string{"shop-*"}}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions = questions })
	s.questions = questions
	for _, name := range []string{"b.csv", "shop-c.csv", "a.csv"} {
		s.put(t, name, "item_id,quantity\n1,2\n2,3\n")
		s.work(t)
	}
	s.results(t, map[string]string{"0_aggregated_sales.csv": "item_id,total_quantity\n1,2\n", "z_aggregated_sales.csv": "item_id,total_quantity\n1,2\n"})
	names := func(where string) (names []string, files []api.File) {
		t.Helper()
		s.get(t, where).decode(t, &files)
		for _, f := range files {
			names = append(names, strings.TrimSuffix(f.Name, "_aggregated_sales.csv"))
		}
		return names, files
	}
	var got []string
	var files []api.File
	for len(files) == 0 || files[0].Name != "a_aggregated_sales.csv" { // a view of the queue may be a little older
		got, files = names("/api/v1/files/processed?sort=made&order=desc")
	}
	if want := "a shop-c b z 0"; strings.Join(got, " ") != want {
		t.Errorf("newest first: %v, want %s", got, want)
	}
	if f := files[1]; f.Made == nil || f.Rows != 2 || f.Seconds <= 0 || f.Dataset != "shops" || files[3].Made != nil {
		t.Errorf("%+v", files)
	}
	if got, _ := names("/api/v1/files/processed?sort=made&limit=2&offset=1"); strings.Join(got, " ") != "z b" {
		t.Errorf("a page of the oldest first: %v", got)
	}
	if got, _ := names("/api/v1/files/processed?dataset=shops"); strings.Join(got, " ") != "shop-c" {
		t.Errorf("of a dataset: %v", got)
	}
	if got, _ := names("/api/v1/files/processed?dataset=-"); strings.Join(got, " ") != "0 a b z" {
		t.Errorf("of none: %v", got)
	}
	for where, want := range map[string]int{"/api/v1/files/raw?sort=made": http.StatusBadRequest, "/api/v1/files/processed?dataset=shop": http.StatusBadRequest, "/files/processed/?dataset=shop&format=csv": http.StatusBadRequest, "/files/raw/?dataset=shops": http.StatusOK} {
		if r := s.get(t, where); r.StatusCode != want {
			t.Errorf("%s: %s", where, r.Status)
		}
	}
	page := s.get(t, "/files/processed/?dataset=shops&sort=made&order=desc", "Accept", asBrowser).body
	for _, text := range []string{`<option value="shops" selected>`, `aria-sort="descending"`, `<td class="minor">shops</td>`, `name="sort" value="made"`, "data-local"} {
		if !strings.Contains(page, text) {
			t.Errorf("no %q in\n%s", text, page)
		}
	}
	if list := s.get(t, "/files/processed/?format=csv&q=shop").body; !strings.Contains(list, ",made,rows,seconds,dataset\n") || !strings.Contains(list, ",shops\n") {
		t.Errorf("as CSV: %s", list)
	}
}
