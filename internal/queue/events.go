package queue

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// Events returns the oldest messages, most at most, of the list in which an object
// store tells what was put into it: it appends to EventsKey, by RPUSH.
func (q *Queue) Events(ctx context.Context, most int64) ([]string, error) {
	messages, err := q.rdb.LRange(ctx, q.keys.events, 0, most-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the store's messages from %q: %w", q.keys.events, err)
	}
	return messages, nil
}

// EventsKey is the key of that list.
func (q *Queue) EventsKey() string { return q.keys.events }

// Accept makes names wait and drops the message that they are from, in one step.
// Two who accept the same message at once make them wait twice, which is harmless.
func (q *Queue) Accept(ctx context.Context, message string, names []string) error {
	_, err := q.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, name := range names {
			p.LPush(ctx, q.keys.list, name)
		}
		p.LRem(ctx, q.keys.events, 1, message)
		return nil
	})
	if err != nil {
		return fmt.Errorf("push the names of a store's message: %w", err)
	}
	return nil
}
