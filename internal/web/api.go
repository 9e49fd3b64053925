package web

import (
	"embed"
	"net/http"
	"time"

	"csv-pipeline/internal/queue"
)

//go:embed openapi.json
var openAPIFile embed.FS

func (s *Server) openAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, openAPIFile, "openapi.json")
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	now, err := s.now(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, now)
}

func (s *Server) workers(w http.ResponseWriter, r *http.Request) {
	leases, err := s.Queue.InFlight(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if leases == nil {
		leases = []queue.Lease{}
	}
	answer(w, leases)
}

func (s *Server) attempts(w http.ResponseWriter, r *http.Request) {
	limit, err := whole(r.URL.Query(), "limit", 100, 1, 10_000)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	if _, err := s.monitor.Recent(r.Context(), glance); err != nil {
		s.fail(w, r, err)
		return
	}
	if name := r.URL.Query().Get("name"); name != "" {
		answer(w, s.monitor.History(name, limit))
		return
	}
	answer(w, s.monitor.Latest(limit))
}

func (s *Server) throughput(w http.ResponseWriter, r *http.Request) {
	step, err := whole(r.URL.Query(), "step", chartStep, 1, 300)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	if _, err := s.monitor.Recent(r.Context(), glance); err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, s.monitor.Throughput(time.Now(), int64(step)))
}
