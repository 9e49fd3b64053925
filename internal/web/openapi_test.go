package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The description is valid by the specification of OpenAPI, and its schemas are by that of
// JSON Schema.
func TestOpenAPIIsValid(t *testing.T) {
	text, err := os.ReadFile("api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	published, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	for name, resource := range map[string]any{"published.json": published, "openapi.json": document} {
		if err := compiler.AddResource(name, resource); err != nil {
			t.Fatal(err)
		}
	}
	if err := compiler.MustCompile("published.json").Validate(document); err != nil {
		t.Errorf("%#v", err)
	}
	compiled := 0
	var walk func(at any, pointer string, schema bool)
	walk = func(at any, pointer string, schema bool) {
		if schema {
			compiled++
			if _, err := compiler.Compile("openapi.json#" + pointer); err != nil {
				t.Errorf("%s: %v", pointer, err)
			}
			return // which includes everything below it
		}
		switch at := at.(type) {
		case []any:
			for i, value := range at {
				walk(value, fmt.Sprintf("%s/%d", pointer, i), false)
			}
		case map[string]any:
			for key, value := range at {
				walk(value, pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key), key == "schema" || pointer == "/components/schemas")
			}
		}
	}
	walk(document, "", false)
	if compiled < 20 {
		t.Errorf("only %d schemas were found", compiled)
	}
}

// The description says what the handlers do: it has every route and no other, every answer
// matches its schema, and every error is a problem.
func TestOpenAPI(t *testing.T) {
	s := start(t, nil)
	s.sample(t)
	if err := os.WriteFile(filepath.Join(s.folder, "processed", "stray.csv"), []byte("of no raw file\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := s.queue.Push(t.Context(), "held.csv"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.queue.Claim(t.Context(), "w2"); err != nil {
		t.Fatal(err)
	}
	text := s.get(t, "/api/v1/openapi.json")
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text.body))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	validate := func(pointer, body string) error {
		t.Helper()
		schema, err := compiler.Compile("openapi.json#" + pointer)
		if err != nil {
			t.Fatalf("%s: %v", pointer, err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
		if err != nil {
			return err
		}
		return schema.Validate(value)
	}
	check := func(pointer, body string) {
		t.Helper()
		if err := validate(pointer, body); err != nil {
			t.Errorf("%s: %v in %.500s", pointer, err, body)
		}
	}
	escape := func(path string) string {
		return "/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(path)
	}

	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	bodies := map[string]bool{} // the operations with a request body: whether it was checked
	text.decode(t, &api)
	described := []string{}
	forms := map[string][]string{} // for each path, the content types of the answer to GET
	for path, methods := range api.Paths {
		for method, described := range methods {
			if method == "get" {
				var get struct {
					Responses map[string]struct{ Content map[string]json.RawMessage }
				}
				if err := json.Unmarshal(described, &get); err != nil {
					t.Fatal(err)
				}
				forms[path] = slices.Collect(maps.Keys(get.Responses["200"].Content))
			}
		}
		for method := range methods {
			if method == "parameters" {
				continue
			}
			described = append(described, strings.ToUpper(method)+" "+path)
			var operation struct{ RequestBody any }
			if err := json.Unmarshal(methods[method], &operation); err == nil && operation.RequestBody != nil {
				bodies[strings.ToUpper(method)+" "+path] = false
			}
			at := escape(path) + "/" + method + "/responses/"
			if method != "get" || strings.HasSuffix(path, "/events") {
				continue
			}
			names := []string{""}
			if strings.HasSuffix(path, "schemas/{name}") {
				continue // of another content type: TestEventSchemas
			}
			if strings.HasSuffix(path, "{name}") {
				if names = []string{"20220101.csv", "bad.csv"}; strings.Contains(path, "processed") {
					names = []string{"20220101_aggregated_sales.csv", "2022/02_aggregated_sales.csv", "stray.csv"}
				}
			}
			for _, name := range names {
				where := strings.Replace(path, "{name}", name, 1)
				r := s.get(t, where+"?"+knownOf(t, path, url.Values{"format": {"json"}, "sha256": {"1"}, "limit": {"3"}}).Encode())
				if r.StatusCode != http.StatusOK {
					t.Errorf("GET %s: %s %s", where, r.Status, r.body)
					continue
				}
				check(at+"200/content/application~1json/schema", r.body)
			}
			if strings.HasSuffix(path, "{name}") {
				r := s.get(t, strings.Replace(path, "{name}", "nothing.csv", 1))
				if r.StatusCode != http.StatusNotFound || r.Header.Get("Content-Type") != "application/problem+json" {
					t.Errorf("%s: a missing file: %s", path, r.Status)
				}
				check("/components/schemas/Problem", r.body)
			}
		}
	}
	// A browser gets a page, others get JSON, and both are described.
	for _, path := range []string{"/", "/failed", "/trends", "/files/raw/", "/files/processed/"} {
		for accept, want := range map[string]string{
			"": "application/json", "*/*": "application/json", "application/json": "application/json", "application/json, text/html;q=0.5": "application/json", "text/html;q=0": "application/json",
			asBrowser: "text/html", "Text/HTML": "text/html", "text/html, application/json": "text/html",
		} {
			r := s.get(t, path, "Accept", accept)
			if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); r.StatusCode != http.StatusOK || kind != want || !slices.Contains(forms[path], kind) {
				t.Errorf("GET %s, Accept %q: %s %q, want %s; described are %v", path, accept, r.Status, kind, want, forms[path])
			} else if want == "application/json" {
				check("/paths/"+strings.ReplaceAll(path, "/", "~1")+"/get/responses/200/content/application~1json/schema", r.body)
			}
			if !slices.Contains(r.Header.Values("Vary"), "Accept") {
				t.Errorf("GET %s: caches are not told: %v", path, r.Header)
			}
		}
		for format, want := range map[string]int{"html": http.StatusOK, "json": http.StatusOK, "pdf": http.StatusBadRequest} {
			if r := s.get(t, path+"?format="+format); r.StatusCode != want {
				t.Errorf("GET %s?format=%s: %s", path, format, r.Status)
			}
		}
	}
	// The handlers accept exactly the bodies that match the description.
	for _, where := range []string{"/api/v1/failed/retry", "/api/v1/failed/drop"} {
		schema := escape(where) + "/post/requestBody/content/application~1json/schema"
		bodies["POST "+where] = true
		for _, body := range []string{
			`{"names":["bad.csv"]}`, `{"names":["bad.csv","none.csv"],"all":false}`, `{"names":[],"all":true}`, `{"group":"none"}`, `{"q":"no such reason"}`, `{"names":[],"q":"x","until":"2022-01-01T00:00:00Z"}`, `{"names":["none.csv"],"all":true}`, `{"all":true}`,
			"", "{}", `{"nmaes":[]}`, "[]", `{"names":[]}`, `{"names":"bad.csv"}`, `{"names":[1]}`, `{"all":false}`, `{"all":1}`, `{"group":""}`, `{"q":""}`, `{"q":1}`, `{"until":"2022-01-01T00:00:00Z"}`, `{"q":"x","until":"yesterday"}`, `"all"`,
		} {
			r := s.do(t, http.MethodPost, where, body, "Authorization", "Bearer "+token, "Content-Type", "application/json")
			switch err := validate(schema, body); {
			case r.StatusCode == http.StatusOK && err == nil:
				check("/components/schemas/Done", r.body)
			case r.StatusCode == http.StatusBadRequest && err != nil:
				check("/components/schemas/Problem", r.body)
			default:
				t.Errorf("%s of %q: %s, and by the description it is %v", where, body, r.Status, err)
			}
		}
	}
	const upload = "item_id,quantity\n1,1\n"
	bodies["PUT /files/raw/{name}"] = true
	check(escape("/files/raw/{name}")+"/put/requestBody/content/text~1csv/schema", strconv.Quote(upload))
	r := s.do(t, http.MethodPut, "/files/raw/new.csv", upload, "Authorization", "Bearer "+token, "Content-Type", "text/csv")
	if r.StatusCode != http.StatusCreated {
		t.Errorf("upload: %s", r.Status)
	}
	check("/components/schemas/Uploaded", r.body)
	bodies["POST /api/v1/preview"] = true
	check(escape("/api/v1/preview")+"/post/requestBody/content/text~1csv/schema", strconv.Quote(upload))
	for _, text := range []string{upload, "item_id,quantity\n1,seven\n", ""} {
		check("/components/schemas/Preview", s.do(t, http.MethodPost, "/api/v1/preview?name=tried.csv", text).body)
	}
	for operation, checked := range bodies {
		if !checked {
			t.Errorf("what %s takes is not checked", operation)
		}
	}

	// The routes are read from the source: the multiplexer does not list them.
	source, err := os.ReadFile("routes.go")
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{"GET /", "GET /failed", "GET /trends"} // the pages that answer programs with JSON
	for _, m := range regexp.MustCompile(`\{"(GET|POST|PUT)", "(/api/v1/[^"]+|/files/[^"]+)"`).FindAllStringSubmatch(string(source), -1) {
		if !strings.HasSuffix(m[2], "/") {
			wanted = append(wanted, m[1]+" "+strings.Replace(m[2], "{name...}", "{name}", 1))
		}
	}
	for _, area := range []string{"raw", "processed"} { // these are made in a loop
		wanted = append(wanted, "GET /files/"+area+"/", "GET /files/"+area+"/{name}", "GET /api/v1/files/"+area, "GET /api/v1/files/"+area+"/{name}")
	}
	slices.Sort(wanted)
	slices.Sort(described)
	if !slices.Equal(described, wanted) {
		t.Errorf("described:\n%s\nroutes:\n%s", strings.Join(described, "\n"), strings.Join(wanted, "\n"))
	}
}
