package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/service"
)

// defaultStore is the default of --store-url.
const defaultStore = "file://./data"

type config struct {
	question      service.QuestionFlags
	events        events.Config
	store, listen string
	settling      time.Duration
	noDemo        bool
	auth          auth.Config
	serving       service.Serving
	logLevel      zapcore.Level
	given         []*pflag.Flag // that were set, but those of the question
	configured    string        // the file of --config, where it alone says the question; otherwise ""
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	service.StoreFlag(fs, &c.store, defaultStore)
	fs.StringVar(&c.listen, "listen", "127.0.0.1:8080", "`address` to serve; :8080 also serves other machines")
	fs.BoolVar(&c.noDemo, "no-demo", false, "write no demo files")
	service.AuthFlags(fs, &c.auth)
	c.serving.RegisterFlags(fs)
	var eventsFile string
	service.EventsFlag(fs, &eventsFile)
	c.question.RegisterFlags(fs)
	cli.Duration(fs, &c.settling, "settle", 2*time.Second, 0, 24*time.Hour, "how long a file must have been unchanged before it is processed")
	service.LogLevelFlag(fs, &c.logLevel, zapcore.WarnLevel)
	_, err = cli.Parse(cli.Command{
		Name: "standalone",
		Args: "[flags]\n  standalone enqueue [flags] [GLOB...]",
		About: fmt.Sprintf(`Runs the whole pipeline in one process, with an embedded Redis.

It writes the demo's files, processes them and serves the pages. A CSV file that is copied into
raw/ is processed, too. When it is started again it finds its files and their results.

If your files have other columns, stop it and say by which to group and what to compute:
  %s make run
Files that were done before keep their results. While it runs, 'standalone enqueue --outdated' has
those of other settings made again.

Only one process works on a folder, a second one is refused. Unless you set a token or a password,
it makes a token for uploads and keeps it in the folder; its first lines say where.`, exampleSettings),
		Examples: `standalone
standalone --store-url ./my-data --no-demo --group-by store --aggregate 'sum(amount) as revenue, count(*)'
standalone --listen :8080 --auth-read --auth-token-file ./token`,
		Details: expression.Language,
		Flags:   fs,
	}, args, getenv, stdout)
	if err == nil {
		c.events, err = service.LoadEvents(eventsFile)
	}
	asks := false
	fs.Visit(func(f *pflag.Flag) {
		if service.Asks(f.Name) {
			asks = true
			return
		}
		c.given = append(c.given, f)
	})
	if f := fs.Lookup("config"); !asks {
		c.configured = f.Value.String()
	}
	return c, err
}
