package chart

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// forgetGenerated replaces generated passwords and certificates, which differ between installations.
func forgetGenerated(r release) {
	for _, secret := range all[*corev1.Secret](r) {
		for key, value := range secret.Data {
			if len(value) == 32 || strings.HasPrefix(string(value), "-----BEGIN") {
				secret.Data[key] = []byte("generated")
			}
		}
	}
}

// TestGolden compares all objects of the variants with golden: true with testdata/golden, where the diff shows what a
// change of the chart does. The objects are written as Kubernetes reads them.
func TestGolden(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		if !variants[name].golden {
			continue
		}
		t.Run(name, func(t *testing.T) {
			r := render(t, variants[name])
			forgetGenerated(r)
			var text strings.Builder
			for _, key := range slices.Sorted(maps.Keys(r.objects)) {
				object, err := yaml.Marshal(r.objects[key])
				if err != nil {
					t.Fatal(err)
				}
				text.WriteString("--- # " + key + "\n")
				text.Write(object)
			}
			path := filepath.Join("testdata", "golden", strings.ReplaceAll(name, " ", "-")+".yaml")
			if *update {
				if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if text.String() != string(golden) {
				t.Errorf("differs from %s: look at the diff after go test -run TestGolden -update; first difference:\n%s", path, firstDifference(text.String(), string(golden)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "now " + g[i] + "\nwas " + w[i]
		}
	}
	return "one is longer"
}

// TestExampleValues renders the chart with each of its values files.
func TestExampleValues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(chartDir, "*values*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join(chartDir, "ci", "*-values.yaml"))
	if err != nil || len(more) == 0 || len(files) < 5 {
		t.Fatalf("the chart has only the values %v and %v: %v", files, more, err)
	}
	for _, path := range append(files, more...) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			render(t, installation{values: string(text)})
		})
	}
}
