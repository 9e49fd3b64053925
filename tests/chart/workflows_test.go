package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// workflow is what these tests read of one of GitHub's.
type workflow struct {
	On          map[string]any `json:"on"`
	Concurrency struct {
		Group string `json:"group"`
	} `json:"concurrency"`
	Jobs map[string]struct {
		Needs       any               `json:"needs"` // the name of a job, or several
		Uses        string            `json:"uses"`
		Permissions map[string]string `json:"permissions"`
	} `json:"jobs"`
}

func readWorkflow(t *testing.T, name string) workflow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../.github/workflows", name))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	// YAML takes a bare on for true.
	if err := yaml.Unmarshal([]byte(strings.Replace(string(text), "\non:", "\n\"on\":", 1)), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// needs returns the jobs that have to succeed before one runs.
func (w workflow) needs(job string) []string {
	var direct []string
	switch needs := w.Jobs[job].Needs.(type) {
	case string:
		direct = []string{needs}
	case []any:
		for _, name := range needs {
			direct = append(direct, name.(string))
		}
	}
	all := slices.Clone(direct)
	for _, name := range direct {
		all = append(all, w.needs(name)...)
	}
	return all
}

// testWorkflows are those that a release calls.
var testWorkflows = []string{"test.yaml", "e2e.yaml", "vulnerabilities.yaml"}

// TestAReleaseWaitsForTheTests: no job that may write packages runs before the workflows of tests have
// passed for the same commit.
func TestAReleaseWaitsForTheTests(t *testing.T) {
	release := readWorkflow(t, "release.yaml")
	publishing := 0
	for name, job := range release.Jobs {
		if job.Permissions["packages"] != "write" {
			continue
		}
		publishing++
		for _, tests := range testWorkflows {
			if !slices.ContainsFunc(release.needs(name), func(needed string) bool {
				return release.Jobs[needed].Uses == "./.github/workflows/"+tests
			}) {
				t.Errorf("the job %s publishes whether %s passes or not", name, tests)
			}
		}
	}
	if publishing < 2 {
		t.Errorf("only %d jobs publish, not images and chart", publishing)
	}
	groups := map[string]string{}
	for _, name := range testWorkflows {
		w := readWorkflow(t, name)
		if _, callable := w.On["workflow_call"]; !callable {
			t.Errorf("%s cannot be called", name)
		}
		group := w.Concurrency.Group
		if other, taken := groups[group]; taken || strings.Contains(group, "github.workflow") {
			t.Errorf("called for a release, %s and %s would cancel each other: the group is %s", name, other, group)
		}
		groups[group] = name
	}
}
