package queue

import (
	"context"
	cryptorand "crypto/rand"
	"fmt"
)

var shareScript = script("share")

// SharedKey returns a secret of at least 128 random bits that is the same for all
// processes on this queue, for as long as Redis keeps it. The first call
// makes it. Whoever may read the queue's keys may read it.
func (q *Queue) SharedKey(ctx context.Context) (string, error) {
	key, err := shareScript.Run(ctx, q.rdb, []string{q.keys.shared}, "key", cryptorand.Text()).Text()
	if err != nil {
		return "", fmt.Errorf("ask for the key that all share: %w", err)
	}
	if len(key) < 26 {
		return "", fmt.Errorf("the field key of %q is of %d characters, expected 26 random ones: remove it", q.keys.shared, len(key))
	}
	return key, nil
}
