package service

import (
	"context"
	"os"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
)

// EventsFlag defines --events-config.
func EventsFlag(fs *pflag.FlagSet, file *string) {
	fs.StringVar(file, "events-config", "", "`file` of YAML or JSON that says where events go: sinks: [{name, http: {url} or redis: {list}}]; docs/events.md has all of it. Without one nobody is told")
}

// LoadEvents reads the file of --events-config; its errors are the user's mistakes.
func LoadEvents(file string) (events.Config, error) {
	var text []byte
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return events.Config{}, cli.Usagef("--events-config (EVENTS_CONFIG): %v", err)
		}
	}
	c, err := events.Parse(text)
	if err != nil {
		return c, cli.Usagef("--events-config (EVENTS_CONFIG) %s: %v", file, err)
	}
	return c, nil
}

// TellEvents starts to tell the sinks of a configuration what happens from now on. It returns when
// each sink has begun: nothing that happens later is missed. It is no method of Parts: services that
// tell nobody need no rights for it.
func TellEvents(ctx context.Context, parts *Parts, c events.Config, q *queue.Queue, questions *query.Questions, log *zap.Logger) (*events.Teller, error) {
	teller, err := events.Open(c, q, func(name string) string {
		_, dataset := questions.For(name)
		return dataset
	}, log)
	if err != nil {
		return nil, cli.Usagef("--events-config (EVENTS_CONFIG): %v", err)
	}
	parts.OnStop(teller.Close)
	if err := teller.Begin(ctx); err != nil {
		return nil, err
	}
	parts.Loop(teller.Run)
	return teller, nil
}
