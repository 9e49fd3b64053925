package chart

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	kedav1alpha1 "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

// TestEveryKubernetesKnowsTheFields: each version of Kubernetes from the oldest that the chart allows to the newest that
// the tests know has every field of every object. An API server of an older version would drop a field that it does not
// know.
func TestEveryKubernetesKnowsTheFields(t *testing.T) {
	oldest, newest := oldestKubernetes(t), newestKubernetes(t)
	if oldest >= newest {
		t.Fatalf("the chart allows Kubernetes from 1.%d on, and the tests know 1.%d", oldest, newest)
	}
	for minor := oldest; minor <= newest; minor++ {
		t.Run(fmt.Sprintf("1.%d", minor), func(t *testing.T) {
			types := schemaOf(t, minor)
			if err := conforms(types, "io.k8s.api.core.v1.PodSpec", map[string]any{"aFieldOfTheFuture": true}); err == nil {
				t.Fatal("the schema takes a field that there is not")
			}
			forEachVariant(t, func(t *testing.T, r release) {
				for key, object := range r.objects {
					var name string
					var part any = object
					if scaled, ok := object.(*kedav1alpha1.ScaledJob); ok {
						name, part = "io.k8s.api.batch.v1.JobSpec", scaled.Spec.JobTargetRef
					} else if kinds, _, err := scheme.Scheme.ObjectKinds(object.(runtime.Object)); err == nil {
						name = "io.k8s.api." + strings.TrimSuffix(group(kinds[0].Group), ".k8s.io") + "." + kinds[0].Version + "." + kinds[0].Kind
					} else {
						continue // of an operator
					}
					fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(part)
					if err != nil {
						t.Fatal(err)
					}
					if err := conforms(types, name, fields); err != nil {
						t.Errorf("%s: %v", key, err)
					}
				}
			})
		})
	}
}

func conforms(types *typed.Parser, name string, fields map[string]any) error {
	kind := types.Type(name)
	if !kind.IsValid() {
		return fmt.Errorf("there is no type %s", name)
	}
	_, err := kind.FromUnstructured(fields)
	return err
}

func group(name string) string {
	if name == "" {
		return "core"
	}
	return name
}

func oldestKubernetes(t *testing.T) int {
	return minorOf(t, regexp.MustCompile(`^>=1\.(\d+)\.0-0$`), load(t).Metadata.KubeVersion)
}

// newestKubernetes is that of the module's k8s.io/client-go.
func newestKubernetes(t *testing.T) int {
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "k8s.io/client-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	return minorOf(t, regexp.MustCompile(`^v0\.(\d+)\.\d+\n$`), string(version))
}

func minorOf(t *testing.T, pattern *regexp.Regexp, text string) int {
	t.Helper()
	found := pattern.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("%q is not as %s", text, pattern)
	}
	minor, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return minor
}

// schemaOf returns the types of Kubernetes 1.minor.0, as its client library has them for server-side apply.
func schemaOf(t *testing.T, minor int) *typed.Parser {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", fmt.Sprintf("k8s.io/client-go@v0.%d.0", minor))
	download.Dir = t.TempDir() // outside of this module, whose own version is the newest
	said, err := download.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", download, err, said)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(said, &module); err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(module.Dir, "applyconfigurations/internal/internal.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var literals []string
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			literals = append(literals, literal.Value)
		}
		return true
	})
	longest := slices.MaxFunc(literals, func(a, b string) int { return len(a) - len(b) })
	text, err := strconv.Unquote(longest)
	if err != nil {
		t.Fatal(err)
	}
	types, err := typed.NewParser(typed.YAMLObject(text))
	if err != nil {
		t.Fatal(err)
	}
	return types
}
