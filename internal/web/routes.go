package web

import (
	"cmp"
	"errors"
	"net/http"
	"path"
	"strings"

	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/web/respond"
)

// access is what a client needs for a route.
type access int

const (
	open    access = iota // nothing: the login form and the assets of the pages
	reading               // the token or password, where --auth-read is set
	writing               // the token or password
)

// route is one method and pattern.
type route struct {
	method, pattern string
	access          access
	handle          http.HandlerFunc
}

// How many requests are served at once of those that cost the server more than the client.
const (
	mostStreams = 1000 // live pages and event streams: tens of kilobytes each
	mostZips    = 16   // each takes a megabyte of memory, and a processor to compress, until the client has all
	mostTables  = 2    // each reads many results, takes a processor, and up to 1 GiB of temporary files
)

// routes are all routes except those of package ops.
func (s *Server) routes() []route {
	stream := s.respond.AtMost(cmp.Or(s.MaxStreams, mostStreams), "too many live pages are open; try again later")
	zip := s.respond.AtMost(mostZips, "too many archives are being downloaded; try again later")
	table := s.respond.AtMost(mostTables, "too many tables of results are being made; try again later")
	results := respond.Compressed(s.resultsPage)
	totals := table(results)
	trial := s.respond.AtMost(mostTrials, "too many files are being tried; try again later")
	routes := []route{
		{"GET", "/{$}", reading, respond.Compressed(s.overviewPage)},
		{"GET", "/live", reading, stream(s.liveStream)},
		{"GET", "/failed", reading, respond.Compressed(s.failedPage)},
		{"POST", "/failed/retry", writing, s.actionForm(retry)},
		{"POST", "/failed/drop", writing, s.actionForm(drop)},
		{"GET", "/trends", reading, respond.Compressed(s.trendsPage)},
		{"GET", "/results", reading, func(w http.ResponseWriter, r *http.Request) {
			if costly(r) {
				totals(w, r)
			} else {
				results(w, r)
			}
		}},
		{"GET", "/upload", reading, respond.Compressed(s.uploadPage)},
		{"POST", "/upload", writing, s.uploadPost},
		{"POST", "/upload/preview", reading, trial(respond.Compressed(s.previewPost))},
		{"POST", "/api/v1/preview", reading, trial(respond.Compressed(s.previewAPI))},
		{"GET", "/login", open, respond.Compressed(s.loginPage)},
		{"POST", "/login", open, s.logIn},
		{"POST", "/logout", open, s.logOut},
		{"GET", "/assets/{name...}", open, respond.Compressed(s.asset)},
		{"GET", "/favicon.ico", open, s.icon}, // browsers ask for it beside files and JSON
		{"PUT", "/files/raw/{name...}", writing, s.uploadPut},
		{"GET", "/api", reading, respond.Compressed(s.apiPage)},
		{"GET", "/api/try", reading, s.tryAPI},
		{"GET", "/api/v1/openapi.json", reading, respond.Compressed(openAPI)},
		{"GET", "/api/v1/status", reading, respond.Compressed(s.statusAPI)},
		{"GET", "/api/v1/status/events", reading, stream(s.statusStream)},
		{"GET", "/events", reading, respond.Compressed(s.eventsPage)},
		{"POST", "/events/test", writing, s.testForm},
		{"GET", "/api/v1/events", reading, stream(s.eventStream)},
		{"GET", "/api/v1/events/schemas/{name}", reading, respond.Compressed(s.eventSchema)},
		{"GET", "/api/v1/sinks", reading, respond.Compressed(s.sinksAPI)},
		{"POST", "/api/v1/sinks/{name}/test", writing, s.testAPI},
		{"GET", "/api/v1/workers", reading, respond.Compressed(s.workersAPI)},
		{"GET", "/api/v1/attempts", reading, respond.Compressed(s.attemptsAPI)},
		{"GET", "/api/v1/throughput", reading, respond.Compressed(s.throughputAPI)},
		{"GET", "/api/v1/trends", reading, respond.Compressed(s.trendsAPI)},
		{"GET", "/api/v1/results", reading, table(respond.Compressed(s.resultsAPI))},
		{"GET", "/api/v1/failed", reading, respond.Compressed(s.failedAPI)},
		{"GET", "/api/v1/failed/groups", reading, respond.Compressed(s.failedGroupsAPI)},
		{"POST", "/api/v1/failed/retry", writing, s.actionAPI(retry)},
		{"POST", "/api/v1/failed/drop", writing, s.actionAPI(drop)},
	}
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		list := respond.Compressed(func(w http.ResponseWriter, r *http.Request) { s.list(w, r, area) })
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
			route{"GET", "/api/v1/files/" + string(area), reading, respond.Compressed(func(w http.ResponseWriter, r *http.Request) { s.listAPI(w, r, area) })},
			route{"GET", "/api/v1/files/" + string(area) + "/{name...}", reading, respond.Compressed(func(w http.ResponseWriter, r *http.Request) { s.fileAPI(w, r, area) })},
		)
	}
	return routes
}

// pageNotFound is the detail of the answer to an address that does not exist.
const pageNotFound = "page not found"

// Handler serves the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	ops.Endpoints(mux, s.Registry, s.Alive, s.ready)
	s.Registry.MustRegister(&collector{queue: s.Queue, catalog: s.Catalog, monitor: s.monitor, events: s.Events, log: s.Log}, s.monitor.Waiting, s.monitor.Processing)
	routes := s.routes()
	if err := s.onlyKnown(routes); err != nil {
		panic(err) // the description is a part of the program
	}
	for _, route := range routes {
		mux.HandleFunc(route.method+" "+route.pattern, s.guarded(route.access, limited(route)))
	}
	mux.HandleFunc("PUT /files/raw", s.noAddress)
	mux.HandleFunc("/", s.unrouted(mux))
	// A request passes through the last of these layers first.
	h := s.exact(mux)
	h = s.below(h)
	h = s.respond.Secured(h)
	h = ops.Protection{Log: s.Log, Registry: s.Registry, ClientTimeout: s.ClientTimeout, Failed: s.crashed}.Protect(h)
	return h
}

// noAddress answers a request to write at an address that only one like it takes. The multiplexer
// would lead to that one, which programs do not follow, and take for a success.
func (s *Server) noAddress(w http.ResponseWriter, r *http.Request) {
	s.respond.Problem(w, r, http.StatusNotFound, "nothing is stored at this address: expected one such as "+s.BasePath+"files/raw/NAME.csv, without empty parts")
}

// exact has requests that write go to just the address that they name.
func (s *Server) exact(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.URL.EscapedPath()
		clean := path.Clean(given)
		if strings.HasSuffix(given, "/") && clean != "/" {
			clean += "/"
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead && clean != given {
			s.noAddress(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// unrouted answers requests that no route takes. The multiplexer's own answer to another method
// is plain text.
func (s *Server) unrouted(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut} {
			probe := r.Clone(r.Context())
			probe.Method = method
			if _, pattern := mux.Handler(probe); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			s.respond.Problem(w, r, http.StatusMethodNotAllowed, r.Method+" is not allowed for this address")
			return
		}
		s.respond.Problem(w, r, http.StatusNotFound, pageNotFound)
	}
}

// crashed answers a request whose handler panicked.
func (s *Server) crashed(w http.ResponseWriter, r *http.Request) {
	s.respond.Problem(w, r, http.StatusInternalServerError, "the inspector has an internal error; see its log")
}

// below serves the same with and without the base path: some ingresses remove it from
// requests.
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

// The largest bodies of requests that are no uploads, in bytes.
const (
	maxForm  = 4 << 20
	maxLogin = 64 << 10 // anybody may send one
)

// limited is the route's handler with a limit on the body, unless the route is for uploads.
func limited(route route) http.HandlerFunc {
	if route.method != http.MethodPost || route.pattern == "/upload" {
		return route.handle
	}
	most := int64(maxForm)
	switch {
	case route.access == open:
		most = maxLogin
	case route.pattern == "/upload/preview":
		most = maxTrialForm
	}
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, most)
		route.handle(w, r)
	}
}

// guarded passes requests of clients that have the access to h. It answers all others without
// reading their bodies, except for the names that a form of a page chose.
func (s *Server) guarded(need access, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if need == open || need == reading && !s.Guard.ProtectsReading() {
			h(w, r)
			return
		}
		if !s.Guard.Writable() {
			s.respond.Problem(w, r, http.StatusForbidden, "the inspector is read-only: it was started without --auth-token-file (AUTH_TOKEN_FILE) or a password")
			return
		}
		err := s.Guard.Check(r)
		switch {
		case err == nil:
			h(w, r)
		case errors.Is(err, auth.ErrTooMany):
			retryAfter(w)
			s.respond.Problem(w, r, http.StatusTooManyRequests, err.Error())
		case respond.WantsPage(r) && r.Header.Get("Authorization") == "":
			s.toLogin(w, r)
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="csv-pipeline"`)
			s.respond.Problem(w, r, http.StatusUnauthorized, err.Error())
		}
	}
}
