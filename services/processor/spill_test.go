package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// Groups that do not fit in memory go to a temporary file, as they do in the pipeline.
func TestAggregateSpills(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads a large file")
	}
	processor, err := program()
	if err != nil {
		t.Fatal(err)
	}
	const groups = 400_000
	input := []byte("item_id,quantity\n")
	for i := range groups {
		input = append(strconv.AppendInt(append(input, "a customer with a long name "...), int64(i), 10), ",1\n"...)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "many.csv")
	if err := os.WriteFile(path, input, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(processor, "aggregate", path)
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=40MiB", "TMPDIR="+folder)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	got, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	if lines := bytes.Count(got, []byte("\n")); lines != groups+1 {
		t.Errorf("the result has %d lines, want %d", lines, groups+1)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}

	cmd = exec.Command(processor, "aggregate", path)
	cmd.Env = append(os.Environ(), "GOMEMLIMIT=40MiB", "TMPDIR="+filepath.Join(folder, "absent"))
	if out, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("make a temporary file: open "+filepath.Join(folder, "absent"))) {
		t.Errorf("without a temporary folder: got %v, %s", err, out)
	}
}
