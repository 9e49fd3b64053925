package notification

import (
	"context"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Namer is a store in a bucket: it tells which file an object is.
type Namer interface {
	// RawName is the name of the raw file that an object is, if it is one.
	RawName(bucket, key string) (name string, ok bool)
}

// Reader moves names from the store's messages to the queue. Any number may run:
// a message is taken at least once. One that gets lost is made up for by the sweep.
type Reader struct {
	Queue *queue.Queue
	Store Namer
	Log   *zap.Logger
}

const (
	// atOnce is how many messages are read together.
	atOnce = 100
	// pace is how often to look when there are none.
	pace = time.Second
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
			r.Log.Warn("the store's messages cannot be read for now", zap.Error(err))
		case err == nil:
			problem = ""
		}
		if n == atOnce {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pace):
		}
	}
}

// Once takes the messages that there are, and returns how many it took.
func (r *Reader) Once(ctx context.Context) (int, error) {
	messages, err := r.Queue.Events(ctx, atOnce)
	if err != nil {
		return 0, err
	}
	for n, text := range messages {
		objects, err := parse(text)
		if err != nil {
			r.Log.Warn("a message about the store is dropped", zap.Error(err), zap.String("message", text[:min(len(text), 200)]))
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
			r.Log.Info("the store told of a file", zap.String("file", name))
		}
	}
	return len(messages), nil
}
