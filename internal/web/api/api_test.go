package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/activity"
	"csv-pipeline/internal/failures"
	"csv-pipeline/internal/queue"
)

type schema struct {
	Properties map[string]json.RawMessage
	Required   []string
	Enum       []string
}

func schemas(t *testing.T) map[string]schema {
	t.Helper()
	text, err := Description.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return document.Components.Schemas
}

// fields returns the names that a struct has in JSON, and those of them that are always
// there.
func fields(of reflect.Type) (all, always []string) {
	for _, f := range reflect.VisibleFields(of) {
		tag, ok := f.Tag.Lookup("json")
		if !ok || tag == "-" {
			continue // embedded: its own fields follow
		}
		name, options, _ := strings.Cut(tag, ",")
		all = append(all, name)
		if !strings.Contains(options, "omit") {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

// TestTypesAreAsDescribed compares each Go type with its schema, also those of the bodies
// of requests: neither may have a field that the other does not have.
func TestTypesAreAsDescribed(t *testing.T) {
	described := schemas(t)
	for name, v := range map[string]any{
		"Status": Status{}, "File": File{}, "FileDetail": FileDetail{}, "Attempt": queue.Attempt{}, "Lease": queue.Lease{}, "DeadLetter": DeadLetter{}, "FailureGroup": failures.Group{}, "Stuck": Stuck{}, "LifeEvent": LifeEvent{},
		"Throughput": activity.Point{}, "Trend": Trend{}, "Chosen": Chosen{}, "Done": Done{}, "Uploaded": Uploaded{}, "Preview": Preview{}, "Outcome": Outcome{},
		"Question": Question{}, "Sink": Sink{},
	} {
		s, ok := described[name]
		if !ok {
			t.Errorf("there is no schema %s", name)
			continue
		}
		delete(described, name)
		var properties []string
		for property := range s.Properties {
			properties = append(properties, property)
		}
		slices.Sort(properties)
		slices.Sort(s.Required)
		all, always := fields(reflect.TypeOf(v))
		if !slices.Equal(all, properties) {
			t.Errorf("%s has the fields %q, its schema has %q", name, all, properties)
		}
		if name == "Chosen" {
			continue // a request: which of its fields are needed depends on the others
		}
		if !slices.Equal(always, s.Required) {
			t.Errorf("%s always has %q, its schema requires %q", name, always, s.Required)
		}
	}
	for name := range described {
		if name != "Problem" && name != "Kind" { // made without a type; a string
			t.Errorf("no Go type is compared with the schema %s", name)
		}
	}
}

// TestKindsAreDescribed: the description lists the kinds of failure that there are.
func TestKindsAreDescribed(t *testing.T) {
	if got := schemas(t)["Kind"].Enum; !slices.Equal(got, queue.Kinds) {
		t.Errorf("described are %q, there are %q", got, queue.Kinds)
	}
}
