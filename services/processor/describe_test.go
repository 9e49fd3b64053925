package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/cli/clitest"
)

func TestDescribeNamesTheSettings(t *testing.T) {
	dir := t.TempDir()
	bank := write(t, filepath.Join(dir, "bank-2024-01.csv"), "Tag;Betrag\n31.01.2024;1.234,50\n01.02.2024;-2,00\n")
	code, out, errs := processor(t, nil, "describe", bank)
	for _, part := range []string{"UTF-8 text with semicolons between the fields, the header in line 1.", "--decimal-char=, --group-char=. --date-formats=%d.%m.%Y",
		"processor:\n    input:\n      decimalChar: \",\"", `files: ["bank-*-*.csv"]`, "date %d.%m.%Y"} {
		if !strings.Contains(out, part) {
			t.Errorf("lacks %q:\n%s", part, out)
		}
	}
	if code != cli.ExitOK || errs != "" {
		t.Errorf("exit code %d: %s", code, errs)
	}
	// What is printed is taken as it stands.
	args := append([]string{"aggregate", "--group-by", "month(Tag)", "--aggregate", "sum(Betrag)"}, "--decimal-char=,", "--group-char=.", "--date-formats=%d.%m.%Y", bank)
	if code, out, errs := processor(t, nil, args...); code != cli.ExitOK || out != "month_Tag,sum_Betrag\n2024-01,1234.50\n2024-02,-2.00\n" {
		t.Errorf("exit code %d: %q %s", code, out, errs)
	}
	if code, out, _ := processor(t, nil, append([]string{"describe"}, args[5:]...)...); code != cli.ExitOK || !strings.Contains(out, "--decimal-char=, --group-char=. --date-formats=%d.%m.%Y") {
		t.Errorf("with these settings given: exit code %d\n%s", code, out)
	}
}

func TestDescribeEndsWithOneWhereSomethingIsOpen(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, want string }{
		"open.csv":  {"a;b\n1.234;x\n", `"1.234" may be one with decimals, or thousands, and nothing in the column tells: expected one of the settings above`},
		"empty.csv": {"", "the file is empty"},
		"book.csv":  {"%PDF-1.7", "this is a PDF; expected a CSV file"},
	} {
		path := write(t, filepath.Join(dir, name), c.text)
		code, out, errs := processor(t, nil, "describe", path)
		if code != cli.ExitFailed || !strings.Contains(errs, c.want) || !strings.Contains(out, name) {
			t.Errorf("%s: exit code %d, %s\n%s", name, code, errs, out)
		}
	}
	if code, _, errs := processor(t, nil, "describe", filepath.Join(dir, "none.csv")); code != cli.ExitFailed || !strings.Contains(errs, "none.csv") {
		t.Errorf("no file: exit code %d, %s", code, errs)
	}
	if code, _, errs := processor(t, nil, "describe"); code != cli.ExitUsage || !strings.Contains(errs, "FILE") {
		t.Errorf("no argument: exit code %d, %s", code, errs)
	}
}

// TestDescribeForPrograms has an object a line, also for a file that cannot be read.
func TestDescribeForPrograms(t *testing.T) {
	dir := t.TempDir()
	good, bad := write(t, filepath.Join(dir, "good.csv"), "a;b\n1,5;x\n"), write(t, filepath.Join(dir, "bad.csv"), "")
	code, out, _ := processor(t, nil, "describe", "--json", good, bad)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != cli.ExitFailed || len(lines) != 2 {
		t.Fatalf("exit code %d, printed %q", code, out)
	}
	var d struct {
		File, Flags string
		Readable    bool
		Rows        int64
		Input       map[string]any
		Columns     []struct{ Name, Type string }
		Problems    []string
	}
	if err := json.Unmarshal([]byte(lines[0]), &d); err != nil || !d.Readable || d.Input["decimalChar"] != "," || d.Rows != 1 || len(d.Columns) != 2 || d.Columns[0].Type != "decimal" {
		t.Errorf("%v: %+v", err, d)
	}
	if err := json.Unmarshal([]byte(lines[1]), &d); err != nil || d.Readable || len(d.Problems) != 1 {
		t.Errorf("%v: %+v", err, d)
	}
}

func TestDescribeExplainsItself(t *testing.T) { clitest.Defaults(t, run, "describe") }
