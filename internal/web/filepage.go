package web

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Rows of a file that its page shows, and bars of its chart.
const (
	mostRows = 1000
	mostBars = 40
)

// fileDetail is what is known about a file.
type fileDetail struct {
	listed
	Area     filestore.Area  `json:"area"`
	Attempts []queue.Attempt `json:"attempts"`
	Lease    *queue.Lease    `json:"lease,omitempty"` // of a raw file in flight
}

// detail tells about a version of a file that was just opened, or nothing but its
// history when there is no such file any more.
func (s *Server) detail(r *http.Request, area filestore.Area, info filestore.Info) (*fileDetail, error) {
	ctx := r.Context()
	d := &fileDetail{Area: area, Attempts: []queue.Attempt{}, listed: listed{Name: info.Name, Size: info.Size, ModTime: info.ModTime.UTC(), ETag: info.ETag}}
	raw := info.Name
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
		d.Outdated = err != nil || !info.MadeFrom(source)
	} else {
		standings, err := s.Queue.Standings(ctx, []string{info.Name})
		if err != nil {
			return nil, err
		}
		d.State = stateWaiting
		if name, err := filestore.ResultName(info.Name); err == nil {
			if result, err := s.Store.Stat(ctx, filestore.Processed, name); err == nil && result.MadeFrom(info) {
				d.State, d.Result = stateDone, name
			}
		}
		switch st := standings[0]; {
		case st.InFlight:
			d.State = stateInFlight
		case d.State == stateDone:
		case st.Failed != nil:
			d.State, d.Reason = stateFailed, st.Failed.Reason
		case !st.Delayed.IsZero():
			d.State = stateRetrying
		}
	}
	view, err := s.monitor.Recent(ctx, glance)
	if err != nil {
		return nil, err
	}
	for _, lease := range view.Leases {
		if lease.Name == raw && d.State == stateInFlight {
			d.Lease = &lease
		}
	}
	d.Attempts = s.monitor.History(raw, 50)
	return d, nil
}

// fileJSON answers with what is known about a file.
func (s *Server) fileJSON(w http.ResponseWriter, r *http.Request, area filestore.Area, info filestore.Info, sum bool) {
	d, err := s.detail(r, area, info)
	if err == nil && sum {
		d.SHA256, err = s.sha256(r.Context(), area, info.Name)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	answer(w, d)
}

func (s *Server) fileAPI(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	name := r.PathValue("name")
	info, err := s.Store.Stat(r.Context(), area, name)
	switch {
	case errors.Is(err, filestore.ErrInvalidName), errors.Is(err, filestore.ErrNotExist), err != nil && (isOutside(err) || tooLong(err)):
		s.problem(w, r, http.StatusNotFound, "there is no such file in "+string(area)+"/")
	case err != nil:
		s.fail(w, r, err)
	default:
		s.fileJSON(w, r, area, info, r.URL.Query().Get("sha256") == "1")
	}
}

// missing answers for a file that is not there; its history may be.
func (s *Server) missing(w http.ResponseWriter, r *http.Request, area filestore.Area, name string) {
	text := "there is no such file in " + string(area) + "/"
	if raw, ok := filestore.RawName(name); ok && area == filestore.Processed {
		if _, err := s.Store.Stat(r.Context(), filestore.Raw, raw); err == nil {
			text += " yet: its input " + visible(raw) + " has not been processed, or failed"
		}
	}
	s.problem(w, r, http.StatusNotFound, text)
}

// isOutside reports whether a symbolic link led out of the folder; package os has
// no name for that error.
func isOutside(err error) bool {
	return errors.Is(err, syscall.ELOOP) || strings.Contains(err.Error(), "path escapes from parent")
}

func tooLong(err error) bool { return errors.Is(err, syscall.ENAMETOOLONG) }

// filePageData is what the page of a file shows.
type filePageData struct {
	*fileDetail
	Table  *csvtable.Table
	Sort   int // column, -1: as in the file
	Desc   bool
	Charts []chart.Chart
	Letter *letter
}

// rowsTitle says how many rows are shown.
func (d filePageData) rowsTitle() string {
	if n := len(d.Table.Rows); d.Table.More || n >= mostRows {
		return "The first " + plural(n, "row", "rows")
	} else {
		return plural(n, "row", "rows")
	}
}

// heading is the name of a column, or its number.
func (d filePageData) heading(column int) string {
	if name := d.Table.Header[column]; name != "" {
		return visible(name)
	}
	return "#" + formatInt(column+1)
}

// hasAttempts reports whether a processor is ever given this file, or its input.
func (d filePageData) hasAttempts() bool { return d.Area == filestore.Raw || d.Source != "" }

// SortBy is the address for a column's heading.
func (d filePageData) SortBy(column int) string {
	if column == d.Sort && !d.Desc {
		return fmt.Sprintf("?sort=%d&order=desc", column)
	}
	return fmt.Sprintf("?sort=%d", column)
}

// Sorted is for aria-sort.
func (d filePageData) Sorted(column int) string {
	switch {
	case column != d.Sort:
		return "none"
	case d.Desc:
		return "descending"
	}
	return "ascending"
}

func (s *Server) filePage(w http.ResponseWriter, r *http.Request, area filestore.Area, f filestore.File) {
	info := f.Info()
	detail, err := s.detail(r, area, info)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	d := filePageData{fileDetail: detail, Sort: -1}
	if d.Table, err = csvtable.Read(f, mostRows); err != nil {
		s.fail(w, r, err)
		return
	}
	if area == filestore.Processed {
		d.Charts = charts(d.Table)
	}
	if column, err := strconv.Atoi(r.URL.Query().Get("sort")); err == nil && column >= 0 && column < len(d.Table.Header) {
		d.Sort, d.Desc = column, r.URL.Query().Get("order") == "desc"
		d.Table.Sort(d.Sort, d.Desc)
	}
	if detail.State == stateFailed {
		standings, err := s.Queue.Standings(r.Context(), []string{info.Name})
		if err != nil {
			s.fail(w, r, err)
			return
		}
		if failed := standings[0].Failed; failed != nil {
			d.Letter = &letter{*failed, true}
		}
	}
	s.show(w, r, http.StatusOK, fileView(s.page(r, "file", visible(info.Name)), d))
}

// charts draws each column of numbers of a result by its first column, the key.
func charts(t *csvtable.Table) []chart.Chart {
	var drawn []chart.Chart
	rows := t.Rows[:min(len(t.Rows), mostBars)]
	keys := 0
	for keys < len(t.Header)-1 && (keys == 0 || !t.Numeric[keys]) {
		keys++
	}
	for column := keys; column < len(t.Header) && len(drawn) < 4 && len(rows) > 0; column++ {
		if !t.Numeric[column] {
			continue
		}
		values := make([]float64, len(rows))
		labels := make([]string, len(rows))
		for i, row := range rows {
			n, _ := csvtable.ParseNumber(row[column])
			values[i], labels[i] = n.Float(), visible(strings.Join(row[:keys], " "))
		}
		name := visible(t.Header[column])
		title := name + " by " + visible(strings.Join(t.Header[:keys], ", "))
		if len(t.Rows) > len(rows) || t.More {
			title += fmt.Sprintf(", the first %d", len(rows))
		}
		drawn = append(drawn, chart.Chart{Title: title, Kind: chart.Bars, Labels: labels, Width: 640, Height: 260,
			Series: []chart.Series{{Name: name, Values: values}}})
	}
	return drawn
}
