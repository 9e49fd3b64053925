package web

import (
	"context"
	"net/http"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

const (
	chartStep    = 10 // seconds
	mostProblems = 5  // that the start page shows
)

func (s *Server) overviewPage(w http.ResponseWriter, r *http.Request) {
	switch respond.Format(w, r) {
	case "html":
	case "json":
		s.statusAPI(w, r)
		return
	default:
		s.respond.Problem(w, r, http.StatusBadRequest, "format: expected html or json")
		return
	}
	view, err := s.monitor.Recent(r.Context(), glance)
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	o, err := s.overview(r.Context(), view)
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	s.respond.Page(w, r, http.StatusOK, views.OverviewPage(s.frame(r, "overview", "Overview"), o))
}

// overview is what the start page shows of a view.
func (s *Server) overview(ctx context.Context, view *activity.View) (views.OverviewData, error) {
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return views.OverviewData{}, err
	}
	o := views.OverviewData{View: view, Status: api.NewStatus(files, view), Base: s.BasePath,
		Chart: views.ThroughputChart(s.monitor.Throughput(view.At, chartStep)), Result: s.resultName, Asked: s.asked, Version: s.Version}
	for _, a := range s.monitor.Latest(200) {
		if a.Outcome != queue.AttemptDone && len(o.Problems) < mostProblems {
			o.Problems = append(o.Problems, a)
		}
	}
	return o, nil
}

// resultName is the name of the result of a raw file in the format that is asked for; "" where
// it has none.
func (s *Server) resultName(raw string) string {
	name, err := s.Catalog.Formats(raw)[0].ResultName(raw)
	if err != nil {
		return ""
	}
	return name
}
