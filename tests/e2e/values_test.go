//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"
)

// processors is what kubectl says of whatever starts processors.
var processors = regexp.MustCompile(`(?m)^(scaledjob\.keda\.sh|deployment\.apps)/\S*-processor `)

// TestValuesOfTheChart has the API server, KEDA's webhooks and the Pod Security Standard restricted
// look at what each file of values that comes with the chart makes, without making it.
func TestValuesOfTheChart(t *testing.T) {
	r := newRelease(t, nil)
	var files []string
	for _, pattern := range []string{"values*.yaml", "ci/*-values.yaml"} {
		found, err := filepath.Glob(filepath.Join(root, currentChart, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("no values %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	var version struct{ ServerVersion struct{ GitVersion string } }
	if err := json.Unmarshal([]byte(run(t, "kubectl", "version", "--output", "json")), &version); err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			path, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			manifests := run(t, "helm", "template", r.name, currentChart, "--namespace", r.namespace, "--values", path, "--skip-tests", "--kube-version", version.ServerVersion.GitVersion,
				// Their kinds are those of an operator that a cluster need not have.
				"--set", "monitoring.serviceMonitor.enabled=false,monitoring.prometheusRule.enabled=false")
			said := runWith(t, manifests, "sh", "-c", `kubectl apply --namespace "$0" --dry-run=server --warnings-as-errors --filename - 2>&1`, r.namespace)
			if !processors.MatchString(said) {
				t.Errorf("nothing that starts processors was looked at:\n%s", said)
			}
		})
	}
}
