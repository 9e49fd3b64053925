package views

import (
	"net/http"
	"strings"

	"csv-pipeline/internal/web/api"
)

// fields are the parameters of a request that a form can send.
func fields(o api.Operation) (all []api.Parameter) {
	for _, p := range o.Parameters {
		if p.In != "header" {
			all = append(all, p)
		}
	}
	return all
}

// choices are the values of a parameter, where it has only some.
func choices(p api.Parameter) []string {
	if p.Schema.Type == "boolean" {
		return []string{"true", "false"}
	}
	return p.Schema.Enum
}

// curl is a request for curl: what stands before the address of the inspector, and what behind it.
func curl(o api.Operation) [2]string {
	options := "curl"
	if strings.HasSuffix(o.Path, "/events") {
		options += " -N"
	}
	if o.Guarded {
		options += ` -H "Authorization: Bearer $TOKEN"`
	}
	switch {
	case o.Method == http.MethodPut:
		options += " -T my.csv"
	case o.Body == "application/json":
		options += ` --json '{"names": ["my.csv"]}'`
	case o.Body != "":
		options += " --data-binary @my.csv"
	case o.Method == http.MethodPost:
		options += " -X POST"
	}
	path := strings.TrimPrefix(o.Path, "/")
	for _, p := range o.Parameters {
		if p.In == "query" && p.Required {
			path += "?" + p.Name + "=my.csv"
		}
	}
	return [2]string{options + " ", path}
}
