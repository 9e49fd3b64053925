package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"csv-pipeline/internal/web/api"
)

// TestTheAPICanBeTried: the page has every request of the description, and its forms lead to those that only read.
func TestTheAPICanBeTried(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	operations, err := api.Operations()
	if err != nil {
		t.Fatal(err)
	}
	if len(operations) < 20 || operations[0].Path != "/" {
		t.Errorf("there are %d requests, the first is %+v", len(operations), operations)
	}
	page := s.get(t, "/api", "Accept", asBrowser).body
	forms := len(regexp.MustCompile(`<form[^>]*action="/api/try"`).FindAllString(page, -1))
	for _, o := range operations {
		if !strings.Contains(page, "<code>"+o.Path+"</code>") {
			t.Errorf("the page has no %s", o.Path)
		}
		if o.Method == http.MethodGet {
			forms--
		}
	}
	if forms != 0 {
		t.Errorf("there are %d forms too many or too few", forms)
	}
	for form, want := range map[string]string{
		"request=/api/v1/status":                                             "/api/v1/status",
		"request=/api/v1/files/raw&limit=2&q=&other=x":                       "/api/v1/files/raw?limit=2",
		"request=/api/v1/files/raw/{name}&name=" + url.QueryEscape("a b/?c"): "/api/v1/files/raw/a%20b/%3Fc",
		"request=/api/v1/results&aggregate=" + url.QueryEscape("sum(a+b)"):   "/api/v1/results?aggregate=sum%28a%2Bb%29",
	} {
		if answer := s.get(t, "/api/try?"+form); answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != want {
			t.Errorf("%s leads with %d to %q, want %q", form, answer.StatusCode, answer.Header.Get("Location"), want)
		}
	}
	for _, form := range []string{"", "request=//example.org", "request=/api/v1/failed/drop"} {
		if answer := s.get(t, "/api/try?"+form); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%q leads with %d to %q", form, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
}
