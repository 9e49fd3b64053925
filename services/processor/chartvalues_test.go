package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
)

// Whoever has values of the chart checks and tries them as they are.
func TestConfigOfTheChartsValues(t *testing.T) {
	root := "../../"
	var files []string
	for _, glob := range []string{"charts/csv-pipeline/values*.yaml", "examples/*/values.yaml", "examples/several-pipelines/*.yaml"} {
		found, err := filepath.Glob(root + glob)
		if err != nil || len(found) == 0 {
			t.Fatal(glob, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\nprocessor:\n") {
			continue
		}
		if code, _, errs := processor(t, nil, "check", "--config", file); code != cli.ExitOK {
			t.Errorf("%s: exit code %d, %s", file, code, errs)
		}
	}
	example := root + "examples/own-columns/"
	code, out, errs := processor(t, nil, "aggregate", "--config", example+"values.yaml", example+"orders.csv")
	if code != cli.ExitOK || !strings.HasPrefix(out, "shop,") {
		t.Errorf("exit code %d, %s\n%s", code, errs, out)
	}

	for text, want := range map[string]string{
		"processor: {groupby: [a]}":                             `no key "groupby": is "groupBy" meant?`,
		"{processor: {mode: deployment, agregate: [count(*)]}}": `no key "agregate": is "aggregate" meant?`,
		"groupBy: [a]\nprocessor: {where: b > 1}":               "values of the chart have all of them below it",
		"processor: {where: [a]}":                               "where",
	} {
		code, _, errs := processor(t, nil, "check", "--config", write(t, filepath.Join(t.TempDir(), "v.yaml"), text))
		if code != cli.ExitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, %s", text, code, errs)
		}
	}
}
