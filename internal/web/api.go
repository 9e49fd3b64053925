package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/queue"
)

// status is how many files are in each state.
type status struct {
	Waiting   int64 `json:"waiting"`
	InFlight  int64 `json:"inFlight"`
	Delayed   int64 `json:"delayed"`
	Failed    int64 `json:"failed"`
	Completed int64 `json:"completed"` // results that are there, without outdated ones
}

// now asks the queue and the files; the files are the truth about what is done.
func (s *Server) now(ctx context.Context) (status, *catalog.Snapshot, error) {
	counts, err := s.Queue.Counts(ctx)
	if err != nil {
		return status{}, nil, err
	}
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return status{}, nil, err
	}
	return status{counts.Waiting, counts.InFlight, counts.Delayed, counts.Failed, int64(files.Done)}, files, nil
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	now, _, err := s.now(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, now)
}

func (s *Server) failed(w http.ResponseWriter, r *http.Request) {
	letters, err := s.Queue.DeadLetters(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if letters == nil {
		letters = []queue.DeadLetter{}
	}
	answer(w, letters)
}

// answer writes JSON that is not to be kept.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the client has gone, or all is well
}

// problem answers with RFC 9457 problem details.
func problem(w http.ResponseWriter, code int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(code), "status": code, "detail": detail})
}

// listed is a file as the API shows it.
type listed struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modified"`
	ETag    string    `json:"etag"`
}
