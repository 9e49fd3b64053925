package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"csv-pipeline/internal/cli"
)

// flawed has one bad row for each of the lines.
func flawed(rows int, bad ...int) string {
	var b strings.Builder
	b.WriteString("item_id,quantity\n")
	for line := 2; line < rows+2; line++ {
		quantity := "1"
		if slices.Contains(bad, line) {
			quantity = "abc"
		}
		fmt.Fprintf(&b, "7,%s\n", quantity)
	}
	return b.String()
}

func text(t *testing.T, path string) string {
	t.Helper()
	read, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(read)
}

func TestRowsThatAreSkippedAreNotLostWithoutAWord(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "sales.csv"), flawed(100, 5, 7, 9, 11, 101))
	code, out, errs := processor(t, nil, "aggregate", "--on-bad-row=skip", in)
	if want := "item_id,total_quantity\n7,95\n"; code != cli.ExitOK || out != want {
		t.Errorf("exit code %d, printed %q, want %q", code, out, want)
	}
	for _, part := range []string{"5 of 100 rows were skipped", `sales.csv:5: quantity: "abc" is not a number`, "sales.csv:9: ", "and 2 more"} {
		if !strings.Contains(errs, part) {
			t.Errorf("it does not say %q: %s", part, errs)
		}
	}
	for name, rejected := range map[string]string{
		"out.csv":                    "out_rejected.csv",
		"sales_aggregated_sales.csv": "sales_rejected.csv", // as the pipeline would
		"out.csv.gz":                 "out.csv.gz_rejected.csv",
		"out":                        "out_rejected.csv",
		".out.csv":                   ".out.csv_rejected.csv",
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			args := []string{"aggregate", "--on-bad-row=skip", "-o", filepath.Join(folder, name), in}
			code, out, errs := processor(t, nil, args...)
			if code != cli.ExitOK || out != "" || !strings.Contains(errs, rejected) || !strings.Contains(errs, "5 of 100 rows were skipped") {
				t.Errorf("exit code %d, printed %q and said %q", code, out, errs)
			}
			if got, want := text(t, filepath.Join(folder, name)), "item_id,total_quantity\n7,95\n"; got != want {
				t.Errorf("the result is %q, want %q", got, want)
			}
			const want = "line,reason,row\n5,\"quantity: \"\"abc\"\" is not a number; missingValues: [\"\"abc\"\"] reads it as NULL\",\"7,abc\"\n7,"
			if got := text(t, filepath.Join(folder, rejected)); !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 6 {
				t.Errorf("rejected rows: %q, want %q and so on", got, want)
			}
			args[len(args)-1] = write(t, filepath.Join(t.TempDir(), "sales.csv"), flawed(1))
			if code, _, errs := processor(t, nil, args...); code != cli.ExitOK || errs != "" {
				t.Errorf("exit code %d, said %q", code, errs)
			}
			if left, err := os.ReadDir(folder); len(left) != 1 || left[0].Name() != name {
				t.Errorf("after a run without bad rows there are %v, %v; want %s alone", left, err, name)
			}
		})
	}
}

func TestOutAppearsWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	out, link := filepath.Join(dir, "out.csv"), filepath.Join(dir, "link.csv")
	write(t, out, "before")
	if err := errors.Join(os.Chmod(out, 0o600), os.Symlink("out.csv", link)); err != nil {
		t.Fatal(err)
	}
	good := write(t, filepath.Join(dir, "in", "good.csv"), flawed(2))
	bad := write(t, filepath.Join(dir, "in", "bad.csv"), flawed(2, 3))
	for _, onBadRow := range []string{"fail", "skip"} {
		if code, _, _ := processor(t, nil, "aggregate", "-o", link, "--on-bad-row", onBadRow, bad); code != cli.ExitFailed {
			t.Errorf("%s: exit code %d, want %d", onBadRow, code, cli.ExitFailed)
		}
	}
	if got := text(t, out); got != "before" {
		t.Errorf("a run that failed leaves %q", got)
	}
	if code, _, errs := processor(t, nil, "aggregate", "-o", link, good); code != cli.ExitOK {
		t.Errorf("exit code %d: %s", code, errs)
	}
	fi, err := os.Stat(out)
	if got := text(t, out); got != "item_id,total_quantity\n7,2\n" || err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file that the link leads to holds %q, %v, %v", got, fi, err)
	}
	if left, err := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("there are %v, %v; want in, link.csv and out.csv", left, err)
	}
}

func TestOutMayBeAPipe(t *testing.T) {
	dir := t.TempDir()
	pipe, in := filepath.Join(dir, "pipe"), write(t, filepath.Join(dir, "in.csv"), flawed(100, 5))
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan string)
	go func() { got <- text(t, pipe) }()
	code, _, errs := processor(t, nil, "aggregate", "--on-bad-row=skip", "-o", pipe, in)
	if fi, err := os.Lstat(pipe); err != nil || fi.Mode()&fs.ModeNamedPipe == 0 {
		t.Fatalf("a file is in place of the pipe: %v, %v", fi, err)
	}
	if want := "item_id,total_quantity\n7,99\n"; code != cli.ExitOK || <-got != want || !strings.Contains(errs, "in.csv:5: ") {
		t.Errorf("exit code %d, %s; want %q from the pipe", code, errs, want)
	}
}

func TestSeveralInputsEachHaveTheirHeader(t *testing.T) {
	dir := t.TempDir()
	one, other := write(t, filepath.Join(dir, "one.csv"), flawed(1)), write(t, filepath.Join(dir, "other.csv"), flawed(2))
	code, out, errs := processor(t, map[string]string{"OUT": filepath.Join(dir, "out.csv")}, "aggregate", one, other)
	if want := "item_id,total_quantity\n7,1\nitem_id,total_quantity\n7,2\n"; code != cli.ExitOK || out != want || !strings.Contains(errs, "other.csv:\n") {
		t.Errorf("exit code %d, printed %q and said %q, want %q", code, out, errs, want)
	}
}
