//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// root is the repository's folder, seen from the one that the tests run in.
const root = "../.."

// run runs a command in the repository's folder and returns what it wrote to its standard output.
// A command that fails ends the test with what it said.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return runWith(t, "", name, args...)
}

// runWith is run with something on the command's standard input.
func runWith(t *testing.T, input, name string, args ...string) string {
	t.Helper()
	out, err := tryRun(t.Context(), input, name, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func tryRun(ctx context.Context, input, name string, args ...string) (string, error) {
	var out, complaint bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Stdin, c.Stdout, c.Stderr = root, strings.NewReader(input), &out, &complaint
	c.Env = append(os.Environ(), "DOCKER_BUILDKIT=1")
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %s: %w\n%s%s", name, strings.Join(args, " "), err, out.String(), complaint.String())
	}
	return strings.TrimRight(out.String(), "\n"), nil
}

// eventually calls check until it returns nil, or ends the test with the last of its errors.
func eventually(t *testing.T, what string, patience time.Duration, check func() error) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %v: %v", what, patience, err)
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, errors.Join(t.Context().Err(), err))
		case <-again.C:
		}
	}
}
