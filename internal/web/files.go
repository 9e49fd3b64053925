package web

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
)

// list shows the files of an area in the format that is asked for.
func (s *Server) list(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	q, format := r.URL.Query(), format(w, r)
	limit := 0
	if format == "html" {
		limit = 100
	}
	f, err := parseFilter(q, area, limit)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	switch format {
	case "html":
		f.Limit = min(f.Limit, 1000)
		s.listPage(w, r, files, area, f)
	case "json":
		s.listJSON(w, r, files, area, f)
	case "csv":
		s.listCSV(w, r, files, area, f)
	case "zip":
		places, _, err := s.find(r.Context(), files, area, f)
		if err != nil {
			s.fail(w, r, err)
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
		s.problem(w, r, http.StatusBadRequest, "format: expected html, json, csv or zip")
	}
}

func (s *Server) listAPI(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	f, err := parseFilter(r.URL.Query(), area, 100)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.listJSON(w, r, files, area, f)
}

// listPageData is what the page of files shows.
type listPageData struct {
	Area        filestore.Area
	Files       []listed
	Filter      filter
	All         int
	Bytes       int64
	Folders     []folder
	MoreFolders bool // than these
	Crumbs      []folder
	ZipAddress  string
	Address     string // of the area
	query       url.Values
	pages
}

// pages is where a part of a long list is in it, and the addresses of its neighbours.
type pages struct {
	First, Last, Total int    // from 1
	Previous, Next     string // "": there is none
}

// What people call the areas, and what the time of their files is.
var (
	titles   = map[filestore.Area]string{filestore.Raw: "Raw files", filestore.Processed: "Results"}
	modified = map[filestore.Area]string{filestore.Raw: "Modified", filestore.Processed: "Input modified"}
)

// raw reports whether these are raw files, which have a state.
func (d listPageData) raw() bool { return d.Area == filestore.Raw }

// folder is a link to a part of the files.
type folder struct{ Name, Path string }

// With is the address of this page with some parameters changed; it starts anew
// from the first file.
func (d listPageData) With(pairs ...string) string {
	q := url.Values{}
	for _, key := range []string{"q", "folder", "state", "sort", "order", "limit"} {
		if v := d.query.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + q.Encode()
}

// SortBy is the address for a column's heading: a second click turns it round.
func (d listPageData) SortBy(column string) string {
	order := ""
	if string(d.Filter.Sort) == column && !d.Filter.Descending {
		order = "desc"
	}
	return d.With("sort", column, "order", order)
}

// Sorted is for aria-sort.
func (d listPageData) Sorted(column string) string {
	switch {
	case string(d.Filter.Sort) != column:
		return "none"
	case d.Filter.Descending:
		return "descending"
	}
	return "ascending"
}

func (s *Server) listPage(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, total, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	shown, err := s.describe(r.Context(), files, area, places, false)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	table := files.Files(area)
	d := listPageData{Area: area, Files: shown, Filter: f, All: table.Len(), Bytes: table.Bytes(), query: r.URL.Query(), Address: s.BasePath + "files/" + string(area) + "/",
		pages: pages{Total: total, First: min(f.Offset+1, total), Last: f.Offset + len(shown)}}
	at := func(offset int) string {
		if offset == 0 {
			return d.With()
		}
		return d.With("offset", formatInt(offset))
	}
	if f.Offset > 0 {
		d.Previous = at(max(0, f.Offset-f.Limit))
	}
	if f.Offset+len(shown) < total {
		d.Next = at(f.Offset + f.Limit)
	}
	d.ZipAddress = d.With("format", "zip", "limit", "")
	names, more := table.Folders(f.Folder, mostFolders)
	for _, name := range names {
		d.Folders = append(d.Folders, folder{name, f.Folder + name + "/"})
	}
	d.MoreFolders = more
	path := ""
	for part := range strings.SplitSeq(strings.TrimSuffix(f.Folder, "/"), "/") {
		if part != "" {
			path += part + "/"
			d.Crumbs = append(d.Crumbs, folder{part, path})
		}
	}
	s.show(w, r, http.StatusOK, listView(s.page(r, string(area), titles[area]), d))
}

// mostFolders bounds how many folders a page names.
const mostFolders = 200

// zipForm downloads the files that were ticked.
func (s *Server) zipForm(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "the form cannot be read, or it is longer than 4 MiB")
		return
	}
	names := r.PostForm["name"]
	if len(names) == 0 {
		s.problem(w, r, http.StatusBadRequest, "no file was chosen: tick some first")
		return
	}
	slices.Sort(names)
	s.zip(w, r, area, slices.Values(slices.Compact(names)))
}

// zip streams files as one archive, which has no end when something went wrong.
func (s *Server) zip(w http.ResponseWriter, r *http.Request, area filestore.Area, names func(yield func(string) bool)) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Cache-Control", "no-store")
	attachment(w, "csv-pipeline-"+string(area)+".zip")
	if r.Method == http.MethodHead {
		return
	}
	z := zip.NewWriter(w)
	for name := range names {
		if err := s.zipOne(r.Context(), z, area, name); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) zipOne(ctx context.Context, z *zip.Writer, area filestore.Area, name string) error {
	f, err := s.Store.Open(ctx, area, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName), err != nil && isOutside(err):
		return nil // it is gone, or was never one of ours
	case err != nil:
		return err
	}
	defer f.Close()
	method := zip.Deflate
	if ext := path.Ext(name); ext == ".gz" || ext == ".zst" {
		method = zip.Store
	}
	entry, err := z.CreateHeader(&zip.FileHeader{Name: visible(name), Method: method, Modified: f.Info().ModTime.UTC()})
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, f)
	return err
}

// attachment makes a browser save the answer under a name, and not show it (RFC 6266).
func attachment(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": visible(name)}))
}
