//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
)

// TestCompose brings the pipeline up with docker compose, in a project of its own and on a free port.
func TestCompose(t *testing.T) {
	project := "csv-pipeline-e2e-" + strings.ToLower(rand.Text()[:6])
	t.Setenv("PORT", "0")
	compose := func(args ...string) string {
		t.Helper()
		return run(t, "docker", append([]string{"compose", "--project-name", project}, args...)...)
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, err := tryRun(contextOf(t), "", "docker", "compose", "--project-name", project, "logs", "--tail=40")
			t.Log(out, err)
		}
		if _, err := tryRun(contextOf(t), "", "docker", "compose", "--project-name", project, "down", "--volumes"); err != nil {
			t.Error(err)
		}
	})
	compose("up", "--build", "--detach")
	page := inspector("http://" + strings.Replace(compose("port", "inspector", "8080"), "0.0.0.0", "127.0.0.1", 1))
	files := halfYear(2022)
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	checkResults(t, page, files)

	eventually(t, "health", patience, func() error {
		for _, service := range []string{"redis", "processor", "inspector"} {
			id := compose("ps", "--quiet", service)
			if health := run(t, "docker", "inspect", "--format", "{{.State.Health.Status}}", id); health != "healthy" {
				return fmt.Errorf("%s is %s", service, health)
			}
		}
		return nil
	})

	compose("restart", "redis")
	compose("run", "--rm", "generator", "--start", "2023-01-01")
	more := halfYear(2023)
	eventually(t, "results after Redis was restarted", patience, func() error { return page.complete(len(files) + len(more)) })
	checkResults(t, page, more)
}
