package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/storeurl"
	"csv-pipeline/internal/queue"
)

// compareSink processes all files again and again, in turn without and with a sink that is told of
// each result, and prints the medians and that of the ratios.
func (b *bench) compareSink(ctx context.Context, program, port string) error {
	if b.sinkRounds == 0 {
		return nil
	}
	var without, with, ratios []float64
	for round := range b.sinkRounds {
		alone, err := b.again(ctx, program, port)
		if err != nil {
			return err
		}
		stop, told, err := b.tell(ctx, round)
		if err != nil {
			return err
		}
		beside, err := b.again(ctx, program, port)
		stop()
		if err != nil {
			return err
		}
		without, with, ratios = append(without, alone), append(with, beside), append(ratios, beside/alone)
		fmt.Printf("%.0f files/s without a sink, %.0f with one, which was told of %d results\n", alone, beside, told.Load())
	}
	fmt.Printf("medians: %.0f files/s without a sink, %.0f with one, %.3f of it\n", median(without), median(with), median(ratios))
	return nil
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}

// again removes all results, queues all files once more, and returns how many are processed in a second.
func (b *bench) again(ctx context.Context, program, port string) (rate float64, err error) {
	store, err := storeurl.Open(ctx, b.storeURL)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var results, names []string
	for f, err := range store.List(ctx, filestore.Processed) {
		if err != nil {
			return 0, err
		}
		results = append(results, f.Name)
	}
	for _, name := range results {
		if err := store.Remove(ctx, filestore.Processed, name); err != nil {
			return 0, err
		}
	}
	for f, err := range store.List(ctx, filestore.Raw) {
		if err != nil {
			return 0, err
		}
		names = append(names, f.Name)
	}
	q := queue.New(b.rdb, "csvs-to-process", queue.Options{})
	for part := range slices.Chunk(names, 1000) {
		if err := q.Push(ctx, part...); err != nil {
			return 0, err
		}
	}
	err = b.process(ctx, program, port, func(c cost) { rate = float64(b.files) / c.wall })
	return rate, err
}

// tell has a receiver told of each new result until stop is called. Each round has a sink of its own, which is not
// told of what was before.
func (b *bench) tell(ctx context.Context, round int) (stop func(), told *atomic.Int64, err error) {
	told = new(atomic.Int64)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		told.Add(1)
	}))
	c, err := events.Parse(fmt.Appendf(nil, "sinks: [{name: round-%d, types: [result.done], http: {url: %q}}]", round, receiver.URL))
	if err != nil {
		return nil, nil, err
	}
	dispatcher, err := events.Open(c, queue.New(b.rdb, "csvs-to-process", queue.Options{}), nil, zap.NewNop())
	if err != nil {
		return nil, nil, err
	}
	if err := dispatcher.Begin(ctx); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() { dispatcher.Run(ctx) })
	return func() {
		cancel()
		group.Wait()
		dispatcher.Close()
		receiver.Close()
	}, told, nil
}
