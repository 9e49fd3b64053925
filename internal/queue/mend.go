package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

var mendScript = noting("mend")

// Remedy is settings under which a dead letter might not fail.
type Remedy struct {
	DeadLetter
	Settings string // a fingerprint
}

// Helps reports whether the dead letter may be tried under these settings: it failed under
// others, of a kind that settings can mend, and was not tried under these before.
func (l DeadLetter) Helps(settings string) bool {
	return l.Settings != "" && l.Settings != settings && !strings.Contains(l.tried, settings)
}

// Mend makes dead letters wait again with fresh tries, to be tried under other settings, each
// unless its name failed again meanwhile, and at most once under the same settings as long as
// its file does not change. It returns their names.
func (q *Queue) Mend(ctx context.Context, remedies []Remedy) (names []string, err error) {
	for batch := range slices.Chunk(remedies, tidyBatch) {
		args := make([]any, 0, 3*len(batch))
		for _, r := range batch {
			args = append(args, r.Name, r.At.UnixMilli(), r.Settings)
		}
		moved, err := q.note(ctx, mendScript, []string{q.keys.list, q.keys.failed, q.keys.claims}, args...).StringSlice()
		if err != nil {
			return names, fmt.Errorf("try %d dead letters again under other settings: %w", len(batch), err)
		}
		names = append(names, moved...)
	}
	return names, nil
}

// inForce is the field of the key of settings.
const inForce = "current"

// Announce tells all who use the queue which settings are in force, in words of the caller.
func (q *Queue) Announce(ctx context.Context, settings string) error {
	told, err := q.Announced(ctx)
	if err == nil && told != settings {
		err = q.rdb.HSet(ctx, q.keys.settings, inForce, settings).Err()
	}
	if err != nil {
		return fmt.Errorf("tell which settings are in force: %w", err)
	}
	return nil
}

// Announced returns what was announced last; "" when nothing was.
func (q *Queue) Announced(ctx context.Context) (string, error) {
	settings, err := q.rdb.HGet(ctx, q.keys.settings, inForce).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", fmt.Errorf("ask which settings are in force: %w", err)
	}
	return settings, nil
}
