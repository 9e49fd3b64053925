//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGitOps does what Argo CD does: it renders the chart without the cluster, with the values for it and the Secrets
// that their comment creates, and applies what came out. By Argo CD's own library every object is in sync then, also
// after a second time, and healthy.
func TestGitOps(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	values := filepath.Join(currentChart, "values-gitops.yaml")
	text, err := os.ReadFile(filepath.Join(root, values))
	if err != nil {
		t.Fatal(err)
	}
	commands := strings.Join(commentedCommands.FindAllString(string(text), -1), "")
	if strings.Count(commands, "kubectl create secret") != 2 {
		t.Fatalf("the comment of %s has not two commands that create Secrets:\n%s", values, commands)
	}
	run(t, "sh", "-ec", `namespace=$1; kubectl() { command kubectl --namespace "$namespace" "$@"; }`+"\n"+strings.ReplaceAll(commands, "#  ", ""), "sh", r.namespace)

	overrides, err := json.Marshal(r.values)
	if err != nil {
		t.Fatal(err)
	}
	render := func() string {
		return runWith(t, string(overrides), "helm", "template", r.name, currentChart, "--namespace", r.namespace, "--values", values, "--values", "-",
			"--skip-tests", "--no-hooks", "--kube-version", serverVersion(t), "--api-versions", "keda.sh/v1alpha1")
	}
	for range 2 {
		manifests := render()
		runWith(t, manifests, "kubectl", "apply", "--namespace", r.namespace, "--filename", "-")
		r.kubectl(t, "rollout", "status", "--timeout=180s", "statefulset/"+r.name+"-redis", "deployment/"+r.name+"-inspector")
		var pairs strings.Builder
		for _, config := range objectsOf(t, runWith(t, manifests, "kubectl", "create", "--namespace", r.namespace, "--dry-run=client", "--output", "json", "--filename", "-")) {
			live := r.kubectl(t, "get", config.Kind+"."+config.group(), config.Metadata.Name, "--output", "json")
			pairs.WriteString(`{"config":` + string(config.text) + `,"live":` + live + "}\n")
		}
		verdict, err := tryRun(t.Context(), pairs.String(), "go", "run", "-C", "tests/gitops", ".")
		if err != nil {
			t.Error(err)
		}
		for _, kind := range []string{"Deployment", "StatefulSet", "PersistentVolumeClaim", "Service"} {
			if !regexp.MustCompile(`(?m)^` + kind + `/\S+ Synced Healthy$`).MatchString(verdict) {
				t.Errorf("there is no healthy %s in\n%s", kind, verdict)
			}
		}
	}
	page := forward(t, r.namespace, r.name+"-inspector")
	eventually(t, "the page", patience, func() error { _, err := page.tryGet("/api/v1/status"); return err })
}

// commentedCommands are commands in a comment of YAML, which are indented by three blanks.
var commentedCommands = regexp.MustCompile(`(?m)^#   .*\n`)

// object is an object of Kubernetes.
type object struct {
	APIVersion, Kind string
	Metadata         struct{ Name string }
	text             json.RawMessage
}

// group is version and group, as kubectl takes them behind a kind.
func (o object) group() string {
	group, version, grouped := strings.Cut(o.APIVersion, "/")
	if !grouped {
		return o.APIVersion + "."
	}
	return version + "." + group
}

// objectsOf takes apart what kubectl writes of several objects: one JSON document after the other.
func objectsOf(t *testing.T, text string) []object {
	t.Helper()
	var objects []object
	for documents := json.NewDecoder(strings.NewReader(text)); documents.More(); {
		var o object
		if err := documents.Decode(&o.text); err != nil {
			t.Fatalf("%v:\n%s", err, text)
		}
		if err := json.Unmarshal(o.text, &o); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	if len(objects) == 0 {
		t.Fatalf("there are no objects in\n%s", text)
	}
	return objects
}
