package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Operation is a method of a path, as the description has it.
type Operation struct {
	Method      string // GET, POST or PUT
	Path        string // relative to the base path, with {name} in it for a parameter
	Summary     string
	Description string
	Parameters  []Parameter
	Body        string // media type of what is sent; "": nothing is
	Guarded     bool   // only who may change files may use it
}

// Parameter is one of an operation.
type Parameter struct {
	Name        string `json:"name"`
	In          string `json:"in"` // path, query or header
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Schema      struct {
		Type    any      `json:"type"`
		Format  string   `json:"format"`
		Enum    []string `json:"enum"`
		Default any      `json:"default"`
	} `json:"schema"`
}

// Operations are those of the description, in its order.
func Operations() ([]Operation, error) {
	text, err := Description.ReadFile("openapi.json")
	if err != nil {
		return nil, err
	}
	var document struct {
		Paths inOrder `json:"paths"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("openapi.json: %w", err)
	}
	var all []Operation
	for _, path := range document.Paths {
		var methods inOrder
		if err := json.Unmarshal(path.value, &methods); err != nil {
			return nil, fmt.Errorf("openapi.json: %s: %w", path.key, err)
		}
		var shared []Parameter
		for _, method := range methods {
			if method.key == "parameters" {
				if err := json.Unmarshal(method.value, &shared); err != nil {
					return nil, fmt.Errorf("openapi.json: %s: %w", path.key, err)
				}
				continue
			}
			var o struct {
				Summary, Description string
				Parameters           []Parameter
				RequestBody          struct{ Content map[string]json.RawMessage }
				Security             []json.RawMessage
			}
			if err := json.Unmarshal(method.value, &o); err != nil {
				return nil, fmt.Errorf("openapi.json: %s %s: %w", method.key, path.key, err)
			}
			op := Operation{Method: strings.ToUpper(method.key), Path: path.key, Summary: o.Summary, Description: o.Description,
				Parameters: append(slices.Clone(shared), o.Parameters...), Guarded: len(o.Security) > 0}
			for media := range o.RequestBody.Content {
				op.Body = max(op.Body, media)
			}
			all = append(all, op)
		}
	}
	return all, nil
}

// inOrder is an object of JSON whose members keep their order.
type inOrder []struct {
	key   string
	value json.RawMessage
}

// UnmarshalJSON reads an object.
func (o *inOrder) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		*o = append(*o, struct {
			key   string
			value json.RawMessage
		}{fmt.Sprint(key), value})
	}
	return nil
}
