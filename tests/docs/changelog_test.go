package docs

import (
	"regexp"
	"strings"
	"testing"
)

var chartVersion = regexp.MustCompile(`(?m)^version: (\S+)$`)

// TestChangelogHasTheVersion: what is in the tree has an entry, as a version or as what will be one.
func TestChangelogHasTheVersion(t *testing.T) {
	m := chartVersion.FindStringSubmatch(read(t, "charts/csv-pipeline/Chart.yaml"))
	if m == nil {
		t.Fatal("the chart has no version")
	}
	changes := read(t, "CHANGELOG.md")
	if !strings.Contains(changes, "\n## ["+m[1]+"] - ") && !strings.Contains(changes, "\n## [Unreleased]\n\nIt will be "+m[1]+".\n") {
		t.Errorf("CHANGELOG.md has no entry for %s", m[1])
	}
}
