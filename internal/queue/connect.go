package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"go.uber.org/zap"

	"csv-pipeline/internal/cli"
)

// Connect dials Redis and checks the list. While Redis cannot be reached, is
// loading or is full of connections, it tries again with growing pauses for
// c.Patience, telling report each time; a refused password or a key of another
// type end it at once.
func Connect(ctx context.Context, c Config, opts Options, report func(problem error, pause time.Duration)) (*Queue, redis.UniversalClient, error) {
	if c.List == "" {
		return nil, nil, cli.Usagef("--redis-list (REDIS_LIST) is empty: expected the key of a list, such as csvs-to-process")
	}
	options, err := c.options()
	if err != nil {
		return nil, nil, err
	}
	redis.SetLogger(&logging.VoidLogger{}) // what goes wrong comes back as an error
	rdb := redis.NewUniversalClient(options)
	if opts.KeepChanges == 0 {
		opts.KeepChanges = c.KeepChanges
	}
	q := New(rdb, c.List, opts)
	err = Persist(ctx, c.Patience, report, q.Check)
	if err != nil {
		_ = rdb.Close()
		return nil, nil, fmt.Errorf("redis at %s: %w", c.Address(), err)
	}
	return q, rdb, nil
}

// Persist calls do until it succeeds, fails for good or has failed for longer than
// patience; pauses between calls double from 100 ms to 5 s.
func Persist(ctx context.Context, patience time.Duration, report func(problem error, pause time.Duration), do func(context.Context) error) error {
	deadline := time.Now().Add(patience)
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := do(ctx)
		if err == nil || !Unreachable(err) || ctx.Err() != nil {
			return err
		}
		left := time.Until(deadline)
		if left <= 0 {
			return fmt.Errorf("gave up after %v: %w", patience, err)
		}
		pause = min(pause, left)
		report(err, pause)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// Unreachable reports whether err means that Redis cannot serve for now, so that
// the same call may succeed later.
func Unreachable(err error) bool {
	if err == nil || errors.Is(err, redis.Nil) || errors.Is(err, ErrEmpty) || errors.Is(err, ErrLost) || errors.Is(err, ErrWrongType) {
		return false
	}
	var answered redis.Error
	if !errors.As(err, &answered) {
		return true // no answer: the network, a time-out, a closed connection
	}
	for _, passing := range []string{"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "OOM", "MISCONF", "NOREPLICAS", "ERR max number of clients"} {
		if strings.Contains(answered.Error(), passing) {
			return true
		}
	}
	return false
}

// Refused reports whether err is an answer of Redis: it can be reached, and refused
// just this call.
func Refused(err error) bool {
	var answered redis.Error
	return errors.As(err, &answered) && !errors.Is(err, redis.Nil)
}

// LogTo reports to a log.
func LogTo(log *zap.Logger) func(problem error, pause time.Duration) {
	return func(problem error, pause time.Duration) {
		log.Warn("Redis cannot be reached, trying again", zap.Error(problem), zap.Duration("pause", pause))
	}
}
