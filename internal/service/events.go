package service

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

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

// DispatchEvents starts to tell the sinks of a configuration what happens from now on. It returns when
// each sink has begun: nothing that happens later is missed. For that it waits for Redis as long as the
// connection did, patience. Where drain is more than 0, the queue ends with the service: once all of its
// goroutines have ended, what they made is still delivered for so long. It is no method of Parts: services
// that tell nobody need no rights for it.
func DispatchEvents(ctx context.Context, parts *Parts, c events.Config, q *queue.Queue, patience, drain time.Duration, questions *query.Questions, log *zap.Logger) (*events.Dispatcher, error) {
	for i, sink := range c.Sinks {
		for _, name := range sink.Datasets {
			if known := questions.Datasets(); !slices.Contains(known, name) {
				return nil, cli.Usagef("--events-config (EVENTS_CONFIG): sinks[%d].datasets: there is no dataset %q; there are: %s", i, name, strings.Join(known, ", "))
			}
		}
	}
	dispatcher, err := events.Open(c, q, func(name string) string {
		_, dataset := questions.For(name)
		return dataset
	}, log)
	if err != nil {
		return nil, cli.Usagef("--events-config (EVENTS_CONFIG): %v", err)
	}
	parts.OnStop(dispatcher.Close)
	if err := queue.Persist(ctx, patience, queue.LogTo(log), dispatcher.Begin); err != nil {
		return nil, err
	}
	if drain == 0 {
		parts.Loop(dispatcher.Run)
		return dispatcher, nil
	}
	ctx = context.WithoutCancel(ctx)
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		dispatcher.Run(running)
	}()
	parts.OnStop(func() {
		draining, cancel := context.WithTimeout(ctx, drain)
		defer cancel()
		for name, n := range dispatcher.Drain(draining) {
			log.Warn("events that were not delivered are lost: the queue ends with this process", zap.String("sink", name), zap.Int64("events", n))
		}
		stop()
		<-ended
	})
	return dispatcher, nil
}
