// Package web is what people and scripts see of the pipeline over HTTP: pages for
// a browser, the files themselves, a JSON API and metrics.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/queue"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets
var assets embed.FS

// Server answers requests about one pipeline.
type Server struct {
	Store    filestore.Store
	Catalog  *catalog.Catalog
	Queue    *queue.Queue
	Log      *zap.Logger
	Registry *prometheus.Registry
	Alive    func(context.Context) error // is the process of use
}

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"size":   formatSize,
	"count":  formatCount,
	"result": func(raw string) string { name, _ := filestore.ResultName(raw); return name },
	"stamp":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
}).ParseFS(templates, "templates/*.html"))

// Handler returns the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	ops.Endpoints(mux, s.Registry, s.Alive, s.ready)
	s.Registry.MustRegister(&collector{queue: s.Queue, log: s.Log})

	mux.HandleFunc("GET /{$}", s.overview)
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		panic(err) // embedded at build time
	}
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(static)))
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		mux.HandleFunc(fmt.Sprintf("GET /files/%s/{name...}", area), func(w http.ResponseWriter, r *http.Request) {
			if name := r.PathValue("name"); name != "" {
				s.file(w, r, area, name)
			} else {
				s.list(w, r, area)
			}
		})
	}
	mux.HandleFunc("GET /api/v1/status", s.status)
	mux.HandleFunc("GET /api/v1/failed", s.failed)
	return secure(mux)
}

// secure sets the headers that every answer has.
func secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		h.ServeHTTP(w, r)
	})
}

// ready says whether Redis and the store can be reached.
func (s *Server) ready(ctx context.Context) error {
	return errors.Join(s.Queue.Check(ctx), s.Store.Check(ctx))
}

// fail answers a request that could not be served; err stays in the log.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody listens any more
	}
	s.Log.Error("a request failed", zap.String("path", r.URL.Path), zap.Error(err))
	problem(w, http.StatusServiceUnavailable, "Redis or the file store cannot be reached for now; try again soon")
}

// render writes a page.
func (s *Server) render(w http.ResponseWriter, page string, data any) {
	var b strings.Builder
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		s.Log.Error("a page could not be made", zap.String("page", page), zap.Error(err))
		problem(w, http.StatusInternalServerError, "the page could not be made")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(b.String()))
}

func (s *Server) overview(w http.ResponseWriter, r *http.Request) {
	status, files, err := s.now(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	leases, err := s.Queue.InFlight(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	letters, err := s.Queue.DeadLetters(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	latest, err := s.Queue.Completed(r.Context(), 20)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	total := status.Waiting + status.InFlight + status.Delayed + status.Failed + status.Completed
	s.render(w, "overview.html", map[string]any{
		"Title": "Overview", "Status": status, "Total": total, "Raw": len(files.Raw), "Processed": len(files.Processed),
		"Leases": leases, "Failed": letters[:min(len(letters), 50)], "Latest": latest,
	})
}

// formatSize writes bytes for people: 5,120 becomes 5.0 KiB.
func formatSize(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 && unit < 4 {
		value, unit = value/(1<<10), unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}

// formatCount groups digits: 12345 becomes 12,345.
func formatCount(v any) string {
	text := fmt.Sprint(v)
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		return text
	}
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}
