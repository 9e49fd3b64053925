package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue/redistest"
)

// TestEnqueueIsASubcommand: on Kubernetes there may be no generator.
func TestEnqueueIsASubcommand(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "raw", "a.csv"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder, "REDIS_TIMEOUT": "1s"}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	var out, errs bytes.Buffer
	if code := cli.ExitCode(run(t.Context(), []string{"enqueue", "--all"}, getenv, &out, &errs), &errs); code != cli.ExitOK || out.String() != "queued 1 file\n" {
		t.Errorf("exit code %d: %s%s", code, out.String(), errs.String())
	}
	if waiting := server.Client(t).LRange(t.Context(), "csvs-to-process", 0, -1).Val(); !slices.Equal(waiting, []string{"a.csv"}) {
		t.Errorf("waiting: %q", waiting)
	}
}
