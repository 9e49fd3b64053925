package ops

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
)

// Protection is what stands between the clients of a service and its handlers.
type Protection struct {
	Log      *zap.Logger
	Registry prometheus.Registerer
	// ClientTimeout is for how long a client may let the server wait, for each 256 KiB
	// that it sends or takes; 0: 30 s.
	ClientTimeout time.Duration
	// Failed answers a request whose handler panicked; nil: with a line of text.
	Failed http.HandlerFunc
}

// Protect makes the handler cut off clients that keep it waiting, and makes its panics
// known: by a line of the log, a metric and an answer. When it begins to answer before
// the request's body was read to its end, no more of that is read, and the connection
// is closed after the answer. Call it once for a registry.
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
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			panics.Inc()
			p.Log.Error("a request met a fault of the program", zap.String("panic", fmt.Sprint(fault)), zap.String("method", r.Method),
				zap.String("path", fmt.Sprintf("%.1000s", r.URL.EscapedPath())), zap.String("from", r.RemoteAddr), zap.Stack("stack"))
			if answer.begun {
				panic(http.ErrAbortHandler) // nobody must take a part for the whole
			}
			for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type"} {
				w.Header().Del(name)
			}
			if p.Failed == nil {
				http.Error(answer, "the program has a fault; its log says more", http.StatusInternalServerError)
				return
			}
			p.Failed(answer, r)
		}()
		h.ServeHTTP(answer, r)
	})
}
