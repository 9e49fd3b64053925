//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
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
	at := compose("port", "inspector", "8080")
	if !strings.HasPrefix(at, "127.0.0.1:") {
		t.Errorf("the page is at %s, want it on this machine alone", at)
	}
	page := inspector("http://" + at)
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

	// As the head of docker-compose.yaml says.
	own := filepath.Join(t.TempDir(), "my.csv")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		compose("cp", own, "processor:/data/raw/")
	}
	put("store,amount\nA,1\n")
	reason := "which groupBy (GROUP_BY) names"
	failed := func() error {
		if letters, err := page.tryGet("/api/v1/failed"); err != nil || !strings.Contains(letters, reason) {
			return fmt.Errorf("the dead letters are %s, %v; want one that says %q", letters, err, reason)
		}
		return nil
	}
	eventually(t, "a file of other columns", patience, failed)
	if said := compose("exec", "--no-TTY", "inspector", "/inspector", "enqueue"); said != "queued 1 file, of which 1 was a dead letter" {
		t.Errorf("trying it again says %q", said)
	}
	eventually(t, "the file again", patience, failed)
	if said, want := compose("exec", "--no-TTY", "inspector", "/inspector", "enqueue", "--all", "2022*"), fmt.Sprintf("queued %d files", len(files)); said != want {
		t.Errorf("doing all again says %q, want %q", said, want)
	}
	put("item_id,quantity\n1,2\n")
	eventually(t, "the file once it is mended", patience, func() error { return page.complete(len(files) + 1) })

	compose("restart", "redis")
	compose("run", "--rm", "generator", "--start", "2023-01-01")
	more := halfYear(2023)
	eventually(t, "results after Redis was restarted", patience, func() error { return page.complete(len(files) + 1 + len(more)) })
	checkResults(t, page, more)
}
