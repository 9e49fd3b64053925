package events

import (
	"context"
	"crypto/tls"
	"fmt"

	"csv-pipeline/internal/credentials"
	"csv-pipeline/internal/queue"
)

// sink is a place that events go to. It is safe for use by many goroutines.
type sink interface {
	// deliver returns nil only when the event has arrived. A TypeTest is to try the connection.
	deliver(ctx context.Context, e Event) error
	// place says where events go, without secrets.
	place() string
	close()
}

func open(s Spec, q *queue.Queue) (sink, error) {
	if s.HTTP != nil {
		return openHTTP(*s.HTTP)
	}
	return openRedis(*s.Redis, q)
}

// readSecret is the secret in a file that a field of the configuration names.
func readSecret(field, file string) (string, error) {
	text, err := credentials.Secret(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return text, nil
}

// trust is a TLS configuration that trusts the authorities of a file; without one, those of the system.
func trust(field, file string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return config, nil
	}
	var err error
	if config.RootCAs, err = credentials.Authorities(file); err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	return config, nil
}
