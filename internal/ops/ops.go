// Package ops has what operators need of a service: the log, health checks, metrics and the
// HTTP server.
package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"csv-pipeline/internal/cli"
)

// NewLogger returns a log that writes JSON lines to w, those of the level and above it. It is
// safe for use by many goroutines.
func NewLogger(w io.Writer, service string, level zapcore.Level) *zap.Logger {
	config := zap.NewProductionEncoderConfig()
	config.TimeKey, config.EncodeTime = "time", zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.SecondsDurationEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(config), zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(core).With(zap.String("service", service))
}

// NewRegistry returns a registry with the metrics that every service has.
func NewRegistry(service string) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "csv_pipeline_build_info", Help: "The version that runs; always 1.",
		ConstLabels: prometheus.Labels{"service": service, "version": cli.Version},
	})
	info.Set(1)
	registry.MustRegister(info, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// Pulse tells whether a loop still runs. The loop calls Beat in each iteration.
type Pulse struct {
	last    atomic.Int64  // when Beat was called, in Unix nanoseconds
	Timeout time.Duration // the longest time between two beats of a loop that runs
}

// Beat notes that the loop runs.
func (p *Pulse) Beat() { p.last.Store(time.Now().UnixNano()) }

// Alive returns an error when the last beat is longer ago than Timeout.
func (p *Pulse) Alive(context.Context) error {
	if ago := time.Since(time.Unix(0, p.last.Load())); ago > p.Timeout {
		return fmt.Errorf("nothing happened for %v", ago.Round(time.Second))
	}
	return nil
}

// Endpoints adds /healthz, /readyz and /metrics to mux. The first two answer 503 with the
// error of alive or ready, if there is one.
func Endpoints(mux *http.ServeMux, registry prometheus.Gatherer, alive, ready func(context.Context) error) {
	mux.HandleFunc("GET /healthz", check(alive))
	mux.HandleFunc("GET /readyz", check(ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
}

func check(ask func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := ask(ctx); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintf(w, "not ok: %v\n", err)
			return
		}
		fmt.Fprintln(w, "ok")
	}
}

// Listen listens on a TCP address. Its error names the flag and the form of an address.
func Listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("--listen (LISTEN) %q: another program listens there; expected a free port: %w", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("--listen (LISTEN) %q, expected host:port or :port: %w", address, err)
	}
	return l, nil
}

// Server is an HTTP server.
type Server struct {
	Handler http.Handler
	Log     *zap.Logger
	// HeaderTimeout is how long a client may take to send the header of a request; 0: 5 s.
	HeaderTimeout time.Duration
	// IdleTimeout is how long a connection stays open between requests; 0: 2 min.
	IdleTimeout time.Duration
}

// Serve answers requests until ctx ends. Then it waits up to ten seconds for the requests
// that are being answered, and closes l. It sets no limit to the time of a request:
// Protection does.
func (s Server) Serve(ctx context.Context, l net.Listener) error {
	complaints, err := zap.NewStdLogAt(s.Log, zap.WarnLevel) // not Info: standalone logs warnings by default
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: cmp.Or(s.HeaderTimeout, 5*time.Second),
		IdleTimeout:       cmp.Or(s.IdleTimeout, 2*time.Minute),
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          complaints,
		BaseContext:       func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	if err := <-stopped; err != nil {
		return errors.Join(fmt.Errorf("requests did not end in time: %w", err), server.Close())
	}
	return nil
}

// Healthcheck asks the service that listens on the given address of this machine whether it
// is alive. The error says why it is not.
func Healthcheck(ctx context.Context, listen string) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return cli.Usagef("--listen (LISTEN) %q, expected host:port or :port: %v", listen, err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("not alive: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return fmt.Errorf("not alive: %s: %s", response.Status, strings.TrimSpace(string(said)))
	}
	return nil
}
