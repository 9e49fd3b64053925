package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	tableBegins = "<!-- values: made from values.yaml by go test -run TestReadme -update -->\n"
	tableEnds   = "<!-- end of values -->\n"
)

// TestReadme compares the README's table of values with values.yaml.
func TestReadme(t *testing.T) {
	path := filepath.Join(chartDir, "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(text), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		t.Fatalf("README.md has no place for the table: %q and %q", tableBegins, tableEnds)
	}
	want := before + tableBegins + valuesTable(t) + tableEnds + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("the table of values is not what values.yaml says: run go test -run TestReadme -update")
	}
	for user, rule := range rules(t, render(t, installation{})) {
		if line := user + " " + strings.Join(rule, " "); !strings.Contains(string(text), line) {
			t.Errorf("the rules of the Redis user %s are not in it: %s", user, line)
		}
	}
}

// valuesTable makes a row of every comment "# --" of values.yaml: the value's path, its default and the comment.
func valuesTable(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := load(t).Values
	key := regexp.MustCompile(`^( *)([A-Za-z]+):`)
	var table strings.Builder
	table.WriteString("| value | default | |\n| --- | --- | --- |\n")
	var path, comment []string
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		switch m := key.FindStringSubmatch(line); {
		case strings.HasPrefix(trimmed, "# -- "):
			comment = []string{strings.TrimPrefix(trimmed, "# -- ")}
		case strings.HasPrefix(trimmed, "# ") && comment != nil:
			comment = append(comment, strings.TrimPrefix(trimmed, "# "))
		case m != nil && len(m[1])/2 <= len(path):
			path = append(path[:len(m[1])/2], m[2])
			if comment == nil {
				continue
			}
			standard, err := json.Marshal(at(values, path))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", strings.Join(path, "."), strings.ReplaceAll(string(standard), "|", `\|`), strings.ReplaceAll(strings.Join(comment, " "), "|", `\|`))
			comment = nil
		}
	}
	return table.String()
}

func at(values map[string]any, path []string) any {
	for _, key := range path[:len(path)-1] {
		values, _ = values[key].(map[string]any)
	}
	return values[path[len(path)-1]]
}
