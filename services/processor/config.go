package main

import (
	"io"
	"os"
	"time"

	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/service"
)

type config struct {
	place                               service.Place
	question                            service.QuestionFlags
	lease, grace, staleAfter            time.Duration
	filesPerJob, maxErrors, concurrency int64
	watch                               bool
	tempDir                             string
	listen                              string
	logLevel                            zapcore.Level
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	c.question.RegisterFlags(fs)
	cli.Int64(fs, &c.filesPerJob, "files-per-job", 0, 0, 1<<40, "how many files to process before ending; 0: until none is left")
	cli.Int64(fs, &c.concurrency, "concurrency", 4, 1, 1024, "how many files to process at once")
	fs.StringVar(&c.tempDir, "temp-dir", os.TempDir(), "`folder` for groups that do not fit into memory")
	fs.BoolVar(&c.watch, "watch", false, "stay and wait for more files")
	cli.Duration(fs, &c.lease, "lease", 30*time.Second, time.Second, 24*time.Hour, "how long a worker may go without renewing its lease before another one takes its file")
	cli.Duration(fs, &c.staleAfter, "stale-after", 24*time.Hour, time.Millisecond, 10000*time.Hour, "the age at which a temporary file counts as one of a dead worker and is removed")
	cli.Int64(fs, &c.maxErrors, "max-errors", 5, 1, 1000, "how many tries a file has if its errors may be temporary, before it is a dead letter")
	cli.Duration(fs, &c.grace, "grace", 25*time.Second, 0, 24*time.Hour, "after SIGTERM, how long to go on with a file before giving it back to the queue")
	c.place.RegisterFlags(fs)
	fs.StringVar(&c.listen, "listen", ":8080", "`address` of health and metrics, served with --watch")
	service.LogLevelFlag(fs, &c.logLevel, zapcore.InfoLevel)
	_, err = cli.Parse(cli.Command{
		Name: "processor",
		Args: "[flags]\n  processor aggregate [flags] FILE...\n  processor describe [flags] FILE...\n  processor check [flags] [NAME...]\n  processor healthcheck\n  processor install FOLDER",
		About: `Takes names of CSV files from a Redis list, aggregates each file and publishes the result. With
--command a program of your own makes the results: docs/commands.md.

It ends when no file is left. A file that cannot be processed becomes a dead letter with its
reason and does not block other files. The file of a processor that died is processed by another.
'processor aggregate' does the same with local files, without Redis. 'processor describe' says how a
file is written, and which settings read it; 'processor check' says what settings will do.`,
		Examples: `processor --store-url ./data
processor --group-by 'item_id, store' --aggregate 'sum(quantity) as total, count(*)'
processor --command 'python3 /app/totals.py' --command-timeout 10m
processor --watch
processor aggregate data/raw/20220101.csv`,
		Details: expression.Language,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}

type aggregateConfig struct {
	question service.QuestionFlags
	out      string
	each     bool
	explain  bool
	files    []string
}

func parseAggregate(args []string, getenv cli.Getenv, stdout io.Writer) (c aggregateConfig, err error) {
	fs := cli.NewFlags()
	c.question.RegisterFlags(fs)
	fs.StringVarP(&c.out, "out", "o", "", "`file` to write the result to, instead of standard output; it appears whole or not at all, and its ending says the format: .csv, .jsonl (JSON Lines) or .parquet; with --each a folder")
	fs.BoolVar(&c.each, "each", false, "a result of each FILE, named as in the pipeline, beside it or in the folder of --out")
	fs.BoolVar(&c.explain, "explain", false, "print what would be done, and how each FILE is written, instead of doing it")
	cli.Own(fs, "out", "each", "explain")
	c.files, err = cli.Parse(cli.Command{
		Name: "processor aggregate",
		Args: "[flags] FILE...",
		About: `Aggregates local CSV files and prints the result as CSV. Several files are asked as one;
filename() tells them apart. With --each, each of them has a result of its own.

Uses the same engine and the same settings as the pipeline. FILE may be - for standard input.
With --on-bad-row skip and --out, the rows that are skipped are written to a file beside that of
--out, which is named as in the pipeline: for stores.csv it is stores_rejected.csv. Without --out
the first of them are printed to standard error. They do not change the exit code.
What does not fit in memory ($GOMEMLIMIT) goes to temporary files in $TMPDIR.

With --command it runs your program as the pipeline does. What the program writes to its standard
error is printed with the name of the file before each line.`,
		Examples: `processor aggregate 20220101.csv
processor aggregate --group-by store --aggregate 'avg(price), max(price)' -o stores.csv sales.csv.gz
processor aggregate --group-by 'filename() as file' --aggregate 'sum(quantity)' data/raw/*.csv
processor aggregate --each -o results data/raw/*.csv
processor aggregate -o sales.parquet sales.csv
processor aggregate --command 'python3 totals.py' sales.csv.gz`,
		Details: expression.Language,
		MinArgs: 1,
		MaxArgs: -1,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}

type describeConfig struct {
	question  service.QuestionFlags
	all, json bool
	files     []string
}

func parseDescribe(args []string, getenv cli.Getenv, stdout io.Writer) (c describeConfig, err error) {
	fs := cli.NewFlags()
	fs.BoolVar(&c.all, "all", false, "read every row of a large file, instead of its beginning, middle and end")
	fs.BoolVar(&c.json, "json", false, "print JSON for programs, an object for each file, instead of text")
	c.question.RegisterFlags(fs)
	cli.Own(fs, "all", "json")
	c.files, err = cli.Parse(cli.Command{
		Name: "processor describe",
		Args: "[flags] FILE...",
		About: `Says of local CSV files how they are written, what is in their columns, and which settings read
every cell: as flags, as values of the chart, and as an entry of datasets.

Settings that you give are taken as they are, the others are sought. With a question (--group-by,
--aggregate, --select) only its columns count, and a column that is summed has to be of numbers.
Where two readings fit (1.234, 3/4/2024), both are named and none is chosen. Of files of more than
8 MiB it reads the beginning, the middle and the end, of packed ones the beginning. FILE may be -.

It ends with 0 where the settings read every cell, with 1 where one cannot be read or you have to
choose.`,
		Examples: `processor describe bank.csv
processor describe --aggregate 'sum(Betrag)' --group-by 'month(Buchungstag)' bank.csv
processor describe --json --all *.csv`,
		MinArgs: 1,
		MaxArgs: -1,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}
