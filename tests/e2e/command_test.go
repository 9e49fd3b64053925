//go:build e2e

package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// debian is an image with Debian's awk, which needs no registry where the machine has another one.
func debian() string { return cmp.Or(os.Getenv("DEBIAN_IMAGE"), "debian:bookworm-slim") }

// sums computes what the demo's files are to have as results, in awk. One file it refuses.
const sums = `
BEGIN {
	if ("REDIS_HOST" in ENVIRON) { print "the environment is the processor's" > "/dev/stderr"; exit 1 }
	if (ENVIRON["FILE_NAME"] == "20220103.csv") { print "a Monday" > "/dev/stderr"; exit 65 }
	print "item_id,total_quantity"
}
NR > 1 { total[$2] += $3 }
END { for (item = 1; item <= ENVIRON["ITEMS"]; item++) if (item in total) print item "," total[item] }`

// TestCommand has awk, in an image of Debian, make the results.
func TestCommand(t *testing.T) {
	images := forVolumes.build(t)
	own := image{"localhost", "csv-pipeline/awk", "e2e"}
	runWith(t, "FROM "+debian()+"\nRUN awk 'BEGIN { exit 0 }'\n", "docker", "build", "--quiet", "--tag", own.String(), "-")
	loadImages(t, []string{own.String()})

	r := newRelease(t, images)
	watched := watchJobs(t, r.namespace, r.name+"-processor")
	r.set("processor.binaryImage", images["processor"])
	r.set("processor.image", own)
	r.set("processor.command", []string{"awk", "-F,", sums})
	r.set("processor.commandEnv", []map[string]string{{"name": "ITEMS", "value": fmt.Sprint(demoItems)}})
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")

	days := halfYear(2022)
	eventually(t, "all results but one, which is a failed file", patience, func() error {
		body, err := page.tryGet("/api/v1/status")
		if err != nil {
			return err
		}
		var s status
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			return err
		}
		if s != (status{Completed: len(days) - 1, Failed: 1}) {
			return fmt.Errorf("the status is %+v", s)
		}
		return nil
	})
	if letter := page.get(t, "/api/v1/failed"); !strings.Contains(letter, "20220103.csv: a Monday") || !strings.Contains(letter, `"malformed"`) {
		t.Errorf("the failed file is %s", letter)
	}
	checkResults(t, page, append(days[:2:2], days[3:]...))
	watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
	if err := watched.verdict(maxReplicaCount); err != nil {
		t.Error(err)
	}

	// A command that is not there takes no file, and the Job says so and is not tried again.
	r.set("processor.command", "no-such-program")
	r.helm(t, "upgrade")
	r.redis(t, "LPUSH csvs-to-process 20220101.csv")
	eventually(t, "a Job that fails", patience, func() error {
		if said := r.kubectl(t, "get", "pods", "--selector", "app.kubernetes.io/component=processor", "--output",
			"jsonpath={.items[*].status.containerStatuses[0].state.terminated.message}"); !strings.Contains(said, "no-such-program: executable file not found") {
			return fmt.Errorf("the pods say %q", said)
		}
		return nil
	})
	if waiting := r.redis(t, "LRANGE csvs-to-process 0 -1"); !strings.Contains(waiting, "20220101.csv") {
		t.Errorf("what waits is %q", waiting)
	}
}
