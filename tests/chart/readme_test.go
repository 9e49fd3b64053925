package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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

// valuesTable has a row for every value: its path, its default and its comment.
func valuesTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| value | default | |\n| --- | --- | --- |\n")
	for _, v := range documentedValues(t) {
		standard, err := json.Marshal(v.standard)
		if err != nil {
			t.Fatal(err)
		}
		escape := strings.NewReplacer("|", `\|`)
		fmt.Fprintf(&table, "| `%s` | `%s` | %s |\n", v.name(), escape.Replace(string(standard)), escape.Replace(v.comment))
	}
	return table.String()
}
