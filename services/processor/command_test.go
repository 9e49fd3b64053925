//go:build unix

package main

import (
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

func TestACommandMakesTheResults(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "secret") // of this process; the processor of the test has none
	t.Setenv("MODEL", "small")
	server, folder := redistest.Start(t), t.TempDir()
	rdb := server.Client(t)
	write(t, filepath.Join(folder, "raw/2022/shops.csv"), shops)
	write(t, filepath.Join(folder, "raw/bad.csv"), "bad\n")
	write(t, filepath.Join(folder, "raw/tired.csv"), "tired\n")
	packed, err := os.Create(filepath.Join(folder, "raw/packed.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(packed)
	if _, err := z.Write([]byte(shops)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "raw/cut.csv.gz"), "\x1f\x8b\x08")
	program := write(t, filepath.Join(t.TempDir(), "program"), `#!/bin/sh
read -r first
case $first in
bad) echo looked >&2; echo "the first line is bad" >&2; exit 65 ;;
tired) echo half of a result; echo "no more" >&2; exit 1 ;;
esac
echo "$FILE_NAME $GROUP_BY $MODEL${REDIS_PASSWORD-}${REDIS_HOST-} $1"
echo "first is $first" >&2
wc -l
`)
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	rdb.LPush(t.Context(), "csvs-to-process", "2022/shops.csv", "packed.csv.gz", "cut.csv.gz", "bad.csv", "tired.csv")
	env := map[string]string{
		"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "MAX_ERRORS": "1",
		"COMMAND": "'" + program + `' "a b"`, "COMMAND_ENV": "MODEL", "GROUP_BY": "shop, item",
	}
	code, out, errs := processor(t, env)
	if code != cli.ExitOK {
		t.Fatalf("exit code %d: %s%s", code, errs, out)
	}
	for name, want := range map[string]string{
		"2022/shops_aggregated_sales.csv":    "2022/shops.csv shop, item small a b\n3\n",
		"packed.csv.gz_aggregated_sales.csv": "packed.csv.gz shop, item small a b\n3\n",
		"tired_aggregated_sales.csv":         "", "bad_aggregated_sales.csv": "", "cut.csv.gz_aggregated_sales.csv": "",
	} {
		if got := strings.ReplaceAll(text(t, filepath.Join(folder, "processed", name)), "  ", ""); strings.TrimLeft(got, " ") != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	q := queue.New(rdb, "csvs-to-process", queue.Options{})
	letters, err := q.DeadLetters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]queue.Failure{
		"bad.csv":    {Kind: queue.KindMalformed, Reason: "bad.csv: looked | the first line is bad"},
		"tired.csv":  {Kind: queue.KindError, Reason: "tired.csv: the command ended with exit code 1: no more"},
		"cut.csv.gz": {Kind: queue.KindMalformed, Reason: "cut.csv.gz: the gzip data is damaged or cut off: unexpected EOF"},
	}
	for _, l := range letters {
		if w := want[l.Name]; l.Kind != w.Kind || l.Reason != w.Reason {
			t.Errorf("%s is a dead letter of the kind %s: %s", l.Name, l.Kind, l.Reason)
		}
		delete(want, l.Name)
	}
	if len(want) > 0 {
		t.Errorf("these are no dead letters: %v", want)
	}
	for _, part := range []string{`"line":"first is shop,item,price,n"`, `"file":"2022/shops.csv","rows":3,"bytes":` + strconv.Itoa(len(shops))} {
		if !strings.Contains(out, part) {
			t.Errorf("the log lacks %s:\n%s", part, out)
		}
	}
}

func TestACommandThatIsNotThereHarmsNoFile(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	rdb := server.Client(t)
	write(t, filepath.Join(folder, "raw/shops.csv"), shops)
	rdb.LPush(t.Context(), "csvs-to-process", "shops.csv")
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "COMMAND": "no-such-program -x"}
	code, _, errs := processor(t, env)
	if code != cli.ExitUsage || !strings.Contains(errs, "--command (COMMAND)") || !strings.Contains(errs, "no-such-program: executable file not found in $PATH") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	env["COMMAND"], env["DATASETS"] = "", `[{"name": "shops", "files": ["shops*"], "command": ["/no/such/program"]}]`
	if code, _, errs := processor(t, env); code != cli.ExitUsage || !strings.Contains(errs, "/no/such/program") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if n := rdb.LLen(t.Context(), "csvs-to-process").Val(); n != 1 || rdb.Exists(t.Context(), "{csvs-to-process}:stats").Val() != 0 {
		t.Errorf("%d files wait, and something was claimed", n)
	}
}

func TestCommandOfTheConfigAndOfDatasets(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "shops.csv"), shops)
	other := write(t, filepath.Join(dir, "other.csv.gz"), "\x1f\x8b\x08")
	asked := write(t, filepath.Join(dir, "asked.csv"), shops)
	config := write(t, filepath.Join(dir, "config.yaml"), `
command: wc -l
datasets:
  - {name: other, files: ["other*"], command: [sh, -c, 'wc -c; echo "$DATASET" >&2'], commandInput: raw}
  - {name: asked, files: ["asked*"], groupBy: [shop], aggregate: ["sum(n)"]}
`)
	for _, c := range []struct{ file, printed, said string }{
		{file, "4\n", ""},
		{other, "3\n", other + ": other\n"},
		{asked, "shop,sum_n\nnorth,3\nsouth,1\n", ""},
	} {
		code, out, errs := processor(t, nil, "aggregate", "--config", config, c.file)
		if code != cli.ExitOK || strings.TrimLeft(out, " ") != c.printed || errs != c.said {
			t.Errorf("%s: exit code %d, printed %q, said %q; want %q and %q", c.file, code, out, errs, c.printed, c.said)
		}
	}
	if code, out, errs := processor(t, nil, "aggregate", "--config", config, "--command", "cat", file); code != cli.ExitOK || out != shops {
		t.Errorf("exit code %d, printed %q, said %q", code, out, errs)
	}
	if code, out, errs := processor(t, nil, "aggregate", "--command", "sh -c 'echo half; echo no >&2; exit 65'", file); code != cli.ExitFailed || out != "" || !strings.Contains(errs, file+": no\n") {
		t.Errorf("exit code %d, printed %q, said %q", code, out, errs)
	}
	for flag, want := range map[string]string{
		"--command=sort | uniq":   "no shell",
		"--command-timeout=never": "--command-timeout (COMMAND_TIMEOUT)",
		"--command-input=packed":  "--command-input (COMMAND_INPUT)",
		"--command-max-output=0":  "command-max-output",
		"--command-env=A=b":       "--command-env (COMMAND_ENV)",
	} {
		if code, _, errs := processor(t, nil, "aggregate", "--command=cat", flag, file); code != cli.ExitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, said %q; want %q", flag, code, errs, want)
		}
	}
}

// TestInstallCopiesTheProgram: the copy is the program itself, here that of the test.
func TestInstallCopiesTheProgram(t *testing.T) {
	folder := t.TempDir()
	if code, _, errs := processor(t, nil, "install", folder); code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	out, err := exec.Command(filepath.Join(folder, "processor"), "-test.list=TestInstallCopiesTheProgram").Output()
	if err != nil || !strings.HasPrefix(string(out), "TestInstallCopiesTheProgram\n") {
		t.Errorf("the copy printed %q, %v", out, err)
	}
	if code, _, errs := processor(t, nil, "install", filepath.Join(folder, "none")); code != cli.ExitFailed || !strings.Contains(errs, "none/processor") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
