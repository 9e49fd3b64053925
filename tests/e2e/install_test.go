//go:build e2e

package e2e

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMakeInstall does what the README says to somebody who comes with a cluster: make install, a file of their own by
// the command of the notes, make uninstall.
func TestMakeInstall(t *testing.T) {
	namespace := "csv-pipeline-e2e-" + strings.ToLower(rand.Text()[:6])
	t.Setenv("NAMESPACE", namespace)
	var args []string
	if redis := os.Getenv("REDIS_IMAGE"); redis != "" {
		is := parseImage(redis)
		args = append(args, "--set", "redis.image.registry="+is.Registry, "--set", "redis.image.repository="+is.Repository, "--set-string", "redis.image.tag="+is.Tag)
	}
	t.Setenv("HELM_ARGS", strings.Join(args, " "))
	t.Cleanup(func() {
		_, _ = tryRun(contextOf(t), "", "kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--timeout=120s")
	})

	began := time.Now()
	notes := run(t, "make", "install")
	installed := time.Now()
	page := forward(t, namespace, "csv-pipeline-inspector")
	eventually(t, "all results", patience, func() error { return page.complete(len(halfYear(2022))) })
	t.Logf("make install to 181 results: %.1f s, of which %.1f s after it ended", time.Since(began).Seconds(), time.Since(installed).Seconds())

	command := regexp.MustCompile(`(?m)^  (TOKEN=.*\n  curl -T my\.csv .*)$`).FindStringSubmatch(notes)
	if command == nil {
		t.Fatalf("the notes do not say how to send a file:\n%s", notes)
	}
	own := filepath.Join(t.TempDir(), "my.csv")
	if err := os.WriteFile(own, []byte("item_id,quantity\nshoes,2\nhats,1\nshoes,5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	send := strings.NewReplacer("my.csv", own, "http://localhost:8080", string(page)).Replace(command[1]) + " --fail"
	run(t, "sh", "-c", send)
	eventually(t, "the result of an own file", patience, func() error {
		result, err := tryRun(t.Context(), "", "curl", "--silent", "--fail", string(page)+"/files/processed/my_aggregated_sales.csv")
		if want := "item_id,total_quantity\nhats,1\nshoes,7"; err == nil && result != want {
			err = fmt.Errorf("it is %q, want %q", result, want)
		}
		return err
	})

	run(t, "make", "uninstall")
	if left, err := tryRun(t.Context(), "", "kubectl", "get", "namespace", namespace, "--ignore-not-found", "--output", "name"); err != nil || left != "" {
		t.Errorf("make uninstall leaves %s, %v", left, err)
	}
}

// TestProcessorsThatStay: without an object of KEDA, processors of a Deployment do all files, and one of a user within
// about a second; a full Redis refuses what is new, is not killed, and goes on when there is room.
func TestProcessorsThatStay(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	r.set("processor.mode", "deployment")
	r.set("processor.replicas", 2)
	r.set("redis.resources.limits.memory", "64Mi")
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector", "deployment/"+r.name+"-processor")
	page := forward(t, r.namespace, r.name+"-inspector")
	files := halfYear(2022)
	eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
	checkResults(t, page, files)
	if objects := r.kubectl(t, "get", "scaledjobs,scaledobjects,triggerauthentications", "--output", "name"); objects != "" {
		t.Errorf("there are objects of KEDA: %s", objects)
	}
	run(t, "helm", "test", r.name, "--namespace", r.namespace)

	t.Run("a full Redis refuses writes and is not killed", func(t *testing.T) {
		pod := r.name + "-redis-0"
		fill := exec.CommandContext(t.Context(), "kubectl", "--namespace", r.namespace, "exec", pod, "--", "sh", "-c", `
export REDISCLI_AUTH=$(cat /run/secrets/redis/password)
for i in $(seq 200); do
  head -c 1000000 /dev/zero | tr '\0' x | redis-cli -x SET "filler:$i"
done`)
		said, err := fill.CombinedOutput()
		if err != nil || !strings.Contains(string(said), "OOM command not allowed") {
			t.Fatalf("it took 200 MB: %v\n%s", err, said)
		}
		r.redis(t, "BGREWRITEAOF")
		eventually(t, "the file rewritten", patience, func() error {
			if info := r.redis(t, "INFO persistence"); !strings.Contains(info, "aof_rewrite_in_progress:0") || !strings.Contains(info, "aof_last_bgrewrite_status:ok") {
				return fmt.Errorf("Redis says %s", info)
			}
			return nil
		})
		if err := r.restarts(t); err != nil {
			t.Error(err)
		}
		for i := 1; i <= 200; i++ {
			if r.redis(t, fmt.Sprintf("DEL filler:%d", i)) == "0" {
				break
			}
		}
		run(t, "helm", "test", r.name, "--namespace", r.namespace)
	})
}
