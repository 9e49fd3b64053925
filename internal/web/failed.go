package web

import (
	"net/http"
	"net/url"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// failedFiles are some of the files that failed, the dead letters.
type failedFiles struct {
	files         []api.DeadLetter
	offset, limit int // of files; limit 0: all
	total         int
}

// failed returns the failed files that a request is for; standard is the limit where the
// request has none, 0: all.
func (s *Server) failed(r *http.Request, standard int) (f failedFiles, err error) {
	q := r.URL.Query()
	if f.limit, err = respond.WholeNumber(q, "limit", standard, 1, mostListed); err != nil {
		return f, err
	}
	if f.offset, err = respond.WholeNumber(q, "offset", 0, 0, mostListed); err != nil {
		return f, err
	}
	listing, err := s.Catalog.Recent(r.Context())
	if err != nil {
		return f, err
	}
	letters, err := s.Queue.DeadLetters(r.Context())
	if err != nil {
		return f, err
	}
	f.total = len(letters)
	end := f.total
	if f.limit > 0 {
		end = min(end, f.offset+f.limit)
	}
	f.files = []api.DeadLetter{}
	for i := min(f.offset, end); i < end; i++ {
		_, exists := listing.Raw.Find(letters[i].Name)
		f.files = append(f.files, api.DeadLetter{DeadLetter: letters[i], Exists: exists})
	}
	return f, nil
}

func (s *Server) failedPage(w http.ResponseWriter, r *http.Request) {
	switch respond.Format(w, r) {
	case "html":
	case "json":
		s.failedAPI(w, r)
		return
	default:
		s.respond.Problem(w, r, http.StatusBadRequest, "format: expected html or json")
		return
	}
	f, err := s.failed(r, 50)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	d := views.FailedData{Files: f.files, Chosen: chosenBefore(r), Paging: views.NewPaging(f.offset, f.limit, len(f.files), f.total, func(offset int) string {
		return "?" + url.Values{"offset": {format.Int(offset)}, "limit": {format.Int(f.limit)}}.Encode()
	})}
	s.respond.Page(w, r, http.StatusOK, views.FailedPage(s.frame(r, "failed", "Failed"), d))
}

func (s *Server) failedAPI(w http.ResponseWriter, r *http.Request) {
	f, err := s.failed(r, 0)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	respond.PageLinks(w, r, f.offset, f.limit, f.total)
	respond.JSON(w, http.StatusOK, f.files)
}
