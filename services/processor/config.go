package main

import (
	"io"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/worker"
)

type config struct {
	redis  queue.Config
	store  string
	worker worker.Flags
	listen string
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	c.worker.RegisterFlags(fs)
	storeurl.RegisterFlag(fs, &c.store, "file:///data")
	c.redis.RegisterFlags(fs)
	fs.StringVar(&c.listen, "listen", ":8080", "`address` of health and metrics, served with --watch")
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
	plan  worker.PlanFlags
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
