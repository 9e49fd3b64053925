package web

import (
	"context"
	"net/http"
	"time"

	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
)

func openAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, api.Description, "openapi.json")
}

// glance is how old the numbers of the queue in an answer may be.
const glance = 100 * time.Millisecond

func (s *Server) status(ctx context.Context) (api.Status, error) {
	// Who reads here that a file is done finds it on every page, too.
	view, err := s.monitor.Fresh(ctx)
	if err != nil {
		return api.Status{}, err
	}
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return api.Status{}, err
	}
	status := api.NewStatus(files, view)
	status.Version, status.Questions = s.Version, s.asked
	return status, nil
}

func (s *Server) statusAPI(w http.ResponseWriter, r *http.Request) {
	status, err := s.status(r.Context())
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, status)
}

func (s *Server) workersAPI(w http.ResponseWriter, r *http.Request) {
	leases, err := s.Queue.InFlight(r.Context())
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	if leases == nil {
		leases = []queue.Lease{}
	}
	respond.JSON(w, http.StatusOK, leases)
}

func (s *Server) attemptsAPI(w http.ResponseWriter, r *http.Request) {
	limit, err := respond.WholeNumber(r.URL.Query(), "limit", 100, 1, 10_000)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	if _, err := s.monitor.Recent(r.Context(), glance); err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	if name := r.URL.Query().Get("name"); name != "" {
		respond.JSON(w, http.StatusOK, s.monitor.History(name, limit))
		return
	}
	respond.JSON(w, http.StatusOK, s.monitor.Latest(limit))
}

func (s *Server) throughputAPI(w http.ResponseWriter, r *http.Request) {
	step, err := respond.WholeNumber(r.URL.Query(), "step", chartStep, 1, 300)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	if _, err := s.monitor.Recent(r.Context(), glance); err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, s.monitor.Throughput(time.Now(), int64(step)))
}
