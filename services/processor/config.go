package main

import (
	"io"
	"os"
	"time"

	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/service"
)

type config struct {
	place                               service.Place
	plan                                service.PlanFlags
	lease, grace, staleAfter            time.Duration
	filesPerJob, maxErrors, concurrency int64
	watch                               bool
	tempDir                             string
	listen                              string
	logLevel                            zapcore.Level
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	c.plan.RegisterFlags(fs)
	cli.Int64(fs, &c.filesPerJob, "files-per-job", 0, 0, 1<<40, "how many files to process before ending; 0: until none is left")
	cli.Int64(fs, &c.concurrency, "concurrency", 4, 1, 1024, "how many files to process at once")
	fs.StringVar(&c.tempDir, "temp-dir", os.TempDir(), "`folder` for groups that do not fit into memory")
	fs.BoolVar(&c.watch, "watch", false, "stay and wait for more files")
	cli.Duration(fs, &c.lease, "lease", 30*time.Second, time.Second, 24*time.Hour, "for how long a file stays with a worker that shows no sign of life")
	cli.Duration(fs, &c.staleAfter, "stale-after", 24*time.Hour, time.Millisecond, 10000*time.Hour, "the age at which a temporary file is taken for one of a dead worker and removed")
	cli.Int64(fs, &c.maxErrors, "max-errors", 5, 1, 1000, "tries of a file, where an error may pass, before it is given up")
	cli.Duration(fs, &c.grace, "grace", 25*time.Second, 0, 24*time.Hour, "after SIGTERM, how long to go on with the file in hand before giving it back")
	c.place.RegisterFlags(fs)
	fs.StringVar(&c.listen, "listen", ":8080", "`address` of health and metrics, served with --watch")
	service.LogLevelFlag(fs, &c.logLevel, zapcore.InfoLevel)
	_, err = cli.Parse(cli.Command{
		Name: "processor",
		Args: "[flags]\n  processor aggregate [flags] FILE...\n  processor healthcheck",
		About: `Takes names of CSV files from a Redis list, aggregates each file and publishes the result.

It ends when no file is left. A file that cannot be processed becomes a dead letter with its
reason and stops nobody; one whose processor died is taken over by another.
'processor aggregate' does the same to local files, without Redis, for trying things out.`,
		Examples: `processor --store-url ./data
processor --group-by 'item_id, store' --aggregate 'sum(quantity) as total, count(*)'
processor --watch
processor aggregate data/raw/20220101.csv`,
		Details: groupby.Language,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}

type aggregateConfig struct {
	plan  service.PlanFlags
	out   string
	files []string
}

func parseAggregate(args []string, getenv cli.Getenv, stdout io.Writer) (c aggregateConfig, err error) {
	fs := cli.NewFlags()
	c.plan.RegisterFlags(fs)
	fs.StringVarP(&c.out, "out", "o", "", "`file` to write the result of one FILE to, instead of standard output; it appears whole or not at all")
	cli.Own(fs, "out")
	c.files, err = cli.Parse(cli.Command{
		Name: "processor aggregate",
		Args: "[flags] FILE...",
		About: `Aggregates local CSV files, each on its own, and prints the results as CSV, each with its header.

Uses the same engine and the same settings as the pipeline. FILE may be - for standard input.
Rows that are left out with --on-bad-row skip are in a file beside that of --out, named as the
pipeline would: with --out stores.csv it is stores_rejected.csv. Without --out the first of them
are told on standard error. They do not change the exit code.`,
		Examples: `processor aggregate 20220101.csv
processor aggregate --group-by store --aggregate 'avg(price), max(price)' -o stores.csv sales.csv.gz`,
		Details: groupby.Language,
		MinArgs: 1,
		MaxArgs: -1,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}
