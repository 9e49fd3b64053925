package respond

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// WantsPage reports whether the client shows pages, as a browser does: it accepts HTML
// by name, and does not prefer JSON. A client that accepts anything, as curl does, is a
// program.
func WantsPage(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header["Accept"], ","))
	if !strings.Contains(accept, "html") {
		return false // at once: most requests come from programs
	}
	var html, json float64
	for one := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(one)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, there := parameters["q"]; there {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		switch kind {
		case "text/html", "application/xhtml+xml":
			html = max(html, quality)
		case "application/json":
			json = max(json, quality)
		}
	}
	return html > 0 && html >= json
}

// Format is the format in which an address that has several is asked for: the one that
// the query names, or else html for a browser and json for programs.
func Format(w http.ResponseWriter, r *http.Request) string {
	w.Header().Add("Vary", "Accept")
	switch named := r.URL.Query().Get("format"); {
	case named != "":
		return named
	case WantsPage(r):
		return "html"
	}
	return "json"
}
