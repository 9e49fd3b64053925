package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/cleanup"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

func TestCleanupSaysWhatItRemoves(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	paths := []string{filepath.Join(folder, "raw", "a.csv"), filepath.Join(folder, "processed", "a_aggregated_sales.csv")}
	long := time.Now().AddDate(-1, 0, 0)
	for _, path := range paths {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("12345"), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	there := func() bool {
		for _, path := range paths {
			if _, err := os.Stat(path); err != nil {
				return false
			}
		}
		return true
	}

	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "REDIS_TIMEOUT": "1s"}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	var out, errs bytes.Buffer
	if code := cli.ExitCode(run(t.Context(), []string{"cleanup", "--keep-days", "1"}, getenv, &out, &errs), &errs); code != cli.ExitOK {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !there() || !strings.Contains(out.String(), `"results":0`) {
		t.Errorf("a result of today goes because its input is of last year: %s", out.String())
	}
	env["CSV_PIPELINE_KEEP_DAYS"] = "0"
	if code := cli.ExitCode(run(t.Context(), []string{"cleanup"}, getenv, &out, &errs), &errs); code != cli.ExitUsage || !strings.Contains(errs.String(), "CSV_PIPELINE_KEEP_DAYS") {
		t.Errorf("0 days: exit code %d, %s", code, errs.String())
	}

	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	q := queue.New(server.Client(t), "csvs-to-process", queue.Options{})
	for _, c := range []struct {
		dry  bool
		says string
	}{{true, "would remove"}, {false, "removed"}} {
		out.Reset()
		cleaner := &cleanup.Cleaner{Store: store, Queue: q, Before: time.Now().Add(time.Hour), DryRun: c.dry}
		if err := clean(t.Context(), cleaner, ops.NewLogger(&out, "cleanup", zap.InfoLevel)); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{`"` + c.says + `"`, `"file":"a.csv"`, `"files":2`, `"bytes":10`, `"results":1`} {
			if !strings.Contains(out.String(), part) {
				t.Errorf("dry %v: it does not say %s: %s", c.dry, part, out.String())
			}
		}
		if there() != c.dry {
			t.Errorf("dry %v: the files are there: %v", c.dry, there())
		}
	}
}
