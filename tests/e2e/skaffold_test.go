//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestSkaffold builds, runs and develops with skaffold, where that is on the PATH, on a copy of the sources that
// it changes: what has changed is built, deployed and said in the logs.
func TestSkaffold(t *testing.T) {
	if _, err := exec.LookPath("skaffold"); err != nil {
		t.Skip("skaffold is not on the PATH")
	}
	r := newRelease(t, nil)
	s := newSkaffold(t, r.namespace)
	files := halfYear(2022)

	t.Run("build", func(t *testing.T) {
		before, again := s.build(t), s.build(t)
		if !slices.Equal(before, again) {
			t.Errorf("nothing changed and the images are others: %v, %v", before, again)
		}
		s.edit(t, "built")
		if after := s.build(t); slices.Equal(before, after) {
			t.Errorf("the sources changed and the images are the same: %v", after)
		}
	})

	t.Run("run", func(t *testing.T) {
		s.edit(t, "run")
		s.do(t, "run")
		r.kubectl(t, "rollout", "status", "--timeout=180s", "deployment/"+r.name+"-inspector")
		page := forward(t, r.namespace, r.name+"-inspector")
		eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
		if log := r.kubectl(t, "logs", "deployment/"+r.name+"-inspector"); !strings.Contains(log, said("run")) {
			t.Errorf("the inspector is not of the changed sources:\n%s", log)
		}
		s.do(t, "delete")
		r.awaitLeftovers(t)
	})

	t.Run("dev", func(t *testing.T) {
		s.edit(t, "dev")
		dev := s.start(t, "dev")
		page := inspector(dev.await(t, `Port forwarding service/csv-pipeline-inspector .*(http://127\.0\.0\.1:\d+)`, 3*patience))
		dev.await(t, regexp.QuoteMeta(said("dev")), patience)
		dev.await(t, `^\[processor\].*"msg":"done"`, patience)
		eventually(t, "all results", patience, func() error { return page.complete(len(files)) })
		if warning := dev.find(`image \[.*is not used`); warning != "" {
			t.Errorf("an image that is used counts as unused: %s", warning)
		}

		s.edit(t, "edited")
		began := time.Now()
		// Asked of the pod: skaffold does not always show again what a pod says first after a change.
		eventually(t, "the edit in a new pod", patience, func() error {
			log, err := tryRun(t.Context(), "", "kubectl", "--namespace", r.namespace, "logs", "deployment/"+r.name+"-inspector")
			if err == nil && !strings.Contains(log, said("edited")) {
				err = fmt.Errorf("the inspector says %s", log)
			}
			return err
		})
		t.Logf("an edit was in a new pod after %.1f s", time.Since(began).Seconds())

		if err := dev.interrupt(t); err != nil {
			t.Errorf("Ctrl-C: %v", err)
		}
		r.awaitLeftovers(t)
	})
}

// skaffold is the copy of the sources that it is called in.
type skaffold struct{ folder string }

func newSkaffold(t *testing.T, namespace string) skaffold {
	t.Helper()
	s := skaffold{t.TempDir()}
	run(t, "sh", "-c", `git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from=- | tar --extract --directory="$1"`, "sh", s.folder)
	// Where the release is, and where the port is forwarded to.
	s.replace(t, "skaffold.yaml", `(?s)namespace: csv-pipeline(.*)namespace: csv-pipeline`, "namespace: "+namespace+"${1}namespace: "+namespace)
	if text := os.Getenv("REDIS_IMAGE"); text != "" {
		redis := parseImage(text)
		s.replace(t, "skaffold.yaml", "        chartPath: charts/csv-pipeline\n",
			fmt.Sprintf("${0}        setValues: {redis.image.registry: '%s', redis.image.repository: '%s', redis.image.tag: '%s'}\n", redis.Registry, redis.Repository, redis.Tag))
	}
	return s
}

// replace replaces what matches in a file of the copy, which has to match once.
func (s skaffold) replace(t *testing.T, name, pattern, by string) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	what := regexp.MustCompile(pattern)
	if n := len(what.FindAll(text, -1)); n != 1 {
		t.Fatalf("%s has %d of %s", name, n, pattern)
	}
	if err := os.WriteFile(path, what.ReplaceAll(text, []byte(by)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// edit has every line that a service logs tell another way in which it was made.
func (s skaffold) edit(t *testing.T, way string) {
	t.Helper()
	s.replace(t, "internal/ops/ops.go", `zap\.String\("service", service\)(, zap\.String\("made", "\w+"\))?`, `zap.String("service", service), zap.String("made", "`+way+`")`)
}

// said is what every line of the logs then has.
func said(way string) string { return `"made":"` + way + `"` }

func (s skaffold) command(t *testing.T, args ...string) *exec.Cmd {
	c := exec.CommandContext(t.Context(), "skaffold", args...)
	c.Dir = s.folder
	c.Env = append(os.Environ(), "SKAFFOLD_INTERACTIVE=false", "SKAFFOLD_UPDATE_CHECK=false", "SKAFFOLD_CACHE_FILE="+filepath.Join(s.folder, ".cache"))
	return c
}

// do returns what a command of skaffold's writes to its standard output.
func (s skaffold) do(t *testing.T, args ...string) string {
	t.Helper()
	var out, complaint bytes.Buffer
	c := s.command(t, args...)
	c.Stdout, c.Stderr = &out, &complaint
	if err := c.Run(); err != nil {
		t.Fatalf("skaffold %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), complaint.String())
	}
	return out.String()
}

// build returns the images as skaffold would deploy them.
func (s skaffold) build(t *testing.T) []string {
	t.Helper()
	var built struct{ Builds []struct{ Tag string } }
	text := s.do(t, "build", "--quiet", "--output", "{{json .}}")
	if err := json.Unmarshal([]byte(text), &built); err != nil {
		t.Fatalf("skaffold build: %v: %s", err, text)
	}
	var tags []string
	for _, b := range built.Builds {
		tags = append(tags, b.Tag)
	}
	if len(tags) != 3 {
		t.Fatalf("skaffold built %v", tags)
	}
	return tags
}

// session is a command that goes on until it is interrupted.
type session struct {
	command *exec.Cmd
	ended   chan struct{} // closed when it has ended, with err
	err     error

	mu      sync.Mutex
	lines   []string
	changed chan struct{} // closed at the next line
}

func (s skaffold) start(t *testing.T, args ...string) *session {
	t.Helper()
	d := &session{command: s.command(t, args...), ended: make(chan struct{}), changed: make(chan struct{})}
	reader, writer := io.Pipe()
	d.command.Stdout, d.command.Stderr = writer, writer
	// As a terminal does, Ctrl-C is for all of its processes.
	d.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	d.command.Cancel = func() error { return syscall.Kill(-d.command.Process.Pid, syscall.SIGKILL) }
	if err := d.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines := bufio.NewReader(reader)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			d.add(strings.TrimRight(line, "\n"))
		}
	}()
	go func() {
		defer close(d.ended)
		d.err = d.command.Wait()
		_ = writer.Close()
	}()
	t.Cleanup(func() { <-d.ended }) // the test's context, which ends the command, is over before this
	return d
}

func (d *session) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
	close(d.changed)
	d.changed = make(chan struct{})
}

// find returns the first line that matches, or what is in its first group; "" where there is none so far.
func (d *session) find(pattern string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	what := regexp.MustCompile(pattern)
	for _, line := range d.lines {
		if found := what.FindStringSubmatch(line); found != nil {
			return found[len(found)-1]
		}
	}
	return ""
}

// await is find that waits for the line.
func (d *session) await(t *testing.T, pattern string, patience time.Duration) string {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for {
		d.mu.Lock()
		changed := d.changed
		d.mu.Unlock()
		if found := d.find(pattern); found != "" {
			return found
		}
		select {
		case <-changed:
		case <-d.ended:
			t.Fatalf("no line %s before it ended: %v\n%s", pattern, d.err, d.tail())
		case <-deadline.C:
			t.Fatalf("no line %s within %v:\n%s", pattern, patience, d.tail())
		}
	}
}

// tail is the last of what skaffold itself has said, without the services' logs.
func (d *session) tail() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := slices.DeleteFunc(slices.Clone(d.lines), func(line string) bool { return strings.Contains(line, "]{") })
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// interrupt is Ctrl-C; it returns when the command has ended.
func (d *session) interrupt(t *testing.T) error {
	t.Helper()
	if err := syscall.Kill(-d.command.Process.Pid, syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-d.ended:
		return d.err
	case <-time.After(patience):
		return fmt.Errorf("it goes on after %v:\n%s", patience, d.tail())
	}
}
