package service_test

import (
	"context"
	"io"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/events"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/service"
)

// A Redis that goes away between the connection and the sinks' beginning does not end a service.
func TestSinksBeginWhenRedisIsBack(t *testing.T) {
	redis := redistest.Start(t)
	q := queue.New(redis.Client(t), "csvs-to-process", queue.Options{})
	config, err := events.Parse([]byte("sinks: [{name: a, redis: {list: next}}]"))
	if err != nil {
		t.Fatal(err)
	}
	redis.Kill()
	noticed, ended := make(chan struct{}, 1), make(chan error, 1)
	log := ops.NewLogger(io.Discard, "test", zap.InfoLevel).WithOptions(zap.Hooks(func(zapcore.Entry) error {
		select {
		case noticed <- struct{}{}:
		default:
		}
		return nil
	}))
	go func() {
		ended <- service.RunCommand(t.Context(), func(ctx context.Context, parts *service.Parts) error {
			_, err := service.DispatchEvents(ctx, parts, config, q, time.Minute, 0, nil, log)
			return err
		})
	}()
	select {
	case <-noticed:
	case err := <-ended:
		t.Fatalf("it did not wait: %v", err)
	}
	redis.Restart(t)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
