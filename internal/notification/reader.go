package notification

import (
	"context"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Reader reads the store's messages and queues the names in them. Any number of readers may
// run. A message is processed at least once. The file of a message that gets lost is found by
// the sweep.
type Reader struct {
	Queue *queue.Queue
	Store filestore.ObjectNamer
	Log   *zap.Logger
}

const (
	// atOnce is how many messages are read together.
	atOnce = 100
	// interval is how often Run looks for messages when there are none.
	interval = time.Second
)

// Run reads messages until ctx ends.
func (r *Reader) Run(ctx context.Context) {
	var problem string
	for {
		n, err := r.Once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && err.Error() != problem:
			problem = err.Error()
			r.Log.Warn("the notifications of the store could not be read, trying again", zap.Error(err))
		case err == nil:
			problem = ""
		}
		if n == atOnce {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
	}
}

// Once processes the messages that are there, atOnce at most, and returns how many.
func (r *Reader) Once(ctx context.Context) (int, error) {
	messages, err := r.Queue.Events(ctx, atOnce)
	if err != nil {
		return 0, err
	}
	for n, text := range messages {
		objects, err := parse(text)
		if err != nil {
			r.Log.Warn("dropped a notification that is not understood", zap.Error(err), zap.String("message", text[:min(len(text), 200)]))
		}
		var names []string
		for _, o := range objects {
			if name, ok := r.Store.RawName(o.Bucket, o.Key); ok {
				if _, err := filestore.ResultName(name); err == nil {
					names = append(names, name)
				}
			}
		}
		if err := r.Queue.Accept(ctx, text, names); err != nil {
			return n, err
		}
		for _, name := range names {
			r.Log.Info("queued a file that the store notified of", zap.String("file", name))
		}
	}
	return len(messages), nil
}
