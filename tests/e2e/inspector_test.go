//go:build e2e

package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"testing"
)

// inspector is the address of a forwarded inspector.
type inspector string

// status is the answer to /api/v1/status.
type status struct {
	Waiting, InFlight, Delayed, Failed, Completed int
}

// forward forwards a local port to the inspector, as a person would.
func forward(t *testing.T, namespace, service string) inspector {
	t.Helper()
	c := exec.CommandContext(t.Context(), "kubectl", "--namespace", namespace, "port-forward", "service/"+service, ":http")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	said, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("kubectl port-forward: %v %v", err, c.Wait())
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(said)
	if address == "" {
		t.Fatalf("kubectl port-forward says %q, which names no address", said)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, lines) // a full pipe would stop it
		_ = c.Wait()                      // it ends with the test's context
	}()
	t.Cleanup(func() { <-done })
	return inspector("http://" + address)
}

func (i inspector) tryGet(path string) (string, error) {
	response, err := http.Get(string(i) + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", fmt.Errorf("GET %s: %w", path, err)
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s: %s: %s", path, response.Status, body)
	}
	return string(body), nil
}

func (i inspector) get(t *testing.T, path string) string {
	t.Helper()
	body, err := i.tryGet(path)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// complete returns an error as long as anything is not done: there are so many results, and the queue is empty.
func (i inspector) complete(results int) error {
	body, err := i.tryGet("/api/v1/status")
	if err != nil {
		return err
	}
	var s status
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		return fmt.Errorf("/api/v1/status: %w: %s", err, body)
	}
	if s != (status{Completed: results}) {
		return fmt.Errorf("the status is %+v", s)
	}
	return nil
}
