package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
)

// onlyKnown refuses requests of the API that read and have a parameter that the description of the
// API does not know: ignored, a misspelt one would have another answer than what was asked for.
// Pages ignore them, since links are often followed with parameters that others add.
func (s *Server) onlyKnown(routes []route) error {
	operations, err := api.Operations()
	if err != nil {
		return err
	}
	for i, route := range routes {
		path := strings.ReplaceAll(route.pattern, "...}", "}")
		at := slices.IndexFunc(operations, func(o api.Operation) bool { return o.Method == route.method && o.Path == path })
		if at < 0 || route.method != http.MethodGet || !strings.HasPrefix(path, "/api/v1/") {
			continue
		}
		var known []string
		for _, p := range operations[at].Parameters {
			if p.In == "query" {
				known = append(known, p.Name)
			}
		}
		routes[i].handle = func(w http.ResponseWriter, r *http.Request) {
			for _, name := range slices.Sorted(maps.Keys(r.URL.Query())) {
				// A format may stand in place of an Accept header everywhere.
				if name != "format" && !slices.Contains(known, name) {
					s.respond.Error(w, r, unknownParameter(name, known))
					return
				}
			}
			route.handle(w, r)
		}
	}
	return nil
}

func unknownParameter(name string, known []string) error {
	if near := expression.Nearest(name, known); near != "" {
		return respond.BadRequestf("there is no parameter %.100q; did you mean %s?", name, near)
	}
	if len(known) == 0 {
		return respond.BadRequestf("there is no parameter %.100q: this address takes none", name)
	}
	return respond.BadRequestf("there is no parameter %.100q; there are: %s", name, strings.Join(known, ", "))
}
