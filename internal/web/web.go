// Package web is what people and scripts see of the pipeline over HTTP: pages for
// a browser, the files themselves, a JSON API and metrics.
package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/trends"
)

// Config is what a server shows, and how.
type Config struct {
	Store    filestore.Store
	Catalog  *catalog.Catalog
	Queue    *queue.Queue
	Log      *zap.Logger
	Registry *prometheus.Registry
	Alive    func(context.Context) error // is the process of use
	// Guard says who may change things; nil: nobody.
	Guard *auth.Guard
	// BasePath is the path that an ingress puts in front, such as /csv/; "" is /.
	BasePath string
	// MaxUpload is the largest file that may be uploaded, in bytes; 0: 1 GiB.
	MaxUpload int64
	// ClientTimeout is for how long a client may let the server wait, for each 256 KiB
	// that it sends or takes; 0: 30 s.
	ClientTimeout time.Duration
	// MaxStreams is how many live pages and event streams there may be at once; 0: 1000.
	MaxStreams int
}

// Server answers requests about one pipeline. Make it with New, and end it with Close.
type Server struct {
	Config
	monitor  *activity.Monitor
	trends   *trends.Trends
	live     *coalesce.Call[*liveEvent]
	lastLive *liveEvent    // for live alone
	digests  chan struct{} // held by who reads a file for its digest
	stopped  chan struct{} // closed when Watch has ended: streams end, too
}

// New makes a server.
func New(c Config) *Server {
	if c.MaxUpload == 0 {
		c.MaxUpload = 1 << 30
	}
	c.BasePath = "/" + strings.Trim(c.BasePath, "/")
	if c.BasePath != "/" {
		c.BasePath += "/"
	}
	if c.Guard != nil {
		c.Guard.ShareKey(c.Queue.SharedKey)
	}
	s := &Server{Config: c, monitor: activity.New(c.Queue, c.Log), trends: trends.New(c.Store),
		digests: make(chan struct{}, mostDigests), stopped: make(chan struct{})}
	s.live = coalesce.New(s.makeLive)
	return s
}

// Close ends what goes on without a request, such as reading results for the trends,
// and waits for it. Requests should have ended before.
func (s *Server) Close() {
	s.live.Close()
	s.monitor.Close()
	s.trends.Close()
}

// Watch follows the queue for live pages and histograms until ctx ends. It is to be
// called once; when it returns, live pages are let go.
func (s *Server) Watch(ctx context.Context) {
	defer close(s.stopped)
	s.monitor.Run(ctx)
}

// access is what a request needs to be let through.
type access int

const (
	open    access = iota // nothing: probes, metrics, the login form and its style
	reading               // the secret, where reading is protected
	writing               // the secret
)

// route is one method and pattern.
type route struct {
	method, pattern string
	access          access
	handle          http.HandlerFunc
}

var compress = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1400), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic(err) // only wrong options are refused
	}
	return wrap
}()

// packed compresses answers for clients that take that: pages, tables and scripts
// shrink to a fifth. Small ones and archives stay as they are. It is not for streams,
// nor for the files, which are sent as they are.
func packed(h http.HandlerFunc) http.HandlerFunc { return compress(h) }

// routes are all there are, but those of package ops.
func (s *Server) routes() []route {
	stream := s.atMost(cmp.Or(s.MaxStreams, mostStreams), "too many live pages are open; try again later")
	zip := s.atMost(mostZips, "too many archives are being downloaded; try again later")
	routes := []route{
		{"GET", "/{$}", reading, packed(s.overview)},
		{"GET", "/live", reading, stream(s.liveEvents)},
		{"GET", "/failed", reading, packed(s.failedPage)},
		{"POST", "/failed/retry", writing, s.retryForm},
		{"POST", "/failed/drop", writing, s.dropForm},
		{"GET", "/trends", reading, packed(s.trendsPage)},
		{"GET", "/upload", reading, packed(s.uploadPage)},
		{"POST", "/upload", writing, s.uploadForm},
		{"GET", "/login", open, packed(s.loginPage)},
		{"POST", "/login", open, s.login},
		{"POST", "/logout", open, s.logout},
		{"GET", "/assets/{name...}", open, packed(s.asset)},
		{"PUT", "/files/raw/{name...}", writing, s.put},
		{"GET", "/api/v1/openapi.json", reading, packed(s.openAPI)},
		{"GET", "/api/v1/status", reading, packed(s.status)},
		{"GET", "/api/v1/events", reading, stream(s.events)},
		{"GET", "/api/v1/workers", reading, packed(s.workers)},
		{"GET", "/api/v1/attempts", reading, packed(s.attempts)},
		{"GET", "/api/v1/throughput", reading, packed(s.throughput)},
		{"GET", "/api/v1/trends", reading, packed(s.trendsAPI)},
		{"GET", "/api/v1/failed", reading, packed(s.failedAPI)},
		{"POST", "/api/v1/failed/retry", writing, s.retryAPI},
		{"POST", "/api/v1/failed/drop", writing, s.dropAPI},
	}
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		list := packed(func(w http.ResponseWriter, r *http.Request) { s.list(w, r, area) })
		archive := zip(list)
		routes = append(routes,
			route{"GET", "/files/" + string(area) + "/{name...}", reading, func(w http.ResponseWriter, r *http.Request) {
				switch name := r.PathValue("name"); {
				case name != "":
					s.file(w, r, area, name)
				case r.URL.Query().Get("format") == "zip":
					archive(w, r)
				default:
					list(w, r)
				}
			}},
			route{"POST", "/files/" + string(area) + "/{$}", reading, zip(func(w http.ResponseWriter, r *http.Request) { s.zipForm(w, r, area) })},
			route{"GET", "/api/v1/files/" + string(area), reading, packed(func(w http.ResponseWriter, r *http.Request) { s.listAPI(w, r, area) })},
			route{"GET", "/api/v1/files/" + string(area) + "/{name...}", reading, packed(func(w http.ResponseWriter, r *http.Request) { s.fileAPI(w, r, area) })},
		)
	}
	return routes
}

// Handler returns the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	ops.Endpoints(mux, s.Registry, s.Alive, s.ready)
	s.Registry.MustRegister(&collector{queue: s.Queue, catalog: s.Catalog, monitor: s.monitor, log: s.Log}, s.monitor.Waiting, s.monitor.Processing)
	for _, route := range s.routes() {
		mux.HandleFunc(route.method+" "+route.pattern, s.guarded(route))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		// The multiplexer's own answer for a known path would be plain text.
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			probe := r.Clone(r.Context())
			probe.Method = method
			if _, pattern := mux.Handler(probe); pattern != "/" {
				w.Header().Add("Allow", method)
			}
		}
		if w.Header().Get("Allow") != "" {
			s.problem(w, r, http.StatusMethodNotAllowed, r.Method+" is not possible here")
			return
		}
		s.problem(w, r, http.StatusNotFound, "there is nothing at this address")
	})
	return ops.Protection{Log: s.Log, Registry: s.Registry, ClientTimeout: s.ClientTimeout, Failed: func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusInternalServerError, "the inspector has a fault; its log says more")
	}}.Protect(s.secure(s.below(mux)))
}

// below serves the same with and without the base path: some ingresses remove it.
func (s *Server) below(h http.Handler) http.Handler {
	if s.BasePath == "/" {
		return h
	}
	stripped := http.StripPrefix(strings.TrimSuffix(s.BasePath, "/"), h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, s.BasePath):
			stripped.ServeHTTP(w, r)
		case r.URL.Path == strings.TrimSuffix(s.BasePath, "/"):
			http.Redirect(w, r, s.BasePath, http.StatusMovedPermanently)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// Most bytes of a body that is not an upload.
const (
	maxForm  = 4 << 20
	maxLogin = 64 << 10 // anybody may send one
)

// Values of headers that many answers share, so that none is made for each: they are
// replaced or added to, which copies them, and never changed.
var (
	pagePolicy = []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}
	filePolicy = []string{"default-src 'none'; sandbox"}
	noSniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	noCache    = []string{"no-cache"} // to be asked for each time whether it changed
	varyAccept = []string{"Accept"}
)

// secure sets what every answer has, and refuses what other sites cause.
func (s *Server) secure(h http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Content-Security-Policy"] = pagePolicy
		header["X-Content-Type-Options"] = noSniff
		header["Cross-Origin-Resource-Policy"] = sameOrigin
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := crossOrigin.Check(r); err != nil {
				s.problem(w, r, http.StatusForbidden, "the request comes from another site")
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

// guarded lets through who may. Of all others not even the body is read.
func (s *Server) guarded(route route) http.HandlerFunc {
	need := route.access
	h := func(w http.ResponseWriter, r *http.Request) {
		if route.method == http.MethodPost && route.pattern != "/upload" {
			most := int64(maxForm)
			if need == open {
				most = maxLogin
			}
			r.Body = http.MaxBytesReader(w, r.Body, most)
		}
		route.handle(w, r)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if need == open || need == reading && !s.Guard.ProtectsReading() {
			h(w, r)
			return
		}
		if !s.Guard.Writable() {
			s.problem(w, r, http.StatusForbidden, "nothing can be changed here: the inspector was started without --auth-token-file (AUTH_TOKEN_FILE) or a password")
			return
		}
		err := s.Guard.Check(r)
		switch {
		case err == nil:
			h(w, r)
		case errors.Is(err, auth.ErrTooMany):
			retryAfter(w)
			s.problem(w, r, http.StatusTooManyRequests, err.Error())
		case wantsPage(r) && r.Header.Get("Authorization") == "":
			s.toLogin(w, r)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="csv-pipeline"`)
			s.problem(w, r, http.StatusUnauthorized, err.Error())
		}
	}
}

// ready says whether Redis and the store can be reached, and the files be listed.
func (s *Server) ready(ctx context.Context) error {
	return errors.Join(s.Queue.Check(ctx), s.Store.Check(ctx), s.Catalog.Check())
}

// fail answers a request that could not be served; err stays in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody listens any more
	}
	s.Log.Error("a request failed", zap.String("path", visible(r.URL.Path)), zap.Error(err))
	s.problem(w, r, http.StatusServiceUnavailable, "Redis or the file store cannot be reached for now; try again soon")
}
