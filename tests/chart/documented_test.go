package chart

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// value is one of values.yaml that has a comment "# --" just above it.
type value struct {
	path     []string
	comment  string
	standard any // its default
}

func (v value) name() string { return strings.Join(v.path, ".") }

// documentedValues returns the values in the order of values.yaml. A section, which holds values, has no such comment.
func documentedValues(t *testing.T) []value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := load(t).Values
	key := regexp.MustCompile(`^( *)([A-Za-z]+):`)
	var found []value
	var path, comment []string
	for line := range strings.Lines(string(text)) {
		trimmed := strings.TrimSpace(line)
		switch m := key.FindStringSubmatch(line); {
		case strings.HasPrefix(trimmed, "# -- "):
			comment = []string{strings.TrimPrefix(trimmed, "# -- ")}
		case strings.HasPrefix(trimmed, "# ") && comment != nil:
			comment = append(comment, strings.TrimPrefix(trimmed, "# "))
		case m != nil && len(m[1])/2 <= len(path):
			path = append(path[:len(m[1])/2:len(m[1])/2], m[2])
			if comment != nil {
				found = append(found, value{path, strings.Join(comment, " "), at(values, path)})
				comment = nil
			}
		}
	}
	return found
}

func at(values map[string]any, path []string) any {
	for _, key := range path[:len(path)-1] {
		values, _ = values[key].(map[string]any)
	}
	return values[path[len(path)-1]]
}

type valuesSchema struct{ root map[string]any }

func readSchema(t *testing.T) valuesSchema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s valuesSchema
	if err := json.Unmarshal(text, &s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

// resolve returns a node with what the definitions that it refers to say.
func (s valuesSchema) resolve(node map[string]any) map[string]any {
	var references []any
	if _, refers := node["$ref"]; refers {
		references = []any{node}
	}
	if everyOf, compound := node["allOf"].([]any); compound {
		references = everyOf
	}
	whole := maps.Clone(node)
	properties := map[string]any{}
	for _, reference := range references {
		name := strings.TrimPrefix(reference.(map[string]any)["$ref"].(string), "#/definitions/")
		definition := s.resolve(s.root["definitions"].(map[string]any)[name].(map[string]any))
		if inherited, ok := definition["properties"].(map[string]any); ok {
			maps.Copy(properties, inherited)
		}
		for key, value := range definition {
			if _, own := whole[key]; !own {
				whole[key] = value
			}
		}
	}
	if own, ok := node["properties"].(map[string]any); ok {
		maps.Copy(properties, own)
	}
	if len(properties) > 0 {
		whole["properties"] = properties
	}
	return whole
}

// at returns the node of a value, or nil.
func (s valuesSchema) at(path []string) map[string]any {
	node := s.root
	for _, key := range path {
		properties, _ := s.resolve(node)["properties"].(map[string]any)
		node, _ = properties[key].(map[string]any)
		if node == nil {
			return nil
		}
	}
	return s.resolve(node)
}

// TestEveryValueIsDocumentedAndInTheSchema keeps values.yaml, its comments and the schema together: a value has a
// comment "# --" just above it, and the schema knows exactly the keys that there are. What every component may have is
// documented once, under common.
func TestEveryValueIsDocumentedAndInTheSchema(t *testing.T) {
	documented := map[string]bool{}
	for _, v := range documentedValues(t) {
		documented[v.name()] = true
	}
	schema := readSchema(t)
	var walk func(prefix string, values map[string]any, node map[string]any)
	walk = func(prefix string, values map[string]any, node map[string]any) {
		node = schema.resolve(node)
		properties, _ := node["properties"].(map[string]any)
		for name, value := range values {
			full := strings.TrimPrefix(prefix+"."+name, ".")
			property, known := properties[name].(map[string]any)
			inner, isMap := value.(map[string]any)
			switch {
			case !known:
				t.Errorf("%s is in values.yaml and not in the schema", full)
			case documented[full]:
			case isMap && len(inner) > 0 && schema.resolve(property)["properties"] != nil:
				walk(full, inner, property)
			default:
				t.Errorf("%s has no comment that begins with # --", full)
			}
		}
		for name := range properties {
			if _, known := values[name]; !known && !(documented["common."+name] || name == "serviceAccount") {
				t.Errorf("%s is in the schema and not in values.yaml", strings.TrimPrefix(prefix+"."+name, "."))
			}
		}
		if prefix != "global" && node["additionalProperties"] != false {
			t.Errorf("the schema lets any key through at %q", prefix)
		}
	}
	walk("", load(t).Values, schema.root)
}
