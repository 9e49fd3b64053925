package main

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/cli/clitest"
	"csv-pipeline/internal/queue/redistest"
)

// TestHelpAndDefaults: the documents state these defaults.
func TestHelpAndDefaults(t *testing.T) {
	clitest.Expect(t, clitest.Defaults(t, run), map[string]string{
		"group-by": "item_id", "aggregate": "sum(quantity) as total_quantity", "on-bad-row": "fail",
		"lease": "30s", "max-errors": "5", "grace": "25s", "stale-after": "24h0m0s", "files-per-job": "", "concurrency": "4",
		"redis-timeout": "1m0s", "redis-list": "csvs-to-process",
		"command": "", "command-input": "decompressed", "command-timeout": "1h", "command-max-output": "1073741824",
	})
	clitest.Defaults(t, run, "aggregate")
}

func TestLogLevelLeavesOutWhatIsBelowIt(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	write(t, filepath.Join(folder, "raw/good.csv"), "item_id,quantity\n1,2\n")
	server.Client(t).LPush(t.Context(), "csvs-to-process", "good.csv", "none.csv")
	code, out, errs := processor(t, map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "LOG_LEVEL": "error"})
	if code != cli.ExitOK || errs != "" || strings.Count(out, "\n") != 1 || !strings.Contains(out, "none.csv") {
		t.Errorf("exit code %d, %s, logged %s; want the error of none.csv alone", code, errs, out)
	}
}

func TestLogIsLinesOfJSON(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	write(t, filepath.Join(folder, "raw/shops.csv"), "item_id,quantity\n1,2\n")
	write(t, filepath.Join(folder, "raw/bad.csv"), "item_id,quantity\n1,\"two\nlines\n")
	server.Client(t).LPush(t.Context(), "csvs-to-process", "shops.csv", "bad.csv", "no\nname", "none.csv")
	code, out, errs := processor(t, map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder})
	if code != cli.ExitOK || errs != "" {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	lines := 0
	for line := range strings.Lines(out) {
		var entry struct{ Level, Time, Msg, Service string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "" || entry.Time == "" || entry.Msg == "" || entry.Service != "processor" {
			t.Errorf("%v: %s", err, line)
		}
		lines++
	}
	if lines < 4 {
		t.Errorf("%d lines of four files:\n%s", lines, out)
	}
}
