package web

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// list answers with the files of an area in the format that the request names.
func (s *Server) list(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	q, kind := r.URL.Query(), respond.Format(w, r)
	limit := 0
	if kind == "html" {
		limit = 100
	}
	f, err := parseFilter(q, area, limit)
	if err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	switch kind {
	case "html":
		f.Limit = min(f.Limit, mostShown)
		s.listPage(w, r, files, area, f)
	case "json":
		s.listJSON(w, r, files, area, f)
	case "csv":
		s.listCSV(w, r, files, area, f)
	case "zip":
		places, _, err := s.find(r.Context(), files, area, f)
		if err != nil {
			s.respond.Error(w, r, err)
			return
		}
		table := files.Files(area)
		s.zip(w, r, area, func(yield func(string) bool) {
			for _, place := range places {
				if !yield(table.Name(int(place))) {
					return
				}
			}
		})
	default:
		s.respond.Problem(w, r, http.StatusBadRequest, "format: expected html, json, csv or zip")
	}
}

func (s *Server) listAPI(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	f, err := parseFilter(r.URL.Query(), area, 100)
	if err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	s.listJSON(w, r, files, area, f)
}

func (s *Server) listPage(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, total, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	shown, err := s.describe(r.Context(), files, area, places, telling{settings: true})
	if err != nil {
		s.respond.Unavailable(w, r, err)
		return
	}
	table := files.Files(area)
	d := views.ListData{Area: area, Files: shown, Folder: f.Folder, State: f.State, Text: f.Text, Dataset: f.Dataset, Datasets: s.datasets(), Sort: string(f.Sort), Descending: f.Descending, Limit: f.Limit,
		All: table.Len(), Bytes: table.Bytes(), Query: r.URL.Query(), Chosen: chosenBefore(r), AreaAddress: s.BasePath + "files/" + string(area) + "/"}
	d.Paging = views.NewPaging(f.Offset, f.Limit, len(shown), total, func(offset int) string {
		if offset == 0 {
			return d.With()
		}
		return d.With("offset", format.Int(offset))
	})
	d.ArchiveAddress = d.With("format", "zip", "limit", "")
	names, more := table.Folders(f.Folder, mostFolders)
	for _, name := range names {
		d.Folders = append(d.Folders, views.Folder{Name: name, Path: f.Folder + name + "/"})
	}
	d.MoreFolders = more
	path := ""
	for part := range strings.SplitSeq(strings.TrimSuffix(f.Folder, "/"), "/") {
		if part != "" {
			path += part + "/"
			d.Breadcrumbs = append(d.Breadcrumbs, views.Folder{Name: part, Path: path})
		}
	}
	s.respond.Page(w, r, http.StatusOK, views.ListPage(s.frame(r, string(area), views.AreaTitles[area]), d))
}

// mostShown bounds how many files a page shows.
const mostShown = 1000

// mostFolders bounds how many folders a page links to.
const mostFolders = 200

// chunk is how many files are described at once where a request is for all of them.
const chunk = 1000

// listJSON writes an array of files: all, or one page with links to its neighbours.
func (s *Server) listJSON(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, total, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	respond.PageLinks(w, r, f.Offset, f.Limit, total)
	s.eachChunk(w, r, files, area, places, f.SHA256, "[", func(out io.Writer, l api.File, first bool) error {
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

// eachChunk writes the files, some at a time. After the first byte an error breaks the
// connection off, so that no client takes a part for the whole list.
func (s *Server) eachChunk(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, places []int32, sums bool,
	before string, write func(w io.Writer, l api.File, first bool) error, after string) {
	for i := 0; i == 0 || i < len(places); i += chunk {
		shown, err := s.describe(r.Context(), files, area, places[i:min(len(places), i+chunk)], telling{sums: sums, settings: len(places) <= chunk})
		if err != nil && i == 0 {
			s.respond.Unavailable(w, r, err)
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

// cells gives the cells of a table: a person opens it in a spreadsheet, which must not take a
// text for a formula, and a program needs the text itself.
func cells(r *http.Request) func(string) string {
	if respond.WantsPage(r) {
		return format.Cell
	}
	return func(text string) string { return text }
}

// listCSV writes a table of files: for a browser safe for spreadsheets, for programs as they are.
func (s *Server) listCSV(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, _, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	respond.Attachment(w, string(area)+".csv")
	cell := cells(r)
	header := "name,size,modified,etag,state,reason,result\n"
	if area == filestore.Processed {
		header = "name,size,modified,etag,source,outdated,settings,made,rows,seconds,dataset\n"
	}
	s.eachChunk(w, r, files, area, places, false, header, func(out io.Writer, l api.File, _ bool) error {
		record := []string{l.Name, strconv.FormatInt(l.Size, 10), l.ModTime.Format(time.RFC3339Nano), l.ETag, l.State, l.Reason, l.Result}
		if area == filestore.Processed {
			record = append(record[:4], l.Source, strconv.FormatBool(l.Outdated), l.Settings, "", "", "", l.Dataset)
			if l.Made != nil {
				record[7], record[8], record[9] = l.Made.Format(time.RFC3339Nano), strconv.FormatInt(l.Rows, 10), strconv.FormatFloat(l.Seconds, 'f', -1, 64)
			}
		}
		for i, text := range record {
			record[i] = cell(text)
		}
		c := csv.NewWriter(out)
		_ = c.Write(record)
		c.Flush()
		return c.Error()
	}, "")
}
