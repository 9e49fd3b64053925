package web_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/resultformat"
	"csv-pipeline/internal/web"
)

// results writes results as they are.
func (s *site) results(t *testing.T, texts map[string]string) {
	t.Helper()
	for name, text := range texts {
		full := filepath.Join(s.folder, "processed", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func threeMonths(t *testing.T) *site {
	t.Helper()
	questions, err := query.Config{Datasets: []query.Dataset{{Name: "shops", Files: []string{"shop-*"}}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(c *web.Config) { c.Questions, c.Catalog.Format = questions, questions.Format })
	s.results(t, map[string]string{
		"20220101_aggregated_sales.csv":        "item,total\n1,0.10\n2,-5\n",
		"20220101_rejected.csv":                "line,reason,row\n1,bad,x\n",
		"20220201_aggregated_sales.jsonl":      "{\"item\":1,\"total\":0.20}\n",
		"shop-20220301_aggregated_sales.csv":   "item,total,shop\n=1+1,3,a\n",
		"shop-20220301_aggregated_sales.jsonl": "{\"item\":\"of an earlier format\"}\n",
		"undated_aggregated_sales.csv":         "item,total\n9,9\n",
	})
	return s
}

func TestAllResultsAreOneTable(t *testing.T) {
	s := threeMonths(t)
	for _, c := range []struct{ where, want string }{
		{"", "file,date,item,total,shop\n20220101_aggregated_sales.csv,2022-01-01,1,0.10,\n20220101_aggregated_sales.csv,2022-01-01,2,-5,\n" +
			"20220201_aggregated_sales.jsonl,2022-02-01,1,0.20,\nshop-20220301_aggregated_sales.csv,2022-03-01,=1+1,3,a\nundated_aggregated_sales.csv,,9,9,\n"},
		{"?from=2022-01-15&to=2022-02-28", "file,date,item,total\n20220201_aggregated_sales.jsonl,2022-02-01,1,0.20\n"},
		{"?dataset=shops", "file,date,item,total,shop\nshop-20220301_aggregated_sales.csv,2022-03-01,=1+1,3,a\n"},
		{"?q=UNDATED&limit=1", "file,item,total\nundated_aggregated_sales.csv,9,9\n"},
		{"?q=nothing", "file\n"},
		{"?to=2022-02-28&groupBy=item&aggregate=" + url.QueryEscape("sum(total) as total, count(*) as n"), "item,total,n\n1,0.30,2\n2,-5.00,1\n"},
		{"?where=" + url.QueryEscape("item = '1'") + "&select=total&orderBy=" + url.QueryEscape("total desc") + "&limit=1", "total\n0.20\n"},
		{"?format=jsonl&to=2022-01-31&from=2022-01-01", `{"file":"20220101_aggregated_sales.csv","date":"2022-01-01","item":1,"total":0.10}` + "\n" + `{"file":"20220101_aggregated_sales.csv","date":"2022-01-01","item":2,"total":-5}` + "\n"},
		{"?format=json&aggregate=" + url.QueryEscape("min(item)") + "&groupBy=total&q=2022", `[{"total":-5,"min_item":"2"},` + "\n" + `{"total":0.10,"min_item":"1"},` + "\n" + `{"total":0.20,"min_item":"1"},` + "\n" + `{"total":3,"min_item":"=1+1"}]` + "\n"},
		{"?format=json&q=nothing", "[]\n"},
		{"?q=nothing&groupBy=item&aggregate=" + url.QueryEscape("sum(total) as total"), "item,total\n"},
		{"?q=nothing&where=" + url.QueryEscape("item = '1'"), "file\n"},
		{"?format=json&q=nothing&groupBy=item&aggregate=" + url.QueryEscape("count(*)"), "[]\n"},
		{"?format=jsonl&q=nothing&select=item", ""},
	} {
		r := s.get(t, "/api/v1/results"+c.where)
		if r.StatusCode != http.StatusOK || r.body != c.want {
			t.Errorf("%s: %s\n%s\nwant\n%s", c.where, r.Status, r.body, c.want)
		}
	}
	r := s.get(t, "/api/v1/results?from=2022-01-01")
	for name, want := range map[string]string{"Csv-Pipeline-Results": "3", "Csv-Pipeline-Undated": "1", "Csv-Pipeline-Columns-Differ": `"shop";missing=2`, "Content-Type": "text/csv; charset=utf-8"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	parquet := s.get(t, "/api/v1/results?format=parquet").body
	table, err := resultformat.ParquetTable(strings.NewReader(parquet), int64(len(parquet)), 10)
	if err != nil || fmt.Sprint(table.Rows[2]) != "[20220201_aggregated_sales.jsonl 2022-02-01 1 0.20 ]" {
		t.Errorf("Parquet: %v %+v", err, table)
	}
	// What a person downloads is safe in a spreadsheet, and numbers stay numbers.
	for _, where := range []string{"/api/v1/results?", "/api/v1/results?where=" + url.QueryEscape("item <> '9'") + "&"} {
		person, err := csvtable.Read(strings.NewReader(s.get(t, where+"q=2022", "Accept", asBrowser).body), 10)
		if err != nil || person.Rows[1][3] != "-5" || person.Rows[3][2] != "'=1+1" {
			t.Errorf("%s: %v %v", where, err, person)
		}
	}
}

func TestMistakesInATableOfResults(t *testing.T) {
	s := threeMonths(t)
	s.results(t, map[string]string{"bad_aggregated_sales.csv": "a,b\n1\n"})
	for where, want := range map[string]string{
		"?format=xlsx":                            "400 format: expected csv, jsonl, parquet or json",
		"?from=yesterday":                         "400 from: expected a day",
		"?from=2025-01-01&to=2024-01-01":          "400 from 2025-01-01 to 2024-01-01: expected the earlier day first",
		"?dataset=shop":                           `400 dataset: there is no "shop"; there are: shops, and - for files of none`,
		"?q=2022&groupBy=itme&aggregate=count(*)": `400 no column "itme"`,
		"?q=2022&groupBy=item&aggregate=sm(item)": `400 `,
		"?q=2022&aggregate=sum(file)":             `400 file: "2022`,
		"?q=bad":                                  "409 the result bad_aggregated_sales.csv: line 2 has 1 cells, expected 2 as in the header; leave it out",
		"?groupby=item":                           `400 there is no parameter "groupby"; did you mean groupBy?`,
		"?utm_source=mail":                        `400 there is no parameter "utm_source"; there are: q, folder, `,
		"?limit=0":                                "400 limit: expected a whole number",
	} {
		r := s.get(t, "/api/v1/results"+where)
		var problem struct{ Detail string }
		r.decode(t, &problem)
		if got := fmt.Sprint(r.StatusCode, " ", problem.Detail); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", where, got, want)
		}
		if head := s.do(t, http.MethodHead, "/api/v1/results"+where, ""); head.StatusCode != r.StatusCode || head.body != "" {
			t.Errorf("HEAD %s: %s, GET: %s", where, head.Status, r.Status)
		}
	}
	for _, where := range []string{"?q=2022", "?q=2022&groupBy=item&aggregate=count(*)", "?q=nothing&format=jsonl", "?q=2022&format=parquet"} {
		r, head := s.get(t, "/api/v1/results"+where), s.do(t, http.MethodHead, "/api/v1/results"+where, "")
		if r.StatusCode != http.StatusOK || head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("Content-Type") != r.Header.Get("Content-Type") {
			t.Errorf("HEAD %s: %s, GET: %s", where, head.Status, r.Status)
		}
	}
}

// A table whose rest cannot be read does not end as a whole one does, in any format.
func TestATableThatBreaksOffDoesNotLookWhole(t *testing.T) {
	s := start(t, nil)
	s.results(t, map[string]string{
		"a_aggregated_sales.csv": "n,text\n" + strings.Repeat("1,"+strings.Repeat("x", 1000)+"\n", 5000),
		"b_aggregated_sales.csv": "n,text\n1\n",
	})
	for _, encoding := range []string{"identity", "gzip"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/results", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		_, err = io.Copy(&got, answer.Body)
		_ = answer.Body.Close()
		if err == nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %d bytes: %v", encoding, answer.Status, got.Len(), err)
		}
	}
	if r := s.get(t, "/api/v1/results?format=jsonl"); r.StatusCode != http.StatusConflict {
		t.Errorf("what is kept first is told: %s", r.Status)
	}
}

// The page asks a question that suits the results, shows the answer without a script, and says in
// its place what is wrong with a question.
func TestPageOfAllResults(t *testing.T) {
	s := threeMonths(t)
	contains := func(where string, code int, texts ...string) {
		t.Helper()
		r := s.get(t, where, "Accept", asBrowser)
		if r.StatusCode != code {
			t.Errorf("%s: %s", where, r.Status)
		}
		for _, text := range texts {
			if !strings.Contains(r.body, text) {
				t.Errorf("%s: no %q in\n%s", where, text, r.body)
			}
		}
	}
	contains("/results", http.StatusOK, `name="groupBy" value="item_id"`, `name="aggregate" value="sum(total_quantity) as total_quantity"`, "file, date, item, total, shop")
	contains("/results?groupBy=item&aggregate=sum(total)+as+total&to=2022-02-28", http.StatusOK, "of 2 results", "2 rows", ">0.30</td>", `href="/api/v1/results?aggregate=sum%28total%29+as+total&amp;format=parquet&amp;groupBy=item&amp;to=2022-02-28"`, "1 result has no date")
	contains("/results?q=nothing&groupBy=item&aggregate=count(*)&utm_source=mail", http.StatusOK, "No results match.")
	contains("/results?groupBy=item&aggregate=sm(total)", http.StatusBadRequest, `role="alert"`, `value="sm(total)"`)
	contains("/results?groupBy=itm&aggregate=count(*)", http.StatusBadRequest, `role="alert"`, "no column &#34;itm&#34;", "Not all results have the same columns: shop (not in 3)")
	contains("/files/processed/?q=2022", http.StatusOK, `href="/api/v1/results?format=csv&amp;q=2022"`, `href="/results?q=2022"`)
}

// Two tables are sent at once, and one whose client hangs up makes room for another.
func TestTablesOfResultsAreLimitedAndEndWithTheirClients(t *testing.T) {
	s := start(t, nil)
	s.results(t, map[string]string{"a_aggregated_sales.csv": "n,text\n" + strings.Repeat("1,"+strings.Repeat("x", 1000)+"\n", 40_000)})
	var open []io.Closer
	for range 2 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/api/v1/results", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", "identity")
		answer, err := http.DefaultTransport.RoundTrip(r)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatal(answer, err)
		}
		open = append(open, answer.Body)
	}
	for _, where := range []string{"/api/v1/results?limit=1", "/results?groupBy=n&aggregate=count(*)&format=html"} {
		if r := s.get(t, where); r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %s", where, r.Status)
		}
	}
	if r := s.get(t, "/results", "Accept", asBrowser); r.StatusCode != http.StatusOK {
		t.Errorf("a form costs little: %s", r.Status)
	}
	for _, body := range open {
		_ = body.Close()
	}
	for s.get(t, "/api/v1/results?limit=1").StatusCode != http.StatusOK { // until the server has seen that
	}
}
