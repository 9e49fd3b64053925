package main

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/worker"
)

// startWorker runs a worker as a processor does, until the test ends.
func startWorker(t *testing.T, server *redistest.Server, folder, aggregate string) {
	t.Helper()
	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	questions, err := query.Config{Spec: query.Spec{GroupBy: []string{"item_id"}, Aggregate: []string{aggregate}}}.Compile()
	if err != nil {
		t.Fatal(err)
	}
	w := &worker.Worker{Name: "w", Queue: queue.New(server.Client(t), "csvs-to-process", queue.Options{}), Store: store,
		Questions: questions, Log: zap.NewNop(), Watch: true}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = store.Close()
	})
}

// TestSelftestKnowsWhatIsAggregated: with other settings it makes another file, unless it is given one.
func TestSelftestKnowsWhatIsAggregated(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	const aggregate = "max(quantity) as most"
	startWorker(t, server, folder, aggregate)
	for name, c := range map[string]struct {
		set  map[string]string
		code int
		want string
	}{
		"as the worker":   {map[string]string{"GROUP_BY": "item_id", "AGGREGATE": aggregate}, cli.ExitOK, "passed"},
		"a file of yours": {map[string]string{"CSV_PIPELINE_INPUT": "quantity,item_id\n3,a\n7,a\n", "CSV_PIPELINE_EXPECTED": "item_id,most\na,7\n"}, cli.ExitOK, "passed"},
		"no such plan":    {map[string]string{"AGGREGATE": "mode(x)"}, cli.ExitUsage, "AGGREGATE"},
		"half of a file":  {map[string]string{"CSV_PIPELINE_INPUT": "quantity,item_id\n3,a\n"}, cli.ExitUsage, "CSV_PIPELINE_EXPECTED"},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(server, folder)
			maps.Copy(env, c.set)
			code, out, errs := generator(t, env, "selftest")
			if code != c.code || !strings.Contains(out+errs, c.want) {
				t.Errorf("exit code %d, want %d with %q: %s%s", code, c.code, c.want, out, errs)
			}
		})
	}
}

func TestSelftest(t *testing.T) {
	for name, c := range map[string]struct {
		aggregate string // of the worker; none: there is no worker
		code      int
		want      []string
	}{
		"right":      {"sum(quantity) as total_quantity", cli.ExitOK, nil},
		"wrong":      {"max(quantity) as total_quantity", cli.ExitFailed, []string{"1,6", "not", "1,9"}},
		"no results": {"", cli.ExitFailed, []string{"no result", "names that wait: 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, folder := redistest.Start(t), t.TempDir()
			if c.aggregate != "" {
				startWorker(t, server, folder, c.aggregate)
			}
			env := environment(server, folder)
			if c.aggregate == "" {
				env["CSV_PIPELINE_PATIENCE"] = "1s"
			}
			code, out, _ := generator(t, env, "selftest")
			if code != c.code {
				t.Errorf("exit code %d, want %d: %s", code, c.code, out)
			}
			for _, part := range c.want {
				if !strings.Contains(out, part) {
					t.Errorf("%q does not name %q", out, part)
				}
			}
			for _, area := range []string{"raw", "processed"} {
				if left, _ := filepath.Glob(filepath.Join(folder, area, "[^.]*")); len(left) != 0 {
					t.Errorf("it leaves %q", left)
				}
			}
			if _, err := os.Stat(filepath.Join(folder, "raw")); err != nil {
				t.Errorf("the store is not where this test looks: %v", err)
			}
		})
	}
}
