package main

import (
	"fmt"
	"io"
	"time"

	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/service"
)

const standardStore = "file://./data"

type config struct {
	plan          service.PlanFlags
	store, listen string
	settling      time.Duration
	noDemo        bool
	auth          auth.Flags
	logLevel      zapcore.Level
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	service.StoreFlag(fs, &c.store, standardStore)
	fs.StringVar(&c.listen, "listen", "127.0.0.1:8080", "`address` to serve; :8080 is for other machines, too")
	fs.BoolVar(&c.noDemo, "no-demo", false, "make no demo files")
	service.AuthFlags(fs, &c.auth)
	c.plan.RegisterFlags(fs)
	cli.Duration(fs, &c.settling, "settle", 2*time.Second, 0, 24*time.Hour, "for how long a file must have been still before it is processed")
	service.LogLevelFlag(fs, &c.logLevel, zapcore.WarnLevel)
	_, err = cli.Parse(cli.Command{
		Name: "standalone",
		Args: "[flags]\n  standalone enqueue [flags] [GLOB...]",
		About: fmt.Sprintf(`Runs the whole pipeline in one process, on a Redis of its own in memory.

It makes the demo's files, processes them and serves the page. A CSV file that is copied into
raw/ is processed too. Started again it finds its files and their results.

Files of your own have other columns: stop it, and say by which to group and what to compute:
  %s make run
Files that were done before keep their results. While it runs, 'standalone enqueue --all' has
them done again.

One process works on a folder, a second one is refused. Unless a token or a password is named,
it makes a token for uploads and keeps it in the folder; its first lines say where.`, exampleQuestion),
		Examples: `standalone
standalone --store-url ./my-data --no-demo --group-by store --aggregate 'sum(amount) as revenue, count(*)'
standalone --listen :8080 --auth-read --auth-token-file ./token`,
		Details: groupby.Language,
		Flags:   fs,
	}, args, getenv, stdout)
	return c, err
}
