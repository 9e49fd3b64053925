package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/datafolder"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

// enqueueFiles is the subcommand 'enqueue'. It queues files in the embedded Redis of the
// process that works on the folder.
func enqueueFiles(ctx context.Context, args []string, getenv cli.Getenv, stdout, stderr io.Writer) error {
	var url string
	return service.EnqueueCommand{
		Service:       "standalone",
		Where:         `A standalone of the same user must be running on the same folder.`,
		RegisterFlags: func(fs *pflag.FlagSet) { service.StoreFlag(fs, &url, defaultStore) },
		Open: func(ctx context.Context, parts *service.Parts) (filestore.Store, *queue.Queue, error) {
			return connect(ctx, url, parts)
		},
	}.Run(ctx, args, getenv, stdout, stderr)
}

// connect connects to the queue of the process that works on the folder, and opens the store.
func connect(ctx context.Context, url string, parts *service.Parts) (filestore.Store, *queue.Queue, error) {
	folder, ok := storeurl.Folder(url)
	if !ok {
		return nil, nil, cli.Usagef("--store-url (STORE_URL) %q: expected the folder that a standalone works on; one that works on a bucket cannot be reached", url)
	}
	running, err := datafolder.Find(folder)
	if errors.Is(err, datafolder.ErrFree) {
		return nil, nil, fmt.Errorf("%w by any standalone: start one that works on it, then try again", err)
	} else if err != nil {
		return nil, nil, err
	}
	host, port, err := net.SplitHostPort(running.Redis)
	if err != nil {
		return nil, nil, err
	}
	c := queue.Config{Host: host, Password: running.Password, List: list, Patience: time.Second}
	if c.Port, err = strconv.ParseInt(port, 10, 64); err != nil {
		return nil, nil, err
	}
	q, err := parts.ConnectQueue(ctx, c, queue.Options{}, zap.NewNop())
	if err != nil {
		return nil, nil, fmt.Errorf("the standalone with pid %d, which worked on %s, does not answer; is it still running? %w", running.PID, folder, err)
	}
	store, err := parts.OpenStore(ctx, url)
	return store, q, err
}
