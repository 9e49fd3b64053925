//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// previousChart unpacks the chart as it was before its version became what it is now.
func previousChart(t *testing.T) string {
	t.Helper()
	var version string
	for line := range strings.Lines(run(t, "cat", "charts/csv-pipeline/Chart.yaml")) {
		if after, found := strings.CutPrefix(line, "version:"); found {
			version = strings.TrimSpace(after)
		}
	}
	since := run(t, "git", "log", "-1", "--format=%H", "-S", "version: "+version, "--", "charts/csv-pipeline/Chart.yaml")
	if since == "" {
		t.Fatalf("git does not know since when the chart has the version %s: is it committed, and the history whole?", version)
	}
	folder := t.TempDir()
	archive := filepath.Join(folder, "chart.tar")
	run(t, "git", "archive", "--output", archive, since+"~1", "charts/csv-pipeline")
	run(t, "tar", "--extract", "--file", archive, "--directory", folder)
	chart := filepath.Join(folder, "charts", "csv-pipeline")
	if _, err := os.Stat(filepath.Join(chart, "Chart.yaml")); err != nil {
		t.Fatal(err)
	}
	return chart
}

// TestUpgradeFromThePreviousVersion installs the chart's previous version and upgrades it while its Jobs run.
func TestUpgradeFromThePreviousVersion(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	watched := watchJobs(t, r.namespace, r.name+"-processor")
	r.set("processor.resources.requests.cpu", "10m")
	r.set("processor.resources.limits.cpu", "10m") // slow enough to be overtaken
	r.chart = previousChart(t)
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	password := r.password(t)
	old := watched.await(t, "slow Jobs", patience, func(running []string) bool { return len(running) >= 2 })

	r.chart = currentChart
	r.set("processor.resources", nil)
	r.helm(t, "upgrade")
	r.kubectl(t, "rollout", "status", "--timeout=180s", "statefulset/"+r.name+"-redis", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")
	files := halfYear(2022)
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
	checkResults(t, page, files)
	for _, name := range old {
		if j := watched.of(name); j.killed || j.failed {
			t.Errorf("the Job %s did not survive the upgrade: %+v", name, j)
		}
	}
	if now := r.password(t); now != password {
		t.Error("the upgrade changed Redis' password")
	}
	t.Log(watched)
}
