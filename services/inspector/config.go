package main

import (
	"io"
	"time"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/queue"
)

type config struct {
	redis                   queue.Config
	store, listen           string
	sweepInterval, settling time.Duration
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	fs.StringVar(&c.listen, "listen", ":8080", "`address` to serve")
	storeurl.RegisterFlag(fs, &c.store, "file:///data")
	cli.Duration(fs, &c.sweepInterval, "sweep-interval", 2*time.Second, 100*time.Millisecond, 24*time.Hour, "how often to look for files without a result and for dead processors")
	cli.Duration(fs, &c.settling, "settle", 2*time.Second, 0, 24*time.Hour, "for how long a file must have been still before it is queued")
	c.redis.RegisterFlags(fs)
	_, err = cli.Parse(cli.Command{
		Name: "inspector",
		Args: "[flags]\n  inspector healthcheck",
		About: `Serves the files, what the queue does and metrics over HTTP, and heals the pipeline.

It writes to no file. Every few seconds it queues files that have no result and are not queued,
and gives the files of dead processors to others.`,
		Examples: `inspector --store-url ./data --redis-host localhost
curl localhost:8080/api/v1/status
curl localhost:8080/files/processed/20220101_aggregated_sales.csv`,
		Flags: fs,
	}, args, getenv, stdout)
	return c, err
}
