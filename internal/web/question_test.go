package web_test

import (
	"html"
	"strings"
	"testing"

	"csv-pipeline/internal/query"
	"csv-pipeline/internal/web"
	"csv-pipeline/internal/web/api"
)

// The overview and the status say what is asked; a result says under which settings it was made, and
// where these are not in force the command that has it made again.
func TestWhatIsAsked(t *testing.T) {
	config := query.Config{Spec: query.Spec{GroupBy: []string{"item_id"}, Aggregate: []string{"sum(quantity) as n"}, Where: "quantity > 1"},
		Datasets: []query.Dataset{{Name: "shops", Files: []string{"shop-*"}, Spec: query.Spec{Select: []string{"item_id"}}}}}
	current, err := config.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions, c.Version = current, "1.2.3" })
	s.put(t, "it's [old].csv", "item_id,quantity\n1,2\n")
	s.work(t) // with the settings of before
	before, _ := s.questions.For("")
	s.questions = current
	s.put(t, "shop-1.csv", "item_id,quantity\n1,2\n")
	s.work(t)

	var status api.Status
	s.get(t, "/api/v1/status").decode(t, &status)
	if status.Version != "1.2.3" || len(status.Questions) != 2 || status.Questions[0].Dataset != "shops" || status.Questions[0].Files[0] != "shop-*" || status.Questions[1].Where != "quantity > 1" {
		t.Errorf("%+v", status)
	}
	page := func(where string) string {
		t.Helper()
		return html.UnescapeString(s.get(t, where, "Accept", asBrowser).body)
	}
	contains := func(where string, texts ...string) {
		t.Helper()
		got := page(where)
		for _, text := range texts {
			if !strings.Contains(got, text) {
				t.Errorf("%s: no %q in\n%s", where, text, got)
			}
		}
	}
	contains("/", "What is asked", "shops", "shop-*", "<code>sum(quantity) as n</code>", "All other files", "csv-pipeline 1.2.3")
	main, _ := current.For("")
	contains("/files/processed/it's%20%5Bold%5D_aggregated_sales.csv", "What is asked by now", before.ResultSettings(), main.ResultSettings(), `enqueue --outdated 'it'\''s \[old].csv'`)
	contains("/files/processed/shop-1_aggregated_sales.csv", "What was asked, as of the dataset shops", "which are in force")
	var detail api.FileDetail
	s.get(t, "/api/v1/files/processed/it's%20%5Bold%5D_aggregated_sales.csv").decode(t, &detail)
	if detail.Fingerprint != before.ResultSettings() || detail.Question == nil || detail.Question.Settings != main.ResultSettings() || detail.Settings != api.SettingsOther {
		t.Errorf("%+v", detail)
	}
	if plain := start(t, nil).get(t, "/", "Accept", asBrowser).body; strings.Contains(plain, "What is asked") {
		t.Error("a question is shown where none is known")
	}
}
