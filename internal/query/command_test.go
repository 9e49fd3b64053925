package query

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSettingsOfACommandAreInherited by datasets, unless they ask the engine.
func TestSettingsOfACommandAreInherited(t *testing.T) {
	c, err := ParseConfig([]byte(`
command: awk -F, '{print $1}'
commandTimeout: 5m
datasets:
  - {name: same, files: [a*], input: {delimiter: ";"}}
  - {name: other, files: [b*], command: [head, -n, 5], commandInput: raw, commandEnv: [MODEL]}
  - {name: engine, files: [c*], groupBy: [x], aggregate: ["count(*)"]}
  - {name: standard, files: [d*], command: []}
`))
	if err != nil {
		t.Fatal(err)
	}
	q, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"x.csv": "awk|-F,|{print $1}", "a.csv": "awk|-F,|{print $1}", "b.csv": "head|-n|5", "c.csv": "", "d.csv": ""} {
		query, _ := q.For(name)
		got := ""
		if query.program != nil {
			got = strings.Join(query.program.Words, "|")
			if query.program.timeout.Minutes() != 5 {
				t.Errorf("%s: the time limit is %v", name, query.program.timeout)
			}
		}
		if got != want || (query.plain == nil) != (want != "") {
			t.Errorf("%s: the command is %q, want %q", name, got, want)
		}
	}
	if _, err := ParseConfig([]byte("command: sort | uniq")); err == nil || !strings.Contains(err.Error(), "no shell") {
		t.Errorf("a pipe: %v", err)
	}
}

// TestTheDocumentedEnvironment is what a program gets, name by name.
func TestTheDocumentedEnvironment(t *testing.T) {
	on, lines := false, []int{2, 3}
	spec := Spec{GroupBy: []string{"a", "b"}, Aggregate: []string{"sum(c)"}, Select: []string{"*"}}
	in := &spec.Input
	in.Delimiter, in.QuoteChar, in.EscapeChar, in.Encoding, in.Header.Lines = ";", "'", `\`, "utf-8", lines
	in.SkipRows, in.SkipRowsAfterHeader, in.SkipFooter, in.CommentPrefix, in.RaggedRows = 1, 2, 3, "#", "pad"
	in.Trim, in.MissingValues, in.DecimalChar, in.GroupChar, in.BareNumber = true, []string{"NA", "a,b"}, ",", ".", &on
	in.DateFormats, in.TimeZone, in.Lenient, in.OnBadRow, in.MaxBadShare = []string{"iso"}, "UTC", true, "skip", 0.5
	got := spec.environment()
	for _, want := range []string{"GROUP_BY=a, b", "HEADER=2,3", `MISSING_VALUES=NA,"a,b"`, "BARE_NUMBER=false", "MAX_BAD_SHARE=0.5", "TRIM=true"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing: %q", want, got)
		}
	}
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Its environment\n")
	table, _, _ = strings.Cut(table, "\n## ")
	var documented []string
	for _, m := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(table, -1) {
		documented = append(documented, m[1])
	}
	for _, variable := range got {
		if name, _, _ := strings.Cut(variable, "="); !slices.Contains(documented, name) {
			t.Errorf("docs/commands.md does not name %s", name)
		}
	}
	if set := (Spec{}).environment(); !slices.Equal(set, []string{"HEADER=auto"}) {
		t.Errorf("where nothing is set there is %q", set)
	}
}
