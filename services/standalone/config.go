package main

import (
	"io"
	"time"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/worker"
)

type config struct {
	worker        worker.PlanFlags
	store, listen string
	settling      time.Duration
	noDemo        bool
	auth          auth.Flags
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	storeurl.RegisterFlag(fs, &c.store, "file://./data")
	fs.StringVar(&c.listen, "listen", ":8080", "`address` to serve")
	fs.BoolVar(&c.noDemo, "no-demo", false, "make no demo files")
	c.auth.RegisterFlags(fs)
	c.worker.RegisterFlags(fs)
	cli.Duration(fs, &c.settling, "settle", 2*time.Second, 0, 24*time.Hour, "for how long a file must have been still before it is processed")
	_, err = cli.Parse(cli.Command{
		Name: "standalone",
		Args: "[flags]",
		About: `Runs the whole pipeline in one process, on a Redis of its own in memory.

It makes the demo's files, processes them and serves the page. A CSV file that is copied into
raw/ is processed too. Started again it finds its files and their results.`,
		Examples: `standalone
standalone --store-url file:///some/dir --listen 127.0.0.1:8080 --no-demo
standalone --no-demo --group-by store --aggregate 'sum(amount) as revenue, count(*)'`,
		Details: groupby.Language,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}
