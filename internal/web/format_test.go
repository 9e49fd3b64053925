package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/query"
)

// TestResultsInEveryFormat: a page shows the table of a result whatever its format is, and
// the file is served with its type. The trends say what they leave out.
func TestResultsInEveryFormat(t *testing.T) {
	s := start(t, nil)
	config, err := query.ParseConfig([]byte("output: {format: parquet}\ndatasets: [{files: ['l*.csv'], output: {format: jsonl}}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.questions, err = config.Compile(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lines.csv", "columns.csv"} {
		s.put(t, name, "item_id,quantity\n5,6.25\nü <b>,1\n")
	}
	s.work(t)
	for name, kind := range map[string]string{"lines_aggregated_sales.jsonl": "application/jsonl", "columns_aggregated_sales.parquet": "application/vnd.apache.parquet"} {
		where := "/files/processed/" + name
		if r := s.get(t, where, "Accept", asBrowser); !strings.Contains(r.body, `<td class="n">6.25</td>`) || !strings.Contains(r.body, "ü &lt;b&gt;") || !strings.Contains(r.body, "<svg") {
			t.Errorf("the page of %s is %s", name, r.body)
		}
		file, err := os.ReadFile(filepath.Join(s.folder, "processed", name))
		if err != nil {
			t.Fatal(err)
		}
		if r := s.get(t, where); r.body != string(file) || r.Header.Get("Content-Type") != kind {
			t.Errorf("%s is served as %s, with %d bytes", name, r.Header.Get("Content-Type"), len(r.body))
		}
		raw, _, _ := strings.Cut(name, "_")
		if r := s.get(t, "/files/raw/"+raw+".csv?format=html"); !strings.Contains(r.body, where) {
			t.Errorf("the page of %s does not lead to its result", raw)
		}
	}
	if r := s.get(t, "/trends?format=html"); !strings.Contains(r.body, "only those of CSV are charted") {
		t.Errorf("the trends are %s", r.body)
	}
}
