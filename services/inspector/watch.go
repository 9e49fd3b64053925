package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

type watchConfig struct {
	redis queue.Config
	after string
	types []string
	json  bool
}

func parseWatch(args []string, getenv cli.Getenv, stdout io.Writer) (c watchConfig, err error) {
	fs := cli.NewFlags()
	fs.StringVar(&c.after, "after", "", "begin behind the event with this `id`; 0: with the oldest one that Redis has. Without it, begin now")
	fs.StringSliceVar(&c.types, "type", nil, "show only events of this `type`, such as result.done; repeatable, or several with commas")
	fs.BoolVar(&c.json, "json", false, "print each event in one line of JSON, as sinks get it")
	cli.Own(fs, "after", "type", "json")
	service.RedisFlags(fs, &c.redis)
	if _, err = cli.Parse(cli.Command{
		Name: "inspector watch",
		Args: "[flags]",
		About: `Prints what happens in the pipeline, a line for each event, until it is ended with Ctrl-C.

The events are those of docs/events.md. 'curl -N http://…/api/v1/events' gets the same from an inspector.`,
		Examples: "inspector watch\ninspector watch --type file.failed --json --after 0",
		Flags:    fs,
	}, args, getenv, stdout); err != nil {
		return c, err
	}
	if c.after != "" && !events.IsID(c.after) {
		return c, cli.Usagef("--after (CSV_PIPELINE_AFTER) %q: expected the id of an event, or 0", c.after)
	}
	for i, t := range c.types {
		var ok bool
		if c.types[i], ok = events.FullType(t); !ok {
			return c, cli.Usagef("--type (CSV_PIPELINE_TYPE) %q: expected one as docs/events.md has them, such as result.done", t)
		}
	}
	return c, nil
}

func runWatch(ctx context.Context, args []string, getenv cli.Getenv, stdout io.Writer) error {
	c, err := parseWatch(args, getenv, stdout)
	if err != nil {
		return err
	}
	return service.RunCommand(ctx, func(ctx context.Context, parts *service.Parts) error {
		q, err := parts.ConnectQueue(ctx, c.redis, queue.Options{}, zap.NewNop())
		if err != nil {
			return err
		}
		return watch(ctx, q, c, stdout)
	})
}

// watch prints events until ctx ends.
func watch(ctx context.Context, q *queue.Queue, c watchConfig, stdout io.Writer) (err error) {
	after := c.after
	if after == "" {
		if after, err = q.LastChange(ctx); err != nil {
			return err
		}
	}
	maker := events.Maker{Source: "/csv-pipeline/" + q.List()}
	for ctx.Err() == nil {
		var changes []queue.Change
		err := queue.Persist(ctx, c.redis.Patience, func(error, time.Duration) {}, func(ctx context.Context) (err error) {
			changes, err = q.Changes(ctx, after, 1000, time.Second)
			return err
		})
		if err != nil {
			return err
		}
		for _, change := range changes {
			after = change.ID
			if len(c.types) > 0 && !slices.Contains(c.types, change.Type) {
				continue
			}
			e, err := maker.Event(change)
			if err != nil {
				continue // of another version
			}
			line := sentence(change)
			if c.json {
				text, err := json.Marshal(e)
				if err != nil {
					return fmt.Errorf("write the event %s: %w", change.ID, err)
				}
				line = string(text)
			}
			if _, err := fmt.Fprintln(stdout, line); err != nil {
				return fmt.Errorf("print an event: %w", err)
			}
		}
	}
	return nil
}

// sentence is a change in one line for people.
func sentence(c queue.Change) string {
	f := c.Fields
	words := []string{c.At().Format(time.DateTime), fmt.Sprintf("%-12s", events.ShortType(c.Type))}
	if c.Name != "" {
		words = append(words, visible(c.Name))
	}
	switch c.Type {
	case queue.TypeDone:
		words = append(words, fmt.Sprintf("→ %s: %s rows in %s s", visible(f["result"]), f["rows"], f["seconds"]))
	case queue.TypeFailed:
		words = append(words, f["kind"]+": "+visible(f["reason"]))
	case queue.TypeRetried, queue.TypeDropped:
		words = append(words, "("+f["cause"]+")")
	case queue.TypeEmpty:
		words = append(words, f["failed"]+" failed")
	case queue.TypeStuck:
		words = append(words, fmt.Sprintf("%s files wait, and for %s s no processor took one", f["waiting"], f["seconds"]))
	}
	return strings.Join(words, " ")
}

// visible is a text that cannot do anything to a terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, text)
}
