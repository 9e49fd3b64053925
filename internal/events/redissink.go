package events

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// redisSink pushes the names of results on a list, as any producer does, or adds events to a stream.
type redisSink struct {
	RedisSpec
	rdb redis.UniversalClient
	own bool // the client is to be closed
}

func openRedis(s RedisSpec, q *queue.Queue) (*redisSink, error) {
	if s.URL == "" {
		return &redisSink{RedisSpec: s, rdb: q.Redis()}, nil
	}
	o, err := redis.ParseURL(s.URL)
	if err != nil {
		return nil, fmt.Errorf("redis.url: %w", err)
	}
	if s.PasswordFile != "" {
		if o.Password, err = readSecret("redis.passwordFile", s.PasswordFile); err != nil {
			return nil, err
		}
	}
	if o.TLSConfig != nil {
		host := o.TLSConfig.ServerName
		if o.TLSConfig, err = trust("redis.caFile", s.CAFile); err != nil {
			return nil, err
		}
		o.TLSConfig.ServerName = host
	}
	o.ClientName, o.ContextTimeoutEnabled, o.DisableIdentity, o.MaxRetries = "csv-pipeline", true, true, -1
	o.ReadTimeout, o.WriteTimeout, o.DialTimeout = 5*time.Second, 5*time.Second, 5*time.Second
	return &redisSink{RedisSpec: s, rdb: redis.NewClient(o), own: true}, nil
}

func (r *redisSink) deliver(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if r.List == "" {
		text, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write the event: %w", err)
		}
		most := r.MaxLen
		if most == 0 {
			most = queue.DefaultKeepChanges
		}
		return r.rdb.XAdd(ctx, &redis.XAddArgs{Stream: r.Stream, MaxLen: most, Approx: true,
			Values: []any{"type", e.Type, "subject", e.Subject, "event", text}}).Err()
	}
	if e.Type == TypeTest { // nothing is pushed: there is no such file
		kind, err := r.rdb.Type(ctx, r.List).Result()
		if err == nil && kind != "list" && kind != "none" {
			err = fmt.Errorf("the key %q holds a %s: expected a list", r.List, kind)
		}
		return err
	}
	done, ok := e.Data.(Done)
	if !ok {
		return fmt.Errorf("the event %s names no result", e.Type)
	}
	return r.rdb.LPush(ctx, r.List, done.Result).Err()
}

func (r *redisSink) place() string {
	where := "the Redis of the queue"
	if o, err := redis.ParseURL(r.URL); r.URL != "" && err == nil {
		where = o.Addr
	}
	if r.List != "" {
		return "list " + r.List + " of " + where
	}
	return "stream " + r.Stream + " of " + where
}

func (r *redisSink) close() {
	if r.own {
		_ = r.rdb.Close()
	}
}
