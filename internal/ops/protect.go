package ops

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Protection protects the handlers of a service from slow clients, and its clients from
// handlers that panic.
type Protection struct {
	Log      *zap.Logger
	Registry prometheus.Registerer
	// ClientTimeout is how long a client may keep the server waiting for each 256 KiB that
	// it sends or receives; 0: 30 s.
	ClientTimeout time.Duration
	// Failed answers a request whose handler panicked; nil: a line of text does.
	Failed http.HandlerFunc
}

// Protect wraps a handler. A client that keeps it waiting for longer than ClientTimeout is
// disconnected. A panic is logged, counted and answered with status 500. When the handler
// begins its answer before it has read the whole body of the request, the rest of the body is
// not read, and the connection is closed after the answer. Call Protect once for a registry.
func (p Protection) Protect(h http.Handler) http.Handler {
	limit := cmp.Or(p.ClientTimeout, 30*time.Second)
	panics := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "csv_pipeline_http_panics_total", Help: "Requests that made the program panic.",
	})
	p.Registry.MustRegister(panics)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := newWriter(w, limit)
		if r.Body != nil && r.Body != http.NoBody {
			answer.body = newBody(answer, r, limit)
			defer answer.body.giveUp()
			r = r.WithContext(r.Context()) // net/http looks at its own request's body
			r.Body = answer.body
		}
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			if fault == http.ErrAbortHandler { //nolint:errorlint // a panic is no wrapped error; net/http compares it likewise
				panic(fault)
			}
			panics.Inc()
			p.Log.Error("the handler of a request panicked", zap.String("panic", fmt.Sprint(fault)), zap.String("method", r.Method),
				zap.String("path", fmt.Sprintf("%.1000s", r.URL.EscapedPath())), zap.String("from", r.RemoteAddr), zap.Stack("stack"))
			if answer.begun {
				panic(http.ErrAbortHandler) // the client sees that the answer is incomplete
			}
			for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type"} {
				w.Header().Del(name)
			}
			if p.Failed == nil {
				http.Error(answer, "internal error: the log of this service has the details", http.StatusInternalServerError)
				return
			}
			p.Failed(answer, r)
		}()
		h.ServeHTTP(answer, r)
	})
}
