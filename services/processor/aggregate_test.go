package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
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
		"out.tsv.csv":                "out.tsv.csv_rejected.csv",
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

func TestSeveralInputsAreOneQuestion(t *testing.T) {
	dir := t.TempDir()
	one := write(t, filepath.Join(dir, "one.csv"), flawed(1))
	other := write(t, filepath.Join(dir, "other.csv"), "quantity;note;item_id\n2;x;7\n\"5\";;8\n")
	code, out, errs := processor(t, nil, "aggregate", one, other)
	if want := "item_id,total_quantity\n7,3\n8,5\n"; code != cli.ExitOK || out != want || errs != "" {
		t.Errorf("exit code %d, printed %q and said %q, want %q", code, out, errs, want)
	}
	code, out, _ = processor(t, nil, "aggregate", "--select", "item_id,quantity", "--where", "quantity < 5", one, other)
	if want := "item_id,quantity\n7,1\n7,2\n"; code != cli.ExitOK || out != want {
		t.Errorf("exit code %d, printed %q, want %q", code, out, want)
	}
	code, out, errs = processor(t, nil, "aggregate", "--select", "*", one, other)
	if code != cli.ExitFailed || out != "" || !strings.Contains(errs, "other.csv: its columns are quantity,note,item_id, expected those of the first file: item_id,quantity") {
		t.Errorf("exit code %d, printed %q and said %q", code, out, errs)
	}
	bad := write(t, filepath.Join(dir, "bad.csv"), flawed(40, 3))
	code, out, errs = processor(t, nil, "aggregate", "--on-bad-row", "skip", one, bad)
	if want := "item_id,total_quantity\n7,40\n"; code != cli.ExitOK || out != want || !strings.Contains(errs, "bad.csv:3: quantity: \"abc\" is not a number") {
		t.Errorf("exit code %d, printed %q and said %q", code, out, errs)
	}
	// The last of them turns out to be windows-1252 far behind its beginning.
	late := write(t, filepath.Join(dir, "late.csv"), flawed(20000)+"M\xfcller,1\n")
	code, out, errs = processor(t, nil, "aggregate", one, late)
	if want := "item_id,total_quantity\n7,20001\nMüller,1\n"; code != cli.ExitOK || out != want {
		t.Errorf("exit code %d, printed %q and said %q, want %q", code, out, errs, want)
	}
}

func TestAResultOfEachInput(t *testing.T) {
	dir := t.TempDir()
	one, other := write(t, filepath.Join(dir, "one.csv"), flawed(1)), write(t, filepath.Join(dir, "other.tsv"), "item_id\tquantity\n7\t2\n")
	folder := filepath.Join(dir, "results")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {"-o", folder}} {
		code, out, errs := processor(t, nil, append(append([]string{"aggregate", "--each"}, args...), one, other)...)
		at := dir
		if len(args) > 0 {
			at = folder
		}
		if code != cli.ExitOK || out != "" || text(t, filepath.Join(at, "one_aggregated_sales.csv")) != "item_id,total_quantity\n7,1\n" || text(t, filepath.Join(at, "other.tsv_aggregated_sales.csv")) != "item_id,total_quantity\n7,2\n" {
			entries, _ := os.ReadDir(at)
			t.Errorf("%q: exit code %d, %q, %q, %v", args, code, out, errs, entries)
		}
	}
	if code, _, errs := processor(t, nil, "aggregate", "--each", "-o", one, other); code != cli.ExitUsage || !strings.Contains(errs, "is no folder") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

// A zip needs not say that a CSV file is in it, but where a result is named after it.
func TestAPackedFileOfAnyNameIsRead(t *testing.T) {
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	w, err := z.Create("in.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, flawed(1)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	in := write(t, filepath.Join(t.TempDir(), "export.zip"), packed.String())
	if code, out, errs := processor(t, nil, "aggregate", in); code != cli.ExitOK || out != "item_id,total_quantity\n7,1\n" {
		t.Errorf("exit code %d, %q, %s", code, out, errs)
	}
	if code, out, errs := processor(t, nil, "describe", in); code != cli.ExitOK || !strings.Contains(out, "packed by zip") || !strings.Contains(out, "all was read") {
		t.Errorf("exit code %d, %s, %s", code, out, errs)
	}
	if code, _, errs := processor(t, nil, "aggregate", "--each", in); code != cli.ExitUsage || !strings.Contains(errs, "expected export.csv.zip") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

func TestWhatIsDoneIsExplained(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.csv"), flawed(1))
	code, out, errs := processor(t, nil, "aggregate", "--explain", "--aggregate", "sum(quantity * 2) as twice", "--group-by", "item_id", in)
	for _, part := range []string{"result:  item_id, twice", "reads:   item_id (text), quantity (numbers)", "by the engine", "in.csv: plain"} {
		if code != cli.ExitOK || !strings.Contains(out, part) {
			t.Errorf("exit code %d, %s, no %q in\n%s", code, errs, part, out)
		}
	}
	code, out, errs = processor(t, nil, "aggregate", "--explain", "--each", in, in)
	if _, err := os.Stat(filepath.Join(dir, "in_aggregated_sales.csv")); code != cli.ExitOK || strings.Count(out, "in.csv: plain") != 2 || !os.IsNotExist(err) {
		t.Errorf("each: exit code %d, %s, %v\n%s", code, errs, err, out)
	}
	config := write(t, filepath.Join(dir, "config.yaml"), "groupBy: [a]\naggregate: [count(*)]\ndatasets:\n- {name: bank, files: ['bank-*.csv'], groupBy: [k], aggregate: ['sum(x) / sum(y) as rate'], limit: 3}\n- {name: late, files: ['bank-2024.csv']}\n")
	code, out, errs = processor(t, nil, "check", "--config", config, "bank-1.csv", "shop.csv")
	for _, part := range []string{"dataset bank: bank-*.csv\nresult:  k, rate\n", "warning: limit without orderBy", "warning: no file gets to bank-2024.csv", "bank-1.csv: dataset bank\n", "shop.csv: of no dataset\n"} {
		if code != cli.ExitOK || !strings.Contains(out, part) {
			t.Errorf("exit code %d, %s, no %q in\n%s", code, errs, part, out)
		}
	}
	code, out, errs = processor(t, nil, "check", "--select", "*", "--where", "a = 'x'", "--limit", "2")
	if want := "result:  the columns of the file, and the rows of which it is true that a = 'x', at most 2\n"; code != cli.ExitOK || !strings.Contains(out, want) {
		t.Errorf("exit code %d, %s, no %q in\n%s", code, errs, want, out)
	}
	code, out, errs = processor(t, nil, "check", "--where", "quantity >")
	if code != cli.ExitUsage || out != "" || !strings.Contains(errs, "--where (WHERE): it ends here") {
		t.Errorf("exit code %d, %q, %s", code, out, errs)
	}
}

// A first line that no name of the question confirms, and that has numbers as a row would, is not
// left out without a word.
func TestAFirstLineThatMayBeARowIsSaid(t *testing.T) {
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.csv"), "a;5\nb;6\nc;7\n")
	named := write(t, filepath.Join(dir, "named.csv"), "year;2019\nb;6\nc;7\n")
	for _, c := range []struct {
		args []string
		says bool
	}{
		{[]string{"--select", "*", in}, true},
		{[]string{"--group-by", "#1", "--aggregate", "sum(#2)", in}, true},
		{[]string{"--group-by", "#1", "--aggregate", "sum(#2)", in, named}, true},
		{[]string{"--select", "*", "--header", "1", in}, false},
		{[]string{"--select", "*", "--header", "none", in}, false},
		{[]string{"--group-by", "year", "--aggregate", "sum(\"2019\")", named}, false},
	} {
		code, _, errs := processor(t, nil, append([]string{"aggregate"}, c.args...)...)
		if says := strings.Contains(errs, `"5" is one of them; if it is a row, header: none reads it as one`); code != cli.ExitOK || says != c.says || !c.says && errs != "" {
			t.Errorf("%q: exit code %d, %s", c.args, code, errs)
		}
	}
}

// TestLinesBeforeTheHeaderThatAreLeftOutAreSaid: they may be another table.
func TestLinesBeforeTheHeaderThatAreLeftOutAreSaid(t *testing.T) {
	dir := t.TempDir()
	const second = "day,shop,n\n1,a,5\n2,b,6\n3,c,7\n"
	two := write(t, filepath.Join(dir, "two.csv"), "name,n\nx,1\n\n"+second)
	title := write(t, filepath.Join(dir, "title.csv"), "# a comment\nSales\n"+second)
	commented := write(t, filepath.Join(dir, "commented.csv"), "# a comment\n\n"+second)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"select":         {[]string{"--select", "*", two}, two + ": lines 1 to 3 were left out: the header is in line 4\n"},
		"by number":      {[]string{"--aggregate", "sum(#3)", two}, two + ": lines 1 to 3 were left out: the header is in line 4\n"},
		"a title":        {[]string{"--select", "*", "--comment-prefix", "#", title}, title + ": line 2 was left out: the header is in line 3\n"},
		"several":        {[]string{"--select", "*", two, commented, "--comment-prefix", "#"}, two + ": lines 1 to 3 were left out: the header is in line 4\n"},
		"comments only":  {[]string{"--select", "*", "--comment-prefix", "#", commented}, ""},
		"names of it":    {[]string{"--aggregate", "sum(n)", "--group-by", "day", two}, two + ": lines 1 to 3 were left out: the header is in line 4\n"},
		"a header given": {[]string{"--select", "*", "--header", "4", two}, ""},
	} {
		code, out, errs := processor(t, nil, append([]string{"aggregate"}, c.args...)...)
		if code != cli.ExitOK || errs != c.says || out == "" {
			t.Errorf("%s: exit code %d, %q, said %q, want %q", name, code, out, errs, c.says)
		}
	}
	if code, out, _ := processor(t, nil, "aggregate", "--explain", "--select", "*", two); code != cli.ExitOK || !strings.Contains(out, "lines 1 to 3 were left out: the header is in line 4") {
		t.Errorf("explained: exit code %d, %q", code, out)
	}
	if code, out, _ := processor(t, nil, "describe", two); code != cli.ExitOK || !strings.Contains(out, "lines 1 to 3 were left out: the header is in line 4") {
		t.Errorf("described: exit code %d, %q", code, out)
	}
}

// TestAGuessedEncodingIsSaid, of one file and of several, and not where the encoding was given.
func TestAGuessedEncodingIsSaid(t *testing.T) {
	file := write(t, filepath.Join(t.TempDir(), "cz.csv"), "mesto;v\nPlze\xf2;1\n\x8e\xef\xe1r;2\n")
	for _, c := range []struct {
		args []string
		says bool
	}{
		{[]string{file}, true},
		{[]string{file, file}, true},
		{[]string{"--encoding", "windows-1250", file}, false},
	} {
		code, _, errs := processor(t, nil, append([]string{"aggregate", "--group-by", "mesto", "--aggregate", "sum(v)"}, c.args...)...)
		if code != cli.ExitOK || strings.Contains(errs, "read as windows-1252; where its letters are wrong, encoding names another, such as windows-1250, which is likelier") != c.says {
			t.Errorf("%q: exit code %d, standard error %q", c.args, code, errs)
		}
	}
}
