package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue/redistest"
)

// processor runs the command and returns its exit code and what it printed.
func processor(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	code = cli.ExitCode(run(t.Context(), args, getenv, &out, &errs), &errs)
	return code, out.String(), errs.String()
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

const shops = "shop,item,price,n\nnorth,apple,0.10,3\nsouth,apple,0.20,1\nnorth,pear,0.30,\n"

func TestProcessorDoesAsItsConfigurationSays(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	rdb := server.Client(t)
	write(t, filepath.Join(folder, "raw/shops.csv"), shops)
	write(t, filepath.Join(folder, "raw/cut.csv"), shops+"north,app")
	rdb.LPush(t.Context(), "mine", "cut.csv", "shops.csv")
	env := map[string]string{
		"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "REDIS_LIST": "mine", "STORE_URL": "file://" + folder,
		"GROUP_BY": "shop", "AGGREGATE": "sum(price) as turnover, count(*) as rows,max(item)",
	}
	code, out, errs := processor(t, env)
	if code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	got, err := os.ReadFile(filepath.Join(folder, "processed/shops_aggregated_sales.csv"))
	if want := "shop,turnover,rows,max_item\nnorth,0.40,2,pear\nsouth,0.20,1,apple\n"; string(got) != want || err != nil {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if letter := rdb.HGet(t.Context(), "{mine}:failed", "cut.csv").Val(); !strings.Contains(letter, "cut.csv:5") {
		t.Errorf("the file that is cut off: %q", letter)
	}
	if !strings.Contains(out, `"file":"cut.csv"`) || !strings.Contains(out, `"file":"shops.csv"`) {
		t.Errorf("the log does not name the files:\n%s", out)
	}
}

func TestAggregatePrintsTheResult(t *testing.T) {
	dir := t.TempDir()
	file := write(t, filepath.Join(dir, "shops.csv"), shops)
	const want = "item,sum_n\napple,4\npear,\n"
	args := []string{"aggregate", "--group-by=item", "--aggregate=sum(n)", file}
	if code, out, errs := processor(t, nil, args...); code != cli.ExitOK || out != want {
		t.Errorf("exit code %d, printed %q and %q, want %q", code, out, errs, want)
	}
	out := filepath.Join(dir, "out.csv")
	if code, printed, errs := processor(t, nil, append(args, "-o", out)...); code != cli.ExitOK || printed != "" {
		t.Errorf("exit code %d, printed %q and %q", code, printed, errs)
	}
	if got, err := os.ReadFile(out); string(got) != want || err != nil {
		t.Errorf("%s holds %q, %v", out, got, err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	dir := t.TempDir()
	bad := write(t, filepath.Join(dir, "bad.csv"), "item_id,quantity\n1,1\n1,abc\n")
	empty, blank := write(t, filepath.Join(dir, "empty.csv"), ""), write(t, filepath.Join(dir, "blank.csv"), "\n\n")
	rejected := write(t, filepath.Join(dir, "its_rejected.csv"), "item_id,quantity\n1,1\n")
	datasets := write(t, filepath.Join(dir, "datasets.yaml"), "datasets: [{name: empties, files: [empty.csv], groupBy: [x]}]\n")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"two questions":     {[]string{"aggregate", "--config", datasets, bad, empty}, cli.ExitUsage, "bad.csv is of no dataset and " + empty + " is of the dataset empties, which are asked otherwise"},
		"malformed":         {[]string{"aggregate", bad}, cli.ExitFailed, `bad.csv:3: quantity: "abc" is not a number`},
		"no such column":    {[]string{"aggregate", "--group-by=store", bad}, cli.ExitFailed, `no column "store", which groupBy (GROUP_BY) names: the header has`},
		"missing":           {[]string{"aggregate", filepath.Join(dir, "none.csv")}, cli.ExitFailed, "none.csv"},
		"nothing":           {[]string{"aggregate"}, cli.ExitUsage, "FILE"},
		"unknown aggregate": {[]string{"aggregate", "--aggregate=mode(quantity)", bad}, cli.ExitUsage, "mode"},
		"delimiter":         {[]string{"aggregate", "--delimiter=a\nb", bad}, cli.ExitUsage, "--delimiter (DELIMITER)"},
		"unwritable":        {[]string{"aggregate", "-o", filepath.Join(dir, "no/such/out.csv"), bad}, cli.ExitFailed, "out.csv"},
		"argument":          {[]string{"20220101.csv"}, cli.ExitUsage, "20220101.csv"},
		"empty":             {[]string{"aggregate", empty}, cli.ExitFailed, `empty.csv: the file is empty: expected a header line with "item_id", "quantity"`},
		"blank":             {[]string{"aggregate", blank}, cli.ExitFailed, "blank.csv: the file has no line that is not blank"},
		"too many bad rows": {[]string{"aggregate", "--on-bad-row=skip", bad}, cli.ExitFailed, `bad.csv:3: quantity: "abc" is not a number; missingValues: ["abc"] reads it as NULL; 1 of 2 rows are bad, expected at most 10 % (maxBadShare)`},
		"two inputs":        {[]string{"aggregate", "-o", filepath.Join(dir, "out.csv"), bad, bad}, cli.ExitFailed, `bad.csv:3: quantity: "abc" is not a number`},
		"onto itself":       {[]string{"aggregate", "-o", dir + "/./bad.csv", bad}, cli.ExitUsage, "is the input"},
		"onto a folder":     {[]string{"aggregate", "-o", dir, bad}, cli.ExitUsage, "is a folder"},
		"rejects onto it":   {[]string{"aggregate", "--on-bad-row=skip", "-o", filepath.Join(dir, "its.csv"), rejected}, cli.ExitUsage, "which is the input"},
	} {
		t.Run(name, func(t *testing.T) {
			env := map[string]string{"REDIS_PORT": "1", "REDIS_TIMEOUT": "0s", "STORE_URL": "file://" + dir}
			code, _, errs := processor(t, env, c.args...)
			if code != c.code || !strings.Contains(errs, c.want) || !strings.HasPrefix(errs, "error: ") {
				t.Errorf("exit code %d, %q; want %d and %q", code, errs, c.code, c.want)
			}
		})
	}
}

func TestLogsWhatEndsIt(t *testing.T) {
	env := map[string]string{"REDIS_PORT": "1", "REDIS_TIMEOUT": "0s", "STORE_URL": t.TempDir()}
	code, out, errs := processor(t, env)
	var line struct{ Level, Msg, Error, Service string }
	if err := json.Unmarshal([]byte(out), &line); err != nil || code != cli.ExitFailed || errs != "" ||
		line.Level != "error" || line.Msg != "failed" || line.Service != "processor" || !strings.Contains(line.Error, "refused") {
		t.Errorf("exit code %d, logged %q (%v), and said %q", code, out, err, errs)
	}
}

func TestHealthcheckExplainsItself(t *testing.T) {
	code, out, _ := processor(t, nil, "healthcheck", "--help")
	if code != cli.ExitOK || !strings.Contains(out, "processor healthcheck [flags]") || !strings.Contains(out, "--listen") || strings.Contains(out, "redis") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if code, _, errs := processor(t, nil, "healthcheck", "--listen=nowhere"); code != cli.ExitUsage || !strings.Contains(errs, "LISTEN") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
