package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// needed returns the paths that no values may lack: every section, and every value whose default is not what its
// absence is taken for. A map may be absent: null is how its default is taken away.
func needed(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, v := range documentedValues(t) {
		if v.name() == "redis.user" { // null leaves it to the image
			continue
		}
		for depth := 1; depth < len(v.path); depth++ {
			paths = append(paths, strings.Join(v.path[:depth], "."))
		}
		switch standard := v.standard.(type) {
		case map[string]any:
			continue
		case []any:
			if len(standard) == 0 {
				continue
			}
		default:
			if standard == "" || standard == false || standard == 0.0 {
				continue
			}
		}
		paths = append(paths, v.name())
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// TestValuesOfAnEarlierVersion: values that lack one of this version's, as --reuse-values comes with, are refused
// with a sentence that says what to do, or render.
func TestValuesOfAnEarlierVersion(t *testing.T) {
	path := filepath.Join(chartDir, "templates", "_validate.tpl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin = "{{- define \"csv-pipeline.neededValues\" -}}\n"
	before, rest, begins := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, "{{- end -}}")
	if !begins || !ends {
		t.Fatalf("%s has no %s", path, begin)
	}
	paths := needed(t)
	want := before + begin + strings.Join(paths, "\n") + "\n{{- end -}}" + after
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Error("the list in _validate.tpl is not what values.yaml says: run go test -run TestValuesOfAnEarlierVersion -update")
	}
	var all []string
	for _, v := range documentedValues(t) {
		all = append(all, v.name())
	}
	all = append(all, paths...)
	slices.Sort(all)
	for _, path := range slices.Compact(all) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			values := map[string]any{}
			put(values, path, nil)
			given, err := yaml.Marshal(values)
			if err != nil {
				t.Fatal(err)
			}
			_, err = tryRender(t, installation{values: string(given)})
			switch needs := slices.Contains(paths, path); {
			case needs && (err == nil || !strings.Contains(err.Error(), path+" is missing") || !strings.Contains(err.Error(), "--reset-then-reuse-values")):
				t.Errorf("without it the values are taken, or refused with another sentence: %v", err)
			case !needs && err != nil:
				t.Error(err)
			}
		})
	}
}
