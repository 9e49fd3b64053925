package web

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/resultformat"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// file serves one version of a file, whatever is published meanwhile: a browser gets a
// page about it, others and ?download get its bytes.
func (s *Server) file(w http.ResponseWriter, r *http.Request, area filestore.Area, name string) {
	var q url.Values
	if r.URL.RawQuery != "" {
		q = r.URL.Query()
	}
	if !slices.Contains([]string{"", "html", "json"}, q.Get("format")) {
		s.respond.Problem(w, r, http.StatusBadRequest, "format: expected html for the page, or json for what is known of the file; without it the answer is the file")
		return
	}
	f, err := s.Store.Open(r.Context(), area, name)
	if err != nil && respond.WantsPage(r) && s.isFolder(r.Context(), area, name) {
		folder := url.Values{"folder": {strings.TrimSuffix(name, "/")}}
		http.Redirect(w, r, s.BasePath+"files/"+string(area)+"/?"+folder.Encode(), http.StatusSeeOther)
		return
	}
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		s.respond.Problem(w, r, http.StatusNotFound, format.Visible(err.Error()))
		return
	case errors.Is(err, filestore.ErrNotExist):
		s.missing(w, r, area, name)
		return
	case err != nil:
		s.respond.Unavailable(w, r, err)
		return
	}
	defer f.Close()
	respond.VaryByAccept(w)
	if q.Get("format") == "" && respond.WantsPage(r) && !q.Has("download") || q.Get("format") == "html" {
		respond.Compressed(func(w http.ResponseWriter, r *http.Request) { s.filePage(w, r, area, f) })(w, r)
		return
	}
	if q.Get("format") == "json" {
		s.fileJSON(w, r, area, f.Info(), q.Get("sha256") == "1")
		return
	}
	s.respond.File(w, r, area, f, q.Has("download") || respond.WantsPage(r))
}

// isFolder reports whether there are files in a folder of the name.
func (s *Server) isFolder(ctx context.Context, area filestore.Area, name string) bool {
	files, err := s.Catalog.Recent(ctx)
	if err != nil {
		return false
	}
	table, folder := files.Files(area), strings.TrimSuffix(name, "/")+"/"
	next, _ := table.Place(folder)
	return next < table.Len() && strings.HasPrefix(table.Name(next), folder)
}

// detail is what is known about a version of a file.
func (s *Server) detail(r *http.Request, area filestore.Area, info filestore.Info) (*api.FileDetail, error) {
	ctx := r.Context()
	d := &api.FileDetail{Area: area, Attempts: []queue.Attempt{}, Life: []api.LifeEvent{}, File: api.File{Name: info.Name, Size: info.Size, ModTime: info.ModTime.UTC(), ETag: info.ETag}}
	raw, modified := info.Name, info.ModTime
	var standing queue.Standing
	if area == filestore.Processed {
		name, ok := filestore.RawName(info.Name)
		if !ok {
			return d, nil
		}
		raw, d.Source = name, name
		source, err := s.Store.Stat(ctx, filestore.Raw, raw)
		if err != nil && !errors.Is(err, filestore.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			d.Outdated = s.Catalog.Outdated(info, &source)
		} else {
			d.Outdated = true
		}
		modified = source.ModTime
		if d.Settings, d.Fingerprint, err = s.settings(ctx, raw, info); err != nil {
			return nil, err
		}
	} else {
		standings, err := s.Queue.Standings(ctx, []string{info.Name})
		if err != nil {
			return nil, err
		}
		if result, err := filestore.Current(ctx, s.Store, info, s.Catalog.Formats(info.Name)); err == nil {
			d.Result = result.Name
		}
		standing = standings[0]
		d.State, d.Reason = state(standing, d.Result != "")
	}
	view, err := s.monitor.Fresh(ctx) // so that the attempts are not older than the standing
	if err != nil {
		return nil, err
	}
	for _, lease := range view.Leases {
		if lease.Name == raw && d.State == api.StateInFlight {
			d.Lease = &lease
		}
	}
	d.Attempts = s.monitor.History(raw, 50)
	d.Question = s.question(raw)
	if d.Source != "" {
		one := []api.File{d.File}
		s.tellMade(one)
		d.File = one[0]
	}
	result := d.Result
	if area == filestore.Processed {
		result = d.Name
	}
	d.Life = api.NewLife(modified, d.Attempts, d.State, standing, d.Lease, result)
	return d, nil
}

// question is what is asked of a raw file; nil where that is not known.
func (s *Server) question(raw string) *api.Question {
	if s.Questions == nil {
		return nil
	}
	_, dataset := s.Questions.For(raw)
	i := slices.IndexFunc(s.asked, func(q api.Question) bool { return q.Dataset == dataset })
	return &s.asked[i]
}

// fileJSON answers with what is known about a file.
func (s *Server) fileJSON(w http.ResponseWriter, r *http.Request, area filestore.Area, info filestore.Info, sum bool) {
	d, err := s.detail(r, area, info)
	if err == nil && sum {
		d.SHA256, err = s.sha256(r.Context(), area, info.Name)
	}
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, d)
}

func (s *Server) fileAPI(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	name := r.PathValue("name")
	info, err := s.Store.Stat(r.Context(), area, name)
	switch {
	case errors.Is(err, filestore.ErrInvalidName), errors.Is(err, filestore.ErrNotExist):
		s.respond.Problem(w, r, http.StatusNotFound, noFile(area))
	case err != nil:
		s.respond.Unavailable(w, r, err)
	default:
		s.fileJSON(w, r, area, info, r.URL.Query().Get("sha256") == "1")
	}
}

// missing answers for a file that does not exist.
func (s *Server) missing(w http.ResponseWriter, r *http.Request, area filestore.Area, name string) {
	text := noFile(area)
	if raw, ok := filestore.RawName(name); ok && area == filestore.Processed {
		if _, err := s.Store.Stat(r.Context(), filestore.Raw, raw); err == nil {
			text += " yet: its input " + format.Visible(raw) + " has not been processed, or failed"
		}
	}
	s.respond.Problem(w, r, http.StatusNotFound, text)
}

func noFile(area filestore.Area) string { return "there is no such file in " + string(area) + "/" }

// sha256 is the digest of a file, in hexadecimal.
func (s *Server) sha256(ctx context.Context, area filestore.Area, name string) (string, error) {
	f, err := s.Store.Open(ctx, area, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, err := s.respond.Digest(ctx, f)
	return hex.EncodeToString(sum), err
}

// readTable is the beginning of a file as a table.
func readTable(f filestore.File) (*csvtable.Table, error) {
	switch format, _ := filestore.FormatOf(f.Info().Name); format {
	case filestore.Parquet:
		return resultformat.ParquetTable(f, f.Info().Size, views.MostRows)
	case filestore.JSONLines:
		return resultformat.LinesTable(f, views.MostRows)
	}
	return csvtable.Read(f, views.MostRows)
}

// rejected is the name of the file with the rows that were left out of the result of a file; ""
// where there is none, or where it is of an earlier result.
func (s *Server) rejected(ctx context.Context, d *api.FileDetail) (string, error) {
	raw, result := d.Name, d.Result
	if d.Area == filestore.Processed {
		raw, result = d.Source, d.Name
	}
	name := rejectedName(raw)
	if name == "" || name == d.Name || result == "" {
		return "", nil
	}
	rows, under, err := s.made(ctx, name)
	if err == nil {
		var of filestore.Info
		var same string
		if of, same, err = s.made(ctx, result); err == nil && rows.Source == of.Source && under == same {
			return name, nil
		}
	}
	if err == nil || errors.Is(err, filestore.ErrNotExist) || errors.Is(err, filestore.ErrInvalidName) {
		return "", nil
	}
	return "", err
}

// made looks at a file in processed/, and says under which settings it was made.
func (s *Server) made(ctx context.Context, name string) (info filestore.Info, settings string, err error) {
	if info, err = s.Store.Stat(ctx, filestore.Processed, name); err == nil {
		settings, err = filestore.SettingsOf(ctx, s.Store, info)
	}
	return info, settings, err
}

// rejectedName is the name of the file with the rejected rows of a raw file; "" where the name is
// none of a raw file.
func rejectedName(raw string) string {
	name, err := filestore.RejectedName(raw)
	if err != nil {
		return ""
	}
	return name
}

func (s *Server) filePage(w http.ResponseWriter, r *http.Request, area filestore.Area, f filestore.File) {
	info := f.Info()
	detail, err := s.detail(r, area, info)
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	d := views.FileData{FileDetail: detail, Sort: -1}
	if detail.Source != "" && detail.Outdated {
		_, err := s.Store.Stat(r.Context(), filestore.Raw, detail.Source)
		d.SourceGone = errors.Is(err, filestore.ErrNotExist)
	}
	if d.Rejected, err = s.rejected(r.Context(), detail); err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	if area == filestore.Raw {
		if d.Table, d.Reading, err = s.readRaw(r.Context(), f, detail); err != nil {
			s.respond.Unavailable(w, r, err)
			return
		}
	}
	if d.Table == nil {
		if d.Table, err = readTable(f); err != nil {
			s.respond.Unavailable(w, r, err)
			return
		}
	}
	if area == filestore.Processed {
		d.Charts = views.ResultCharts(d.Table)
	}
	if column, err := strconv.Atoi(r.URL.Query().Get("sort")); err == nil && column >= 0 && column < len(d.Table.Header) {
		d.Sort, d.Descending = column, r.URL.Query().Get("order") == "desc"
		d.Table.Sort(d.Sort, d.Descending)
	}
	if detail.State == api.StateFailed {
		letters, err := s.Queue.LettersOf(r.Context(), []string{info.Name})
		if err != nil {
			s.respond.Unavailable(w, r, err)
			return
		}
		if failed := letters[0]; failed != nil {
			d.Failure = &api.DeadLetter{DeadLetter: *failed, Exists: true}
		}
	}
	s.respond.Page(w, r, http.StatusOK, views.FilePage(s.frame(r, "file", format.Visible(info.Name)), d))
}
