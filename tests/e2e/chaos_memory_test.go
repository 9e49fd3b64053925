//go:build e2e && chaos

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// put uploads a file.
func (i inspector) put(t *testing.T, name, token, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, string(i)+"/files/raw/"+name, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("PUT %s: %s", name, response.Status)
	}
}

// TestChaosMemory has a file whose processors the kernel kills, since it needs more memory than they may
// use, among files that are all right: it becomes a dead letter after three deaths, the others go on.
func TestChaosMemory(t *testing.T) {
	r := newRelease(t, forVolumes.build(t))
	processor := r.name + "-processor"
	watched := watchJobs(t, r.namespace, processor)
	token := fmt.Sprintf("token-%d", time.Now().UnixNano())
	r.kubectl(t, "create", "secret", "generic", "upload", "--from-literal=token="+token)
	r.set("inspector.auth.existingSecret", "upload")
	r.set("generator.enabled", false)
	r.set("processor.lease", "5s")
	r.set("processor.resources.requests.memory", "48Mi")
	r.set("processor.resources.limits.memory", "48Mi")
	r.helm(t, "install")
	r.kubectl(t, "wait", "--for=condition=Available", "--timeout=180s", "deployment/"+r.name+"-inspector")
	page := forward(t, r.namespace, r.name+"-inspector")

	// Each of these records fits into what a record may have, and they do not all fit into the memory.
	huge := "item_id,note,quantity\n" + strings.Repeat(`1,"`+strings.Repeat("x", 15<<20)+"\",1\n", 4)
	page.put(t, "huge.csv", token, huge)
	const good = 20
	for n := range good {
		page.put(t, fmt.Sprintf("good-%d.csv", n), token, fmt.Sprintf("item_id,quantity\n7,%d\n7,1\n", n))
	}
	eventually(t, "all files are done or given up", 2*patience, func() error {
		body, err := page.tryGet("/api/v1/status")
		if err != nil {
			return err
		}
		var s status
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			return err
		}
		if s != (status{Completed: good, Failed: 1}) {
			return fmt.Errorf("the status is %+v", s)
		}
		return nil
	})
	var letters []struct {
		Name, Kind string
		Crashes    int
	}
	if err := json.Unmarshal([]byte(page.get(t, "/api/v1/failed")), &letters); err != nil {
		t.Fatal(err)
	}
	if len(letters) != 1 || letters[0].Name != "huge.csv" || letters[0].Kind != "poison" || letters[0].Crashes != 3 {
		t.Errorf("dead letters: %+v", letters)
	}
	for n := range good {
		want := fmt.Sprintf("item_id,total_quantity\n7,%d\n", n+1)
		if got := page.get(t, fmt.Sprintf("/files/processed/good-%d_aggregated_sales.csv", n)); got != want {
			t.Errorf("good-%d.csv: got %q, want %q", n, got, want)
		}
	}
	watched.await(t, "scaling to zero", patience, func(running []string) bool { return len(running) == 0 })
	t.Log(watched)
}
