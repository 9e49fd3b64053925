package web

import (
	"errors"
	"net/http"
	"path"
	"strings"

	"csv-pipeline/internal/filestore"
)

// list shows the files of an area.
func (s *Server) list(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	snapshot, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	files := snapshot.Files(area)
	if wantsJSON(r) {
		shown := make([]listed, len(files))
		for i, f := range files {
			shown[i] = listed{f.Name, f.Size, f.ModTime.UTC(), f.ETag}
		}
		w.Header().Set("Vary", "Accept")
		answer(w, shown)
		return
	}
	var bytes int64
	for _, f := range files {
		bytes += f.Size
	}
	const most = 1000
	w.Header().Set("Vary", "Accept")
	s.render(w, "list.html", map[string]any{
		"Title": area, "Area": area, "Files": files[:min(len(files), most)], "Total": len(files), "Bytes": bytes, "More": len(files) > most,
	})
}

// wantsJSON reports whether a client asks for JSON, and not for a page.
func wantsJSON(r *http.Request) bool {
	switch r.URL.Query().Get("format") {
	case "json":
		return true
	case "":
		accept := r.Header.Get("Accept")
		return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
	}
	return false
}

// file serves one version of a file, whatever is published meanwhile.
func (s *Server) file(w http.ResponseWriter, r *http.Request, area filestore.Area, name string) {
	f, err := s.Store.Open(r.Context(), area, name)
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		problem(w, http.StatusNotFound, err.Error())
		return
	case errors.Is(err, filestore.ErrNotExist):
		problem(w, http.StatusNotFound, "there is no such file in "+string(area)+"/")
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	defer f.Close()
	info := f.Info()
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("ETag", `"`+info.ETag+`"`)
	w.Header().Set("Cache-Control", "no-cache") // ask each time whether it changed
	http.ServeContent(w, r, path.Base(name), info.ModTime, f)
}

// contentType never lets a browser run what was put among the files.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return "text/csv; charset=utf-8"
	case ".gz":
		return "application/gzip"
	case ".zst":
		return "application/zstd"
	}
	return "application/octet-stream"
}
