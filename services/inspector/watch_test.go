package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
)

// Whoever watches sees each event in a line, from now on or from an earlier one on.
func TestWatch(t *testing.T) {
	server := redistest.Start(t)
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port)}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	q := queue.New(server.Client(t), "csvs-to-process", queue.Options{})
	if err := q.Push(t.Context(), "a.csv", "b\x1b[2J.csv"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		c, err := q.Claim(t.Context(), "w")
		if err != nil {
			t.Fatal(err)
		}
		if c.Name == "a.csv" {
			err = c.Complete(t.Context(), queue.Outcome{Rows: 7, Result: "a_aggregated_sales.csv"})
		} else {
			_, err = c.Fail(t.Context(), queue.Failure{Kind: queue.KindMalformed, Reason: "no"})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	run := func(want []string, args ...string) {
		t.Helper()
		out, in := io.Pipe()
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, append([]string{"watch"}, args...), getenv, in, io.Discard)
			_ = in.Close()
		}()
		lines := bufio.NewScanner(out)
		for _, pattern := range want {
			if !lines.Scan() || !regexp.MustCompile(pattern).MatchString(lines.Text()) {
				t.Errorf("%v printed %q, want %s", args, lines.Text(), pattern)
			}
			if args[len(args)-1] == "--json" && !json.Valid(lines.Bytes()) {
				t.Errorf("%q is no JSON", lines.Text())
			}
		}
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%v ended with %v", args, err)
		}
	}
	run([]string{`^[-0-9]+ [:0-9]+ result.done  a.csv → a_aggregated_sales.csv: 7 rows in 0.000000 s$`, `file.failed  b\x{FFFD}\[2J.csv malformed: no$`, `queue.empty  1 failed$`}, "--after", "0")
	run([]string{`"type":"io.github.csv-pipeline.file.failed.v1"`}, "--after", "0", "--type", "file.failed", "--json")
	for _, wrong := range [][]string{{"--after", "x"}, {"--type", "done"}} {
		var usage *cli.UsageError
		if err := runWatch(t.Context(), wrong, getenv, io.Discard); !errors.As(err, &usage) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
