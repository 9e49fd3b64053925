package service

import (
	"context"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/enqueue"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
)

// Enqueue is the subcommand 'enqueue' of a service whose flags say where the files and the
// queue are.
func Enqueue(ctx context.Context, service string, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	var place Place
	var level zapcore.Level
	return EnqueueCommand{
		Service: service,
		RegisterFlags: func(fs *pflag.FlagSet) {
			place.RegisterFlags(fs)
			LogLevelFlag(fs, &level, zapcore.InfoLevel)
		},
		Open: func(ctx context.Context, parts *Parts) (filestore.Store, *queue.Queue, error) {
			return place.Open(ctx, parts, queue.Options{}, ops.NewLogger(stderr, service, level))
		},
	}.Run(ctx, args, getenv, stdout, stderr)
}

// EnqueueCommand is the subcommand 'enqueue' of any service.
type EnqueueCommand struct {
	Service string // as typed, e.g. "inspector"
	// Where is a paragraph of the help about how the command finds the queue; "" if its
	// flags say it.
	Where string
	// RegisterFlags defines the flags that say where the files and the queue are.
	RegisterFlags func(*pflag.FlagSet)
	// Open opens them once the flags are set.
	Open func(context.Context, *Parts) (filestore.Store, *queue.Queue, error)
}

// reportInterval is how often the command says how far it has come.
const reportInterval = 5 * time.Second

// Run queues what args ask for. It prints what it did to stdout, and how far it has come
// to stderr.
func (c EnqueueCommand) Run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	var e enqueue.Enqueuer
	fs := cli.NewFlags()
	fs.BoolVar(&e.All, "all", false, "also files that have a result")
	fs.BoolVar(&e.Outdated, "outdated", false, "instead, files whose results were made under other settings than those in force")
	fs.BoolVar(&e.Unknown, "unknown", false, "with --outdated: also files whose results do not say under which settings they were made")
	cli.Own(fs, "all", "outdated", "unknown")
	c.RegisterFlags(fs)
	name := c.Service + " enqueue"
	globs, err := cli.Parse(cli.Command{
		Name: name,
		Args: "[flags] [GLOB...]",
		About: `Queues files that are in raw/ already: those without a result, with --outdated those whose results
were made under other settings, or with --all every one.

After a change of settings, the results that are there stay as they are. --outdated has made anew
those that were made under other settings: each result says under which. Limits and the names of
datasets do not count, nor does a default that is written out. The settings in force are those of
the inspector that runs. A result that an earlier version or another program made does not say
its settings: it is counted, and --unknown takes it, too. --all also helps where the program of a
--command has changed, which is no setting.

Dead letters get all their tries again. A file that waits already is not queued twice. With --all
and --outdated, a file that is being processed is processed once more afterwards. Results stay
until new ones replace them. No file is changed. Running it again is harmless.

GLOB is a pattern such as '2022*.csv' or 'shop-?/*.csv'. One without a slash matches files in any
folder. Without a GLOB all files are queued.

` + c.Where,
		Examples: name + "\n" + name + " --outdated\n" + name + " --all\n" + name + " --all 'shop-1/*.csv' '2022*.csv'",
		MaxArgs:  -1,
		Flags:    fs,
	}, args, getenv, stdout)
	if err != nil {
		return err
	}
	switch {
	case e.All && e.Outdated:
		return cli.Usagef("--all and --outdated exclude each other: expected one of them")
	case e.Unknown && !e.Outdated:
		return cli.Usagef("--unknown: expected --outdated with it")
	}
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil {
			return cli.Usagef("GLOB %q: %v; expected a pattern such as '2022*.csv'", glob, err)
		}
	}
	return RunCommand(ctx, func(ctx context.Context, parts *Parts) error {
		if e.Store, e.Queue, err = c.Open(ctx, parts); err != nil {
			return err
		}
		last := time.Now()
		e.Globs = globs
		e.Report = func(p enqueue.Progress) {
			if time.Since(last) >= reportInterval {
				last = time.Now()
				fmt.Fprintln(stderr, p)
			}
		}
		did, err := e.Run(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("%w; %v, the rest not: run it again", err, did)
		case did.Matching == 0 && !e.Outdated:
			fmt.Fprintln(stdout, nothing(e.All, globs))
		default:
			fmt.Fprintln(stdout, did)
		}
		return nil
	})
}

// nothing says why there was nothing to queue.
func nothing(all bool, globs []string) string {
	text := "queued 0 files: raw/ has no CSV file"
	if len(globs) > 0 {
		text += " that matches"
	}
	if !all {
		text += " without a result; --all takes those with one, too"
	}
	return text
}
