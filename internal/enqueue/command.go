package enqueue

import (
	"context"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
)

// Run is the subcommand of a service whose flags say where files and queue are.
func Run(ctx context.Context, service string, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	var url string
	var redis queue.Config
	return Command{
		Service: service,
		RegisterFlags: func(fs *pflag.FlagSet) {
			storeurl.RegisterFlag(fs, &url, "file:///data")
			redis.RegisterFlags(fs)
		},
		Connect: func(ctx context.Context) (filestore.Store, *queue.Queue, func(), error) {
			store, err := storeurl.Open(ctx, url)
			if err != nil {
				return nil, nil, nil, err
			}
			q, rdb, err := queue.Connect(ctx, redis, queue.Options{}, queue.LogTo(ops.NewLogger(stderr, service)))
			if err != nil {
				_ = store.Close()
				return nil, nil, nil, err
			}
			return store, q, func() {
				_ = rdb.Close()
				_ = store.Close()
			}, nil
		},
	}.Run(ctx, args, getenv, stdout, stderr)
}

// Command is the subcommand of a service.
type Command struct {
	Service string // as typed, e.g. "inspector"
	// Where is a paragraph of the help about how the service finds the queue; "" if its
	// flags say it.
	Where string
	// RegisterFlags defines the flags that say where files and queue are.
	RegisterFlags func(*pflag.FlagSet)
	// Connect opens them once the flags are set, and returns what ends their use.
	Connect func(context.Context) (filestore.Store, *queue.Queue, func(), error)
}

// every is how long a person waits for a word of how far it has come.
const every = 5 * time.Second

// Run does what args ask for. It prints what it did to stdout, and how far it has
// come to stderr.
func (c Command) Run(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	var e Enqueuer
	fs := cli.NewFlags()
	fs.BoolVar(&e.All, "all", false, "also files that have a result, for instance after a change of what is aggregated")
	cli.Own(fs, "all")
	c.RegisterFlags(fs)
	name := c.Service + " enqueue"
	globs, err := cli.Parse(cli.Command{
		Name: name,
		Args: "[flags] [GLOB...]",
		About: `Queues files that are in raw/ already: those without a result or, with --all, every one.

After a change of what is aggregated, --all has everything done again. Dead letters get fresh
tries. A file that waits already is not queued twice; with --all, one that is being processed
is processed once more afterwards. Results stay until the new ones take their places. Files
are only listed. Doing it again is harmless.

GLOB is a pattern such as '2022*.csv' or 'shop-?/*.csv'; one without a slash is for files in any
folder. Without a pattern it is for all files.

` + c.Where,
		Examples: name + "\n" + name + " --all\n" + name + " --all 'shop-1/*.csv' '2022*.csv'",
		MaxArgs:  -1,
		Flags:    fs,
	}, args, getenv, stdout)
	if err != nil {
		return err
	}
	for _, glob := range globs {
		if _, err := path.Match(glob, ""); err != nil {
			return cli.Usagef("GLOB %q: %v; expected a pattern such as '2022*.csv'", glob, err)
		}
	}
	store, q, end, err := c.Connect(ctx)
	if err != nil {
		return err
	}
	defer end()
	last := time.Now()
	e.Store, e.Queue, e.Globs = store, q, globs
	e.Progress = func(listed, queued int) {
		if time.Since(last) >= every {
			last = time.Now()
			fmt.Fprintf(stderr, "%s found, %d queued so far\n", count(listed), queued)
		}
	}
	did, err := e.Run(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w; %v, the rest not: run it again", err, did)
	case did.Matching == 0:
		fmt.Fprintln(stdout, did.nothing(e.All, globs))
	default:
		fmt.Fprintln(stdout, did)
	}
	return nil
}

// nothing says why there was nothing to do.
func (s Summary) nothing(all bool, globs []string) string {
	text := "queued 0 files: raw/ has no CSV file"
	if len(globs) > 0 {
		text += " that matches"
	}
	if !all {
		text += " without a result; --all takes those with one, too"
	}
	return text
}
