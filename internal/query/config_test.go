package query

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// document is docs/input.md.
func document(t *testing.T) string {
	text, err := os.ReadFile("../../docs/input.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheDocumentedFileIsTaken reads the example of datasets.
func TestTheDocumentedFileIsTaken(t *testing.T) {
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindStringSubmatch(document(t))
	if block == nil {
		t.Fatal("docs/input.md has no YAML")
	}
	c, err := ParseConfig([]byte(block[1]))
	if err != nil {
		t.Fatal(err)
	}
	q, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"bank-1.csv": "bank", "2024/bank-1.csv": "bank", "shop.csv": ""} {
		if query, dataset := q.For(name); dataset != want || query == nil {
			t.Errorf("%s is of %q, want %q", name, dataset, want)
		}
	}
}

// TestEverySettingIsDocumented compares the table with the keys.
func TestEverySettingIsDocumented(t *testing.T) {
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\|").FindAllStringSubmatch(document(t), -1) {
		documented = append(documented, m[1])
	}
	for _, key := range keys {
		question := strings.HasPrefix(key, "command") && documentsCommand(t, key) ||
			slices.Contains([]string{"input", "groupBy", "aggregate", "select", "where", "having", "orderBy", "limit", "output", "format", "datasets", "name", "files"}, key)
		if !question && !slices.Contains(documented, key) {
			t.Errorf("docs/input.md has no row for %s", key)
		}
		if err := func() error { _, err := ParseConfig([]byte("input: {" + key + ": auto}")); return err }(); !question && err != nil && strings.Contains(err.Error(), "no key") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// documentsCommand reports whether docs/commands.md has a row for a key.
func documentsCommand(t *testing.T, key string) bool {
	t.Helper()
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "\n| `"+key+"` |")
}

// TestDatasetsTakeWhatTheyLeaveOut: from the settings outside.
func TestDatasetsTakeWhatTheyLeaveOut(t *testing.T) {
	c, err := ParseConfig([]byte(`
input: {trim: true, missingValues: [NA]}
groupBy: [a]
aggregate: ["count(*)"]
where: a <> ''
orderBy: [a]
limit: 7
datasets:
- files: ["x*"]
  input: {delimiter: ";"}
- files: ["y*"]
  select: ["*"]
`))
	if err != nil {
		t.Fatal(err)
	}
	x, y := c.Datasets[0], c.Datasets[1]
	if !x.Input.Trim || x.Input.Delimiter != ";" || !slices.Equal(x.Input.MissingValues, []string{"NA"}) || !slices.Equal(x.GroupBy, []string{"a"}) || !slices.Equal(x.Aggregate, []string{"count(*)"}) {
		t.Errorf("%+v", x)
	}
	if x.Where == "" || y.Where == "" || x.Limit != 7 || !slices.Equal(x.OrderBy, []string{"a"}) {
		t.Errorf("%+v, %+v", x, y)
	}
	// These are of the result of the question outside.
	if y.Limit != 0 || len(y.OrderBy) > 0 {
		t.Errorf("%+v", y)
	}
	if !slices.Equal(y.Select, []string{"*"}) || len(y.GroupBy)+len(y.Aggregate) > 0 || !y.Input.Trim {
		t.Errorf("%+v", y)
	}
	if c.Input.Delimiter != "" {
		t.Errorf("a dataset changed what is outside: %+v", c.Spec)
	}
}

func TestConfigsThatAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"inputs: {}":                     `no key "inputs": is "input" meant?`,
		"input: {decimalchar: ','}":      `no key "decimalchar": is "decimalChar" meant?`,
		"datasets: [{file: ['*']}]":      `dataset 1: no key "file": is "files" meant?`,
		"groupBy: {":                     "no YAML",
		"datasets: [{name: a}]":          "dataset a: no files",
		"datasets: [{files: ['[']}]":     `files "["`,
		"input: {skipRows: many}":        "skipRows: [1:19] cannot unmarshal string",
		"input:\n  missingValues: NA":    "missingValues: [2:18] a text, expected a list such as [a, b]",
		"input: {header: [3, 2]}":        "header",
		"select: ['*']\ngroupBy: [a]":    "select: it stands instead",
		"limit: -1":                      "limit: -1",
		"input: {raggedRows: sometimes}": "refuse or pad",
	} {
		c, err := ParseConfig([]byte(text))
		if err == nil {
			_, err = c.Compile()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestForPath: of a file that is not below raw/, any end of its path may be its name there; the
// datasets keep their order.
func TestForPath(t *testing.T) {
	config, err := ParseConfig([]byte("groupBy: [k]\naggregate: [count(*)]\ndatasets:\n  - {name: german, files: [de/*.csv]}\n  - {name: bank, files: [bank*.csv]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := config.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"de/x.csv": "german", "./de/x.csv": "german", "/data/raw/de/bank1.csv": "german", "../in/bank1.csv": "bank",
		"bank1.csv": "bank", "x.csv": "", "de/fr/x.csv": "", "/x.csv": "",
	} {
		if _, got := questions.ForPath(name); got != want {
			t.Errorf("%s is of %q, want %q", name, got, want)
		}
	}
}
