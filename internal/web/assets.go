package web

import (
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"csv-pipeline/internal/web/views"
)

// icon leads to the picture of the pages.
func (s *Server) icon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.BasePath+"assets/icon.svg?v="+views.AssetsVersion, http.StatusFound)
}

// asset serves a script, style or picture of the pages.
func (s *Server) asset(w http.ResponseWriter, r *http.Request) {
	name := path.Join("assets", path.Clean("/"+r.PathValue("name")))
	text, err := views.Assets.ReadFile(name)
	if err != nil {
		s.respond.Problem(w, r, http.StatusNotFound, pageNotFound)
		return
	}
	w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
	w.Header().Set("ETag", `"`+views.AssetsVersion+`"`)
	w.Header().Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == views.AssetsVersion {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, name, time.Time{}, strings.NewReader(string(text)))
}
