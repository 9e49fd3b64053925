package queue_test

import (
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// All who ask at once are told the same key, and whoever asks later; another queue
// has another one.
func TestSharedKey(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, rdb *redis.Client) {
		keys := make([]string, 20)
		var group sync.WaitGroup
		for i := range keys {
			group.Go(func() {
				var err error
				if keys[i], err = queue.New(rdb, list, queue.Options{}).SharedKey(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		for _, key := range keys {
			if key != keys[0] || len(key) < 26 {
				t.Errorf("%q and %q", key, keys[0])
			}
		}
		if other, err := queue.New(rdb, "other", queue.Options{}).SharedKey(t.Context()); err != nil || other == keys[0] {
			t.Errorf("another queue's key: %q, %v", other, err)
		}
		rdb.HSet(t.Context(), "{"+list+"}:shared", "key", "known")
		if key, err := queue.New(rdb, list, queue.Options{}).SharedKey(t.Context()); err == nil {
			t.Errorf("a key that anybody can guess is taken: %q", key)
		}
	})
}
