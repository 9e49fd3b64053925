package queue

import (
	"context"
	"fmt"
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
// Of several who accept the same message the first one does; the others do nothing.
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
