package service

import (
	"context"
	"net"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
)

// OpenStore opens the store that a URL names.
func (p *Parts) OpenStore(ctx context.Context, url string) (filestore.Store, error) {
	store, err := storeurl.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	p.OnStop(func() { _ = store.Close() })
	return store, nil
}

// ConnectQueue connects to Redis; the log says while it cannot be reached.
func (p *Parts) ConnectQueue(ctx context.Context, c queue.Config, options queue.Options, log *zap.Logger) (*queue.Queue, error) {
	q, rdb, err := queue.Connect(ctx, c, options, queue.LogTo(log))
	if err != nil {
		return nil, err
	}
	p.OnStop(func() { _ = rdb.Close() })
	return q, nil
}

// Listen opens the address of a server. It is for Serve.
func (p *Parts) Listen(address string) (net.Listener, error) {
	l, err := ops.Listen(address)
	if err != nil {
		return nil, err
	}
	p.OnStop(func() { _ = l.Close() }) // Serve has closed it, unless it was never called
	return l, nil
}

// Serve starts a server.
func (p *Parts) Serve(l net.Listener, server ops.Server) {
	p.Go(func(ctx context.Context) error { return server.Serve(ctx, l) })
}

// Place says where the files and the queue of a pipeline are.
type Place struct {
	StoreURL string
	Redis    queue.Config
}

// RegisterFlags defines the flags of p.
func (p *Place) RegisterFlags(fs *pflag.FlagSet) {
	StoreFlag(fs, &p.StoreURL, DataVolume)
	RedisFlags(fs, &p.Redis)
}

// Open opens the store and then connects to Redis.
func (p *Place) Open(ctx context.Context, parts *Parts, options queue.Options, log *zap.Logger) (filestore.Store, *queue.Queue, error) {
	store, err := parts.OpenStore(ctx, p.StoreURL)
	if err != nil {
		return nil, nil, err
	}
	q, err := parts.ConnectQueue(ctx, p.Redis, options, log)
	return store, q, err
}
