package main

import (
	"crypto/rand"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/service"
)

// list is the key of the queue, as everywhere.
const list = "csvs-to-process"

// embeddedRedis is the server within this process. Every user of this machine can reach it,
// so it has a password.
type embeddedRedis struct {
	address, password string
	queue             *queue.Queue
}

func startRedis(parts *service.Parts) (embeddedRedis, error) {
	server, password := miniredis.NewMiniRedis(), rand.Text()
	server.RequireAuth(password)
	if err := server.Start(); err != nil {
		return embeddedRedis{}, fmt.Errorf("start the embedded Redis: %w", err)
	}
	parts.OnStop(server.Close)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), Password: password, ContextTimeoutEnabled: true, DisableIdentity: true})
	parts.OnStop(func() { _ = client.Close() })
	return embeddedRedis{address: server.Addr(), password: password, queue: queue.New(client, list, queue.Options{KeepChanges: 10_000})}, nil
}
