package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mvdan.cc/sh/v3/shell"

	"csv-pipeline/internal/cli"
)

// TestQuestionsOfTheDocument runs each command of docs/questions.md over its files, and
// compares what it prints.
func TestQuestionsOfTheDocument(t *testing.T) {
	document, err := os.ReadFile("../../docs/questions.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, m := range regexp.MustCompile("(?s)```csv (\\S+)\n(.*?)```").FindAllStringSubmatch(string(document), -1) {
		write(t, filepath.Join(".", m[1]), m[2])
	}
	commands := regexp.MustCompile("(?s)\n *```console\n(.*?)\n *```").FindAllStringSubmatch(string(document), -1)
	if len(commands) < 21 {
		t.Fatalf("%d commands", len(commands))
	}
	for _, m := range commands {
		lines := strings.Split(m[1], "\n")
		indent := len(lines[0]) - len(strings.TrimLeft(lines[0], " "))
		command, want := "", ""
		for i, line := range lines {
			if line = line[min(indent, len(line)):]; i == 0 {
				command = strings.TrimPrefix(line, "$ ")
			} else {
				want += line + "\n"
			}
		}
		args, err := shell.Fields(command, nil)
		if err != nil || args[0] != "processor" {
			t.Fatalf("%s: %v", command, err)
		}
		code, out, errs := processor(t, nil, args[1:]...)
		if code != cli.ExitOK {
			out = errs
		}
		if code == cli.ExitOK && out != want || code != cli.ExitOK && !strings.Contains(out, strings.TrimSpace(want)) {
			t.Errorf("%s\nprints\n%s\nexpected\n%s", command, out, want)
		}
	}
}

// TestTwoConditionsAreRefused: the second would undo the first.
func TestTwoConditionsAreRefused(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "a.csv"), "a\n1\n2\n3\n")
	for _, flag := range []string{"--where", "--having"} {
		code, _, errs := processor(t, nil, "aggregate", "--group-by", "a", "--aggregate", "count(*) as n", flag, "a > 1", flag, "a < 3", file)
		if code != cli.ExitUsage || !strings.Contains(errs, "such as (a > 1) and (a < 3)") {
			t.Errorf("%s: exit code %d, %s", flag, code, errs)
		}
	}
}
