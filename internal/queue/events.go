package queue

import (
	"context"
	"fmt"
)

// Events returns the oldest messages, most at most, of the list to which an object
// store sends a message for each new object: it appends to EventsKey with RPUSH.
func (q *Queue) Events(ctx context.Context, most int64) ([]string, error) {
	messages, err := q.rdb.LRange(ctx, q.keys.events, 0, most-1).Result()
	if err != nil {
		return nil, fmt.Errorf("read the store's messages from %q: %w", q.keys.events, err)
	}
	return messages, nil
}

// EventsKey is the key of that list.
func (q *Queue) EventsKey() string { return q.keys.events }

// Accept makes names wait and removes the message that they are from, in one step.
// If several processes accept the same message, only the first changes anything.
func (q *Queue) Accept(ctx context.Context, message string, names []string) error {
	args := make([]any, 0, 1+len(names))
	args = append(args, message)
	for _, name := range names {
		args = append(args, name)
	}
	if err := acceptScript.Run(ctx, q.rdb, []string{q.keys.list, q.keys.events}, args...).Err(); err != nil {
		return fmt.Errorf("push the names of a store's message: %w", err)
	}
	return nil
}
