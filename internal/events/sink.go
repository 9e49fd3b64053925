package events

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

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

// readSecret is the text of a file without the line break at its end.
func readSecret(field, file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// trust is a TLS configuration that trusts the authorities of a file; without one, those of the system.
func trust(field, file string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return config, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: %s holds no certificate: expected PEM", field, file)
	}
	return config, nil
}
