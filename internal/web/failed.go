package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"csv-pipeline/internal/failures"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// mostGroups bounds how many groups a page shows.
const mostGroups = 50

// failedFiles are some of the files that failed, the dead letters.
type failedFiles struct {
	filter        failures.Filter
	index         *failures.Index
	letters       []failures.Letter // all that match
	offset, limit int               // of letters; limit 0: all
}

// page are the letters of the page that is asked for.
func (f failedFiles) page() []failures.Letter {
	from := min(f.offset, len(f.letters))
	if f.limit == 0 {
		return f.letters[from:]
	}
	return f.letters[from:min(len(f.letters), from+f.limit)]
}

// failed finds the failed files that a request is for; standard is the limit where the request
// has none, 0: all.
func (s *Server) failed(r *http.Request, standard int) (f failedFiles, err error) {
	q := r.URL.Query()
	if f.limit, err = respond.WholeNumber(q, "limit", standard, 1, mostListed); err != nil {
		return f, err
	}
	if f.offset, err = respond.WholeNumber(q, "offset", 0, 0, mostListed); err != nil {
		return f, err
	}
	f.filter = failures.Filter{Group: q.Get("group"), Text: q.Get("q")}
	if len(f.filter.Text) > 1024 || len(f.filter.Group) > 1024 {
		return f, respond.BadRequestf("q and group: expected at most 1024 bytes")
	}
	if f.index, err = s.failures.Recent(r.Context()); err != nil {
		return f, err
	}
	f.letters = f.index.Find(f.filter)
	return f, nil
}

// describeFailed says all about failed files. One that has not failed any more is left out.
func (s *Server) describeFailed(ctx context.Context, index *failures.Index, letters []failures.Letter) ([]api.DeadLetter, error) {
	listing, err := s.Catalog.Recent(ctx)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(letters))
	for i, l := range letters {
		names[i] = l.Name
	}
	standings, err := s.Queue.Standings(ctx, names)
	if err != nil {
		return nil, err
	}
	files := []api.DeadLetter{}
	for i, l := range letters {
		if standings[i].Failed == nil {
			continue
		}
		_, exists := listing.Raw.Find(l.Name)
		group := index.Groups[l.Group]
		files = append(files, api.DeadLetter{DeadLetter: *standings[i].Failed, Exists: exists, Group: group.ID, Dataset: group.Dataset})
	}
	return files, nil
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
	f.limit = min(f.limit, mostShown)
	files, err := s.describeFailed(r.Context(), f.index, f.page())
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	if _, err := s.monitor.Fresh(r.Context()); err != nil { // so that the tries are not older than the files
		s.respond.Unavailable(w, r, err)
		return
	}
	d := views.FailedData{Files: files, All: len(f.index.Letters), Chosen: chosenBefore(r), Group: f.filter.Group, Text: f.filter.Text,
		// Files that fail after the page was made are not meant by its buttons.
		Until: f.index.Newest().Format(time.RFC3339Nano), Tries: s.monitor.Histories(namesOf(files), 10)}
	if chosen := slices.IndexFunc(f.index.Groups, func(g failures.Group) bool { return g.ID == f.filter.Group }); chosen >= 0 {
		d.Reason = f.index.Groups[chosen].Reason
	}
	d.Groups = f.index.Count(f.letters)
	d.MoreGroups = max(0, len(d.Groups)-mostGroups)
	d.Groups = d.Groups[:len(d.Groups)-d.MoreGroups]
	d.Paging = views.NewPaging(f.offset, f.limit, len(f.page()), len(f.letters), func(offset int) string {
		q := url.Values{"offset": {format.Int(offset)}, "limit": {format.Int(f.limit)}}
		if f.filter.Group != "" {
			q.Set("group", f.filter.Group)
		}
		if f.filter.Text != "" {
			q.Set("q", f.filter.Text)
		}
		return "?" + q.Encode()
	})
	frame := s.frame(r, "failed", "Failed")
	frame.Counts.Failed = int64(d.All)
	s.respond.Page(w, r, http.StatusOK, views.FailedPage(frame, d))
}

func namesOf(files []api.DeadLetter) map[string]bool {
	names := make(map[string]bool, len(files))
	for _, l := range files {
		names[l.Name] = true
	}
	return names
}

func (s *Server) failedAPI(w http.ResponseWriter, r *http.Request) {
	f, err := s.failed(r, 0)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	// Some at a time, since all of many would take much memory.
	page, first := f.page(), true
	for i := 0; i == 0 || i < len(page); i += chunk {
		files, err := s.describeFailed(r.Context(), f.index, page[i:min(len(page), i+chunk)])
		if err != nil && i == 0 {
			s.respond.Error(w, r, err)
			return
		} else if err != nil {
			panic(http.ErrAbortHandler) // so that no client takes a part for the whole list
		}
		if i == 0 {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			respond.PageLinks(w, r, f.offset, f.limit, len(f.letters))
			_, _ = w.Write([]byte("["))
		}
		for _, file := range files {
			text, err := json.Marshal(file)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			if !first {
				text = append([]byte(",\n"), text...)
			}
			first = false
			_, _ = w.Write(text) // an error means that the client has gone
		}
	}
	_, _ = w.Write([]byte("]\n"))
}

func (s *Server) failedGroupsAPI(w http.ResponseWriter, r *http.Request) {
	f, err := s.failed(r, 0)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	groups := f.index.Count(f.letters)
	respond.PageLinks(w, r, f.offset, f.limit, len(groups))
	from := min(f.offset, len(groups))
	to := len(groups)
	if f.limit > 0 {
		to = min(to, from+f.limit)
	}
	respond.JSON(w, http.StatusOK, groups[from:to])
}
