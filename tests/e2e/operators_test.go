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

// operatorKinds makes the kinds of other people's operators that the chart may render known to the cluster for as long
// as the test runs, as far as the cluster does not know them: those of the Prometheus operator and of Gateway API, by
// the CRDs in their Go modules.
func operatorKinds(t *testing.T) {
	t.Helper()
	for _, crds := range []struct{ module, version, folder, names string }{
		{"github.com/prometheus-operator/prometheus-operator", "v0.85.0",
			"example/prometheus-operator-crd", `servicemonitors|prometheusrules`},
		{"sigs.k8s.io/gateway-api", "v1.4.0", "config/crd/standard", `httproutes`},
	} {
		var module struct{ Dir string }
		said := run(t, "sh", "-c", `cd "$1" && go mod download -json "$2"`, "sh", t.TempDir(), crds.module+"@"+crds.version)
		if err := json.Unmarshal([]byte(said), &module); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(filepath.Join(module.Dir, crds.folder))
		if err != nil {
			t.Fatal(err)
		}
		known := 0
		for _, file := range files {
			plural := regexp.MustCompile(`^(\S+)_(` + crds.names + `)\.yaml$`).FindStringSubmatch(file.Name())
			if plural == nil {
				continue
			}
			known++
			name := plural[2] + "." + plural[1]
			if there := run(t, "kubectl", "get", "customresourcedefinition", name, "--ignore-not-found", "--output", "name"); there != "" {
				continue
			}
			run(t, "kubectl", "create", "--filename", filepath.Join(module.Dir, crds.folder, file.Name()))
			t.Cleanup(func() {
				if _, err := tryRun(contextOf(t), "", "kubectl", "delete", "customresourcedefinition", name); err != nil {
					t.Error(err)
				}
			})
			eventually(t, name, patience, func() error { // kubectl wait fails where there is no condition yet
				_, err := tryRun(t.Context(), "", "kubectl", "wait", "--for=condition=Established", "--timeout=10s", "customresourcedefinition/"+name)
				return err
			})
		}
		if want := strings.Count(crds.names, "|") + 1; known != want {
			t.Fatalf("%s has %d of the %d CRDs %s", module.Dir, known, want, crds.names)
		}
	}
}
