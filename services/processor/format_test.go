package main

import (
	"path/filepath"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
)

func TestAggregateInFormats(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "sales.csv"), "item_id,quantity,name\n7,1.50,x\n8,,\n")
	other := write(t, filepath.Join(dir, "other.csv"), "item_id,quantity,name\n9,2,\"a\"\"b\"\n")
	const lines = "{\"item_id\":7,\"total_quantity\":1.50}\n{\"item_id\":8,\"total_quantity\":null}\n"
	if code, out, errs := processor(t, nil, "aggregate", "--output-format=jsonl", in); code != cli.ExitOK || out != lines {
		t.Errorf("exit code %d, printed %q and said %q", code, out, errs)
	}
	if code, out, errs := processor(t, map[string]string{"OUTPUT_FORMAT": "jsonl"}, "aggregate", "--select", "*", in, other); code != cli.ExitOK || !strings.Contains(out, `{"item_id":9,"quantity":2,"name":"a\"b"}`) {
		t.Errorf("exit code %d, printed %q and said %q", code, out, errs)
	}
	for name, start := range map[string]string{"r.jsonl": lines, "r.parquet": "PAR1", "r.csv": "item_id,", "r": "item_id,", "R.JSONL": lines} {
		if code, _, errs := processor(t, nil, "aggregate", "-o", filepath.Join(dir, name), in); code != cli.ExitOK {
			t.Errorf("%s: exit code %d: %s", name, code, errs)
		}
		if got := text(t, filepath.Join(dir, name)); !strings.HasPrefix(got, start) {
			t.Errorf("%s is %q", name, got)
		}
	}
	flawed := write(t, filepath.Join(dir, "flawed.csv"), flawed(100, 5))
	if code, _, errs := processor(t, nil, "aggregate", "--on-bad-row=skip", "-o", filepath.Join(dir, "f.parquet"), flawed); code != cli.ExitOK || !strings.Contains(errs, "f_rejected.csv") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if code, _, errs := processor(t, nil, "aggregate", "--output-format=jsonl", "-o", filepath.Join(dir, "said.json"), in); code != cli.ExitOK || text(t, filepath.Join(dir, "said.json")) != lines {
		t.Errorf("an ending that is not known, and a format: exit code %d: %s", code, errs)
	}
	config := write(t, filepath.Join(dir, "config.yaml"), "datasets: [{name: s, files: ['sales.csv'], output: {format: jsonl}}]\n")
	if code, _, errs := processor(t, nil, "aggregate", "--config", config, "-o", filepath.Join(dir, "dataset.json"), in); code != cli.ExitOK || text(t, filepath.Join(dir, "dataset.json")) != lines {
		t.Errorf("an ending that is not known, and the format of a dataset: exit code %d: %s", code, errs)
	}
	for _, c := range []struct{ args, says string }{
		{"--config " + config + " -o " + filepath.Join(dir, "x.json") + " " + other, "x.json ends in .json, which names no format"},
		{"-o " + filepath.Join(dir, "x.json") + " " + in, "x.json ends in .json, which names no format: expected .csv, .jsonl or .parquet, or --output-format"},
		{"-o " + filepath.Join(dir, "x.csv.gz") + " " + in, "ends in .gz, which names no format"},
		{"--output-format=xml " + in, "expected csv, parquet or jsonl"},
		{"--output-format=csv -o " + filepath.Join(dir, "x.parquet") + " " + in, "ends in parquet"},
	} {
		code, _, errs := processor(t, nil, append([]string{"aggregate"}, strings.Fields(c.args)...)...)
		if code != cli.ExitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d: %s", c.args, code, errs)
		}
	}
}
