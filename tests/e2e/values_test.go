//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"testing"
)

// What kubectl says of whatever starts processors, and of the objects of other operators.
var (
	processors = regexp.MustCompile(`(?m)^(scaledjob\.keda\.sh|deployment\.apps)/\S*-processor `)
	scrapers   = regexp.MustCompile(`(?m)^servicemonitor\.monitoring\.coreos\.com/`)
	alerts     = regexp.MustCompile(`(?m)^prometheusrule\.monitoring\.coreos\.com/`)
	routes     = regexp.MustCompile(`(?m)^httproute\.gateway\.networking\.k8s\.io/`)
)

// TestValuesOfTheChart has the API server, the webhooks of KEDA, the CRDs of the Prometheus operator and of Gateway API,
// and the Pod Security Standard restricted look at what each file of values that comes with the chart makes, without making it.
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
	version := serverVersion(t)
	operatorKinds(t)
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			path, err := filepath.Rel(root, path)
			if err != nil {
				t.Fatal(err)
			}
			manifests := run(t, "helm", "template", r.name, currentChart, "--namespace", r.namespace, "--values", path, "--skip-tests", "--kube-version", version,
				"--set", "monitoring.serviceMonitor.enabled=true,monitoring.prometheusRule.enabled=true",
				"--set", "inspector.httpRoute.enabled=true,inspector.httpRoute.parentRefs[0].name=gateway")
			said := runWith(t, manifests, "sh", "-c", `kubectl apply --namespace "$0" --dry-run=server --warnings-as-errors --filename - 2>&1`, r.namespace)
			for what, pattern := range map[string]*regexp.Regexp{"starts processors": processors, "scrapes": scrapers, "alerts": alerts, "routes": routes} {
				if !pattern.MatchString(said) {
					t.Errorf("nothing that %s was looked at:\n%s", what, said)
				}
			}
		})
	}
}

// serverVersion is the version of the cluster's Kubernetes.
func serverVersion(t *testing.T) string {
	t.Helper()
	var version struct{ ServerVersion struct{ GitVersion string } }
	if err := json.Unmarshal([]byte(run(t, "kubectl", "version", "--output", "json")), &version); err != nil {
		t.Fatal(err)
	}
	return version.ServerVersion.GitVersion
}
