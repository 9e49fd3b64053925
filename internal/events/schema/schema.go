// Package schema holds the JSON schema of each event, as CloudEvents write it in JSON.
package schema

import (
	"embed"
	"strings"
)

//go:embed *.json
var files embed.FS

// Names are the names of all schemas, such as result.done.v1: types without io.github.csv-pipeline.
func Names() (names []string) {
	entries, _ := files.ReadDir(".") // embedded
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}

// Of returns the schema of that name; ok is false when there is none.
func Of(name string) (text []byte, ok bool) {
	text, err := files.ReadFile(name + ".json")
	return text, err == nil
}
