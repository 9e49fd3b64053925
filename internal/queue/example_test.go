package queue_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

func Example() {
	server, err := miniredis.Run() // a real Redis elsewhere
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	ctx := context.Background()

	q := queue.New(rdb, "csvs-to-process", queue.Options{})
	// Any program may do this with LPUSH.
	if err := q.Push(ctx, "20220101.csv", "20220102.csv"); err != nil {
		fmt.Println(err)
		return
	}
	for {
		claim, err := q.Claim(ctx, "worker-1")
		if errors.Is(err, queue.ErrEmpty) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		// Hold renews the lease while the work lasts.
		held, stop := claim.Hold(ctx, func() queue.Progress { return queue.Progress{} })
		outcome, err := work(held, claim.Name)
		stop()
		if err == nil {
			fmt.Println(claim.Name, "done", claim.Complete(ctx, outcome))
			continue
		}
		state, err := claim.Fail(ctx, queue.Failure{Reason: err.Error(), Kind: queue.KindMalformed})
		fmt.Println(claim.Name, state, err)
	}
	counts, err := q.Counts(ctx)
	fmt.Println(counts.Totals["completed"], "completed,", counts.Failed, "failed", err)
	// Output:
	// 20220101.csv done <nil>
	// 20220102.csv failed <nil>
	// 1 completed, 1 failed <nil>
}

func work(_ context.Context, name string) (queue.Outcome, error) {
	if name == "20220102.csv" {
		return queue.Outcome{}, errors.New("20220102.csv:17: quantity: \"abc\" is not a number")
	}
	return queue.Outcome{Rows: 200, Bytes: 5120}, nil
}
