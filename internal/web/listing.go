package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// The states of a raw file, as pages and the API call them.
const (
	stateWaiting  = "waiting" // in the list, or about to be put there
	stateInFlight = "in-flight"
	stateRetrying = "retrying"
	stateFailed   = "failed"
	stateDone     = "done"
)

var states = []string{stateWaiting, stateInFlight, stateRetrying, stateFailed, stateDone}

// listed is a file as the API shows it.
type listed struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modified"`
	ETag    string    `json:"etag"`
	State   string    `json:"state,omitempty"`  // of a raw file
	Reason  string    `json:"reason,omitempty"` // why it failed
	Result  string    `json:"result,omitempty"` // of a raw file that is done
	Source  string    `json:"source,omitempty"` // of a result: the raw file it was made from
	// Outdated: the raw file has changed since, or is gone.
	Outdated bool   `json:"outdated,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
}

// filter says which files are wanted, and in what order.
type filter struct {
	Text, Folder, State string
	Sort                catalog.Order
	Descending          bool
	Offset, Limit       int // Limit 0: all
	SHA256              bool
}

// badRequest is a mistake of the client.
type badRequest struct{ problem string }

func (b badRequest) Error() string { return b.problem }

func badRequestf(format string, args ...any) error { return badRequest{fmt.Sprintf(format, args...)} }

// whole reads a whole number from a query.
func whole(q url.Values, name string, standard, least, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badRequestf("%s: expected a whole number from %d to %d", name, least, most)
	}
	return n, nil
}

const mostListed = 10_000_000

func parseFilter(q url.Values, area filestore.Area, limit int) (f filter, err error) {
	f = filter{Text: q.Get("q"), Folder: q.Get("folder"), State: q.Get("state"), Sort: catalog.Order(q.Get("sort")), SHA256: q.Get("sha256") == "1"}
	if len(f.Text) > 1024 || len(f.Folder) > 1024 {
		return f, badRequestf("q and folder: expected at most 1024 bytes")
	}
	if f.Sort == "" {
		f.Sort = catalog.ByName
	}
	if !slices.Contains([]catalog.Order{catalog.ByName, catalog.BySize, catalog.ByTime}, f.Sort) {
		return f, badRequestf("sort: expected name, size or modified")
	}
	switch q.Get("order") {
	case "", "asc":
	case "desc":
		f.Descending = true
	default:
		return f, badRequestf("order: expected asc or desc")
	}
	if f.State != "" && (area != filestore.Raw || !slices.Contains(states, f.State)) {
		return f, badRequestf("state: expected one of %s, and of raw files only", strings.Join(states, ", "))
	}
	if f.Folder != "" && !strings.HasSuffix(f.Folder, "/") {
		f.Folder += "/"
	}
	if f.Limit, err = whole(q, "limit", limit, 1, mostListed); err != nil {
		return f, err
	}
	if f.Offset, err = whole(q, "offset", 0, 0, mostListed); err != nil {
		return f, err
	}
	if f.SHA256 && (f.Limit == 0 || f.Limit > 1000) {
		return f, badRequestf("sha256=1 reads every file: expected a limit of at most 1000")
	}
	return f, nil
}

// find returns the places of the files that a filter lets through: those of the
// page that is asked for, and how many there are in all.
func (s *Server) find(ctx context.Context, files *catalog.Snapshot, area filestore.Area, f filter) (places []int32, total int, err error) {
	table := files.Files(area)
	keep, err := s.predicate(ctx, files, table, f)
	if err != nil {
		return nil, 0, err
	}
	sorted := table.Sorted(f.Sort)
	limit := f.Limit
	if limit == 0 {
		limit = len(sorted)
	}
	at := func(i int) int32 {
		if f.Descending {
			return sorted[len(sorted)-1-i]
		}
		return sorted[i]
	}
	if keep == nil {
		for i := f.Offset; i < min(len(sorted), f.Offset+limit); i++ {
			places = append(places, at(i))
		}
		return places, len(sorted), nil
	}
	for i := range sorted {
		place := at(i)
		if !keep(int(place)) {
			continue
		}
		if total >= f.Offset && len(places) < limit {
			places = append(places, place)
		}
		total++
	}
	return places, total, nil
}

// predicate is nil when all files are wanted.
func (s *Server) predicate(ctx context.Context, files *catalog.Snapshot, table *catalog.Table, f filter) (func(place int) bool, error) {
	var tests []func(place int) bool
	if f.Folder != "" {
		tests = append(tests, func(place int) bool { return strings.HasPrefix(table.Name(place), f.Folder) })
	}
	if f.Text != "" {
		text := strings.ToLower(f.Text)
		tests = append(tests, func(place int) bool { return strings.Contains(strings.ToLower(table.Name(place)), text) })
	}
	switch f.State {
	case "":
	case stateDone:
		tests = append(tests, files.HasResult)
	default:
		in := map[string]map[int]bool{}
		for state, of := range map[string]queue.State{stateFailed: queue.Failed, stateRetrying: queue.Delayed, stateInFlight: queue.InFlightState} {
			if f.State != state && f.State != stateWaiting {
				continue
			}
			names, err := s.Queue.InState(ctx, of)
			if err != nil {
				return nil, err
			}
			in[state] = make(map[int]bool, len(names))
			for _, name := range names {
				if place, ok := table.Place(name); ok {
					in[state][place] = true
				}
			}
		}
		tests = append(tests, func(place int) bool {
			if files.HasResult(place) {
				return false
			}
			if f.State == stateWaiting {
				return !in[stateFailed][place] && !in[stateRetrying][place] && !in[stateInFlight][place]
			}
			return in[f.State][place]
		})
	}
	if len(tests) == 0 {
		return nil, nil
	}
	return func(place int) bool {
		for _, test := range tests {
			if !test(place) {
				return false
			}
		}
		return true
	}, nil
}

// describe tells about the files at the given places, a page of them at a time.
func (s *Server) describe(ctx context.Context, files *catalog.Snapshot, area filestore.Area, places []int32, sums bool) ([]listed, error) {
	table := files.Files(area)
	shown := make([]listed, len(places))
	var pending []string
	var at []int
	for i, place := range places {
		info := table.At(int(place))
		l := listed{Name: info.Name, Size: info.Size, ModTime: info.ModTime, ETag: info.ETag}
		if area == filestore.Processed {
			if raw, ok := filestore.RawName(info.Name); ok {
				l.Source = raw
				source, there := files.Raw.Find(raw)
				l.Outdated = !there || !info.MadeFrom(source)
			}
		} else if l.State = stateWaiting; files.HasResult(int(place)) {
			l.State = stateDone
			l.Result, _ = filestore.ResultName(info.Name)
		} else {
			pending, at = append(pending, info.Name), append(at, i)
		}
		if sums {
			sum, err := s.sha256(ctx, area, info.Name)
			if err != nil && !errors.Is(err, filestore.ErrNotExist) {
				return nil, err
			}
			l.SHA256 = sum
		}
		shown[i] = l
	}
	standings, err := s.Queue.Standings(ctx, pending)
	if err != nil {
		return nil, err
	}
	for i, st := range standings {
		l := &shown[at[i]]
		switch {
		case st.InFlight:
			l.State = stateInFlight
		case st.Failed != nil:
			l.State, l.Reason = stateFailed, st.Failed.Reason
		case !st.Delayed.IsZero():
			l.State = stateRetrying
		}
	}
	return shown, nil
}

// chunk is how many files are described at once where all are wanted.
const chunk = 1000

// listJSON writes an array of files: all, or a page with links to the others.
func (s *Server) listJSON(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, total, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	pageLinks(w, r, f.Offset, f.Limit, total)
	s.eachChunk(w, r, files, area, places, f.SHA256, "[", func(out io.Writer, l listed, first bool) error {
		text, err := json.Marshal(l)
		if err != nil {
			return err
		}
		if !first {
			text = append([]byte(",\n"), text...)
		}
		_, err = out.Write(text)
		return err
	}, "]\n")
}

// pageLinks tells how many there are and where the neighbouring pages are (RFC 8288).
func pageLinks(w http.ResponseWriter, r *http.Request, offset, limit, total int) {
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	if limit == 0 {
		return
	}
	link := func(offset int, rel string) {
		q := r.URL.Query()
		q.Set("offset", strconv.Itoa(offset))
		q.Set("limit", strconv.Itoa(limit))
		w.Header().Add("Link", fmt.Sprintf(`<?%s>; rel="%s"`, q.Encode(), rel))
	}
	if offset+limit < total {
		link(offset+limit, "next")
	}
	if offset > 0 {
		link(max(0, offset-limit), "prev")
	}
}

// eachChunk writes the files, some at a time. An error after the first byte can only
// be told by breaking off, so that nobody takes a part for the whole.
func (s *Server) eachChunk(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, places []int32, sums bool,
	before string, write func(w io.Writer, l listed, first bool) error, after string) {
	for i := 0; i == 0 || i < len(places); i += chunk {
		shown, err := s.describe(r.Context(), files, area, places[i:min(len(places), i+chunk)], sums)
		if err != nil && i == 0 {
			s.fail(w, r, err)
			return
		} else if err != nil {
			panic(http.ErrAbortHandler)
		}
		if i == 0 {
			_, _ = io.WriteString(w, before)
		}
		for n, l := range shown {
			if err := write(w, l, i+n == 0); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	}
	_, _ = io.WriteString(w, after)
}

// listCSV writes a table of files for spreadsheets.
func (s *Server) listCSV(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, _, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	attachment(w, string(area)+".csv")
	header := "name,size,modified,etag,state,reason,result\n"
	if area == filestore.Processed {
		header = "name,size,modified,etag,source,outdated\n"
	}
	s.eachChunk(w, r, files, area, places, false, header, func(out io.Writer, l listed, _ bool) error {
		record := []string{l.Name, strconv.FormatInt(l.Size, 10), l.ModTime.Format(time.RFC3339Nano), l.ETag, l.State, l.Reason, l.Result}
		if area == filestore.Processed {
			record = append(record[:4], l.Source, strconv.FormatBool(l.Outdated))
		}
		for i, cell := range record {
			record[i] = neutral(cell)
		}
		c := csv.NewWriter(out)
		_ = c.Write(record)
		c.Flush()
		return c.Error()
	}, "")
}

// neutral keeps a spreadsheet from taking a text for a formula (OWASP, "CSV
// Injection").
func neutral(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
