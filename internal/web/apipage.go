package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/views"
)

// apiPage shows the description of the API, with a form for each request that only reads.
func (s *Server) apiPage(w http.ResponseWriter, r *http.Request) {
	operations, err := api.Operations()
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	s.respond.Page(w, r, http.StatusOK, views.APIPage(s.frame(r, "api", "API"), operations))
}

// tryAPI leads from a form of that page to the request that was filled in.
func (s *Server) tryAPI(w http.ResponseWriter, r *http.Request) {
	operations, err := api.Operations()
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	asked := r.URL.Query()
	at := slices.IndexFunc(operations, func(o api.Operation) bool { return o.Method == http.MethodGet && o.Path == asked.Get(views.TriedPath) })
	if at < 0 {
		s.respond.Problem(w, r, http.StatusNotFound, "there is no such request in the API")
		return
	}
	path, query := operations[at].Path, url.Values{}
	for _, p := range operations[at].Parameters {
		value := asked.Get(p.Name)
		switch {
		case p.In == "path":
			segments := strings.Split(value, "/")
			for i := range segments {
				segments[i] = url.PathEscape(segments[i])
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", strings.Join(segments, "/"))
		case p.In == "query" && value != "":
			query.Set(p.Name, value)
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	http.Redirect(w, r, s.BasePath+strings.TrimPrefix(path, "/"), http.StatusSeeOther) //nolint:gosec // the path begins as one of ours does
}
