//go:build linux

package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// process is a running service. Its end and its stops are learnt from the kernel.
type process struct {
	name    string
	log     string // file with what it prints
	cmd     *exec.Cmd
	stopped chan struct{} // receives whenever it is stopped by a signal
	ended   chan struct{} // closed when it has ended
	status  syscall.WaitStatus

	killed, told atomic.Bool // by the test: with SIGKILL, with SIGTERM
	tells        atomic.Bool // itself, with SIGTERM, should it reach a fault point
}

var started atomic.Int64

// start starts a service with its log in the given folder.
func start(t testing.TB, logs, service string, env []string, args ...string) *process {
	t.Helper()
	p := &process{name: fmt.Sprintf("%s-%d", service, started.Add(1)), stopped: make(chan struct{}, 16), ended: make(chan struct{})}
	p.log = filepath.Join(logs, p.name+".log")
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	p.cmd = exec.Command(filepath.Join(binaries, service), args...)
	p.cmd.Env = append([]string{"GOMAXPROCS=2"}, env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go p.watch()
	return p
}

// watch takes the place of cmd.Wait, which does not tell of stops.
func (p *process) watch() {
	defer close(p.ended)
	for {
		_, err := syscall.Wait4(p.cmd.Process.Pid, &p.status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			panic(fmt.Sprintf("wait for %s: %v", p.name, err))
		case p.status.Stopped():
			p.stopped <- struct{}{}
		default:
			return
		}
	}
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// signal sends a signal; to a process that has ended it does nothing, and neither does
// a second SIGTERM, which would end it at once.
func (p *process) signal(s syscall.Signal) {
	switch s {
	case syscall.SIGKILL:
		p.killed.Store(true)
	case syscall.SIGTERM:
		if p.told.Swap(true) {
			return
		}
	}
	_ = p.cmd.Process.Signal(s)
}

// awaitEnd returns how the process ended.
func (p *process) awaitEnd(t testing.TB, within time.Duration) syscall.WaitStatus {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(within):
		t.Errorf("%s did not end within %v", p.name, within)
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
	return p.status
}

// awaitStop returns once a signal has stopped the process.
func (p *process) awaitStop(t testing.TB) {
	t.Helper()
	select {
	case <-p.stopped:
	case <-p.ended:
		t.Fatalf("%s ended instead of being stopped: %v", p.name, describe(p.status))
	case <-time.After(patience):
		t.Fatalf("%s was not stopped within %v", p.name, patience)
	}
}

// endedWell returns an error unless the process ended as it should have.
func (p *process) endedWell() error {
	switch {
	case p.killed.Load():
		return nil
	case p.status.Exited() && p.status.ExitStatus() == 0:
		return nil
	case p.told.Load() && p.status.Signaled() && p.status.Signal() == syscall.SIGTERM && p.silent():
		return nil // it was told before it could listen, and had begun nothing
	case p.told.Load() && p.tells.Load() && p.status.Exited() && p.status.ExitStatus() == 128+int(syscall.SIGTERM):
		return nil // it was told twice: then it ends at once, as one that is killed
	}
	return fmt.Errorf("%s ended with %s (told to stop: %v)", p.name, describe(p.status), p.told.Load())
}

// silent reports whether the process printed nothing at all.
func (p *process) silent() bool {
	info, err := os.Stat(p.log)
	return err == nil && info.Size() == 0
}

func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return "signal " + s.Signal().String()
	}
	return fmt.Sprintf("exit code %d", s.ExitStatus())
}
