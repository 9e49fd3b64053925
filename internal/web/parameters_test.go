package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"csv-pipeline/internal/web/api"
)

// A misspelt parameter is refused by every address of the API that reads, and not by pages.
func TestTheAPIRefusesUnknownParameters(t *testing.T) {
	s := start(t, nil)
	for where, want := range map[string]string{
		"/api/v1/files/raw?Limit=1":        "did you mean limit?",
		"/api/v1/files/processed?foldr=a/": "did you mean folder?",
		"/api/v1/files/raw/a.csv?sha=1":    `there is no parameter`,
		"/api/v1/failed?gruop=a":           "did you mean group?",
		"/api/v1/failed/groups?offest=1":   "did you mean offset?",
		"/api/v1/trends?itm=a":             "did you mean item?",
		"/api/v1/status?pretty=1":          "this address takes none",
	} {
		if r := s.get(t, where); r.StatusCode != http.StatusBadRequest || !strings.Contains(r.body, want) {
			t.Errorf("%s: %s, %s", where, r.Status, r.body)
		}
	}
	for _, where := range []string{"/?utm_source=a", "/trends?utm_source=a", "/failed?utm_source=a", "/files/raw/?utm_source=a", "/results?utm_source=a"} {
		if r := s.get(t, where, "Accept", asBrowser); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", where, r.Status)
		}
	}
}

// knownOf are those of the parameters that the description has for reading a path.
func knownOf(t *testing.T, path string, all url.Values) url.Values {
	t.Helper()
	operations, err := api.Operations()
	if err != nil {
		t.Fatal(err)
	}
	known := url.Values{}
	for _, o := range operations {
		for _, p := range o.Parameters {
			if o.Method == http.MethodGet && o.Path == path && p.In == "query" && all.Has(p.Name) {
				known[p.Name] = all[p.Name]
			}
		}
	}
	return known
}

// TestEveryDescribedValueIsTaken: none that the description of a parameter lists is refused.
func TestEveryDescribedValueIsTaken(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	operations, err := api.Operations()
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, o := range operations {
		if o.Method != http.MethodGet || strings.HasSuffix(o.Path, "/events") {
			continue
		}
		name := "20220101.csv"
		if strings.Contains(o.Path, "processed") {
			name = "20220101_aggregated_sales.csv"
		}
		for _, p := range o.Parameters {
			if p.In != "query" {
				continue
			}
			for _, value := range p.Schema.Enum {
				where := strings.Replace(o.Path, "{name}", name, 1) + "?" + url.Values{p.Name: {value}}.Encode()
				if p.Name == "sha256" && !strings.HasSuffix(o.Path, "{name}") {
					where += "&limit=3"
				}
				tried++
				if r := s.get(t, where); r.StatusCode != http.StatusOK {
					t.Errorf("%s: %s %s", where, r.Status, r.body)
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d values were tried", tried)
	}
}
