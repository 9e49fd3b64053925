package main

import (
	"io"
	"time"

	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

type config struct {
	redis                   queue.Config
	store, listen           string
	sweepInterval, settling time.Duration
	auth                    auth.Config
	logLevel                zapcore.Level
	serving                 service.Serving
	question                service.QuestionFlags
	events                  events.Config
}

func parse(args []string, getenv cli.Getenv, stdout io.Writer) (c config, err error) {
	fs := cli.NewFlags()
	fs.StringVar(&c.listen, "listen", ":8080", "`address` to serve")
	service.StoreFlag(fs, &c.store, service.DataVolume)
	cli.Duration(fs, &c.sweepInterval, "sweep-interval", 2*time.Second, 100*time.Millisecond, 24*time.Hour, "how often to look for files without a result and for dead processors")
	cli.Duration(fs, &c.settling, "settle", 2*time.Second, 0, 24*time.Hour, "how long a file must have been unchanged before it is queued")
	service.AuthFlags(fs, &c.auth)
	c.serving.RegisterFlags(fs)
	var eventsFile string
	service.EventsFlag(fs, &eventsFile)
	service.RedisFlags(fs, &c.redis)
	c.question.RegisterFlags(fs)
	service.LogLevelFlag(fs, &c.logLevel, zapcore.InfoLevel)
	_, err = cli.Parse(cli.Command{
		Name: "inspector",
		Args: "[flags]\n  inspector enqueue [flags] [GLOB...]\n  inspector cleanup [flags]\n  inspector watch [flags]\n  inspector healthcheck",
		About: `Serves the files, the state of the queue and metrics over HTTP, and repairs the queue.

It changes no file unless it is given a token or a password: whoever knows that may upload and
drop files. Every few seconds it queues files that have no result and are not queued, and puts
the files of dead processors back into the queue.
It tells others what happens: --events-config names them.
After a change of settings it has files tried again that failed under the earlier ones. Results stay
as they are: 'inspector enqueue --outdated' has those of other settings made again.

The page of a raw file says how the file is written and which settings read it, and shows what comes
of it. For this the inspector takes the processors' settings of the input and their question, which
have to be the same: they also tell results and failures of earlier settings from those of now.`,
		Examples: `inspector --store-url ./data --redis-host localhost
curl localhost:8080/api/v1/status
curl localhost:8080/files/processed/20220101_aggregated_sales.csv`,
		Flags: fs,
	}, args, getenv, stdout)
	if err == nil {
		c.events, err = service.LoadEvents(eventsFile)
	}
	return c, err
}
