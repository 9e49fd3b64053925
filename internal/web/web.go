// Package web serves the inspector over HTTP: pages for a browser, the files
// themselves, a JSON API and metrics. It holds the routes and what each of them does.
// Package views draws the pages, respond speaks HTTP, api has the types of the JSON,
// and format writes numbers and names for people.
package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/a-h/templ"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/auth"
	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/coalesce"
	"csv-pipeline/internal/events"
	"csv-pipeline/internal/failures"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/trends"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// Config is what a server shows, and to whom.
type Config struct {
	Store    filestore.Store
	Catalog  *catalog.Catalog
	Queue    *queue.Queue
	Log      *zap.Logger
	Registry *prometheus.Registry
	Alive    func(context.Context) error // for /healthz: an error has the process restarted
	// Questions are what processors ask of files, for the preview of what they will make of one;
	// nil: there is none.
	Questions *query.Questions
	// Version is that of the program, for the status.
	Version string
	// ReadingTime bounds how long a raw file is looked at for its page; 0: 2 s.
	ReadingTime time.Duration
	// Guard checks who may change files; with nil, nobody may.
	Guard *auth.Guard
	// BasePath is the path that an ingress puts in front, such as /csv/; "" is /.
	BasePath string
	// MaxUpload is the largest file that may be uploaded, in bytes; 0: 1 GiB.
	MaxUpload int64
	// ClientTimeout is how long a client may keep the server waiting for each 256 KiB
	// that it sends or receives; 0: 30 s.
	ClientTimeout time.Duration
	// MaxStreams is how many live pages and event streams may be open at once; 0: 1000.
	MaxStreams int
	// TempDir is the folder for what a table of many results needs; "": that of the system.
	TempDir string
	// Events tells sinks and event streams what happens; nil: there are no sinks.
	Events *events.Dispatcher
}

// Server answers requests about one pipeline. Make it with New, and end it with Close.
type Server struct {
	Config
	respond   *respond.Responder
	monitor   *activity.Monitor
	trends    *trends.Trends
	failures  *failures.Cache
	live      *coalesce.Call[*liveEvent]
	lastLive  *liveEvent // used by live alone
	asked     []api.Question
	reading   chan struct{}         // holds one element while a file is described
	stopped   chan struct{}         // closed when Watch has ended, which ends all streams
	ownEvents func(context.Context) // follows the stream of changes, where nobody else does; or nil
}

// New makes a server.
func New(c Config) *Server {
	if c.MaxUpload == 0 {
		c.MaxUpload = 1 << 30
	}
	if c.ReadingTime == 0 {
		c.ReadingTime = 2 * time.Second
	}
	c.BasePath = "/" + strings.Trim(c.BasePath, "/")
	if c.BasePath != "/" {
		c.BasePath += "/"
	}
	var own func(context.Context)
	if c.Events == nil {
		c.Events = events.NoSinks(c.Queue, c.Log)
		own = c.Events.Run
	}
	if c.Guard != nil {
		c.Guard.ShareKey(c.Queue.SharedKey)
	}
	s := &Server{Config: c, monitor: activity.New(c.Queue, c.Log), trends: trends.New(c.Store), stopped: make(chan struct{}), reading: make(chan struct{}, 1), ownEvents: own}
	s.failures = failures.NewCache(c.Queue, failures.Grouper{Dataset: s.dataset})
	s.respond = respond.New(c.Log, s.problem)
	if c.Questions != nil {
		for _, asked := range c.Questions.All() {
			s.asked = append(s.asked, api.NewQuestion(asked))
		}
	}
	s.live = coalesce.New(s.makeLive)
	s.trends.Keys = s.keys
	return s
}

// Close ends the work that no request waits for, such as reading results for the
// trends, and waits until it has ended. Requests should have ended before.
func (s *Server) Close() {
	s.live.Close()
	s.monitor.Close()
	s.trends.Close()
	s.failures.Close()
}

// Watch follows the queue for live pages and histograms until ctx ends; then it ends
// all live streams. Call it once.
func (s *Server) Watch(ctx context.Context) {
	defer close(s.stopped)
	var group sync.WaitGroup
	if s.ownEvents != nil {
		group.Go(func() { s.ownEvents(ctx) })
	}
	// Reading very many dead letters for the first time takes a while: nobody should have to wait for it.
	group.Go(func() { _, _ = s.failures.Recent(ctx) })
	s.monitor.Run(ctx)
	group.Wait()
}

// ready reports whether Redis and the store can be reached and the files be listed.
func (s *Server) ready(ctx context.Context) error {
	return errors.Join(s.Queue.Check(ctx), s.Store.Check(ctx), s.Catalog.Check())
}

// problem is the page that says why a request is refused. That of a form leads back to its page.
func (s *Server) problem(r *http.Request, code int, detail string) templ.Component {
	frame := s.frame(r, "problem", http.StatusText(code))
	frame.Back = r.Method == http.MethodPost
	return views.ProblemPage(frame, detail)
}

// frame is what every page has around its own part.
func (s *Server) frame(r *http.Request, here, title string) views.Frame {
	p := views.Frame{Title: title, Here: here, Base: s.BasePath, Origin: origin(r), At: s.here(r), Writable: s.Guard.Writable(), Notice: notice(r.URL.Query()), LoggedIn: s.Guard.HasSession(r)}
	if files := s.Catalog.Latest(); files != nil && s.Catalog.Check() != nil {
		p.Stale = files.At
	}
	// The page of a problem and the login form are for everybody.
	if !s.Guard.ProtectsReading() || p.LoggedIn {
		p.Counts = s.menuCounts()
	}
	return p
}

// plainHost is a host with nothing but what a host consists of: anybody can send any text as one.
var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]{1,255}$`)

// origin is the scheme and host by which a request came; "" where the host is a strange text.
func origin(r *http.Request) string {
	switch {
	case !plainHost.MatchString(r.Host):
		return ""
	case auth.ByTLS(r):
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// menuCounts are the numbers in the menu, as far as they are known without asking Redis.
func (s *Server) menuCounts() views.MenuCounts {
	view, files := s.monitor.Last(), s.Catalog.Latest()
	if view == nil || files == nil || time.Since(view.At) > 10*activity.Interval {
		return views.MenuCounts{}
	}
	return views.CountsOf(api.NewStatus(files, view))
}

// dataset is the name of the dataset whose question is asked of a raw file; "" for the main one.
func (s *Server) dataset(name string) string {
	if s.Questions == nil {
		return ""
	}
	_, dataset := s.Questions.For(name)
	return dataset
}

// notice says what an action did. The text is made here and only numbers come from the
// URL, since anybody can write a URL.
func notice(q url.Values) string {
	n, err := strconv.Atoi(q.Get("n"))
	if err != nil || n < 0 {
		return ""
	}
	what := format.Plural(n, "file", "files")
	switch q.Get("did") {
	case retry.name:
		return what + " will be tried again."
	case drop.name:
		return what + " dropped." + keptNotice(q)
	case "upload":
		return uploadNotice(q, what)
	}
	return ""
}
