// Package servertest runs servers of object stores as processes of a test.
package servertest

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Installed finds a program that 'make test' installs: by its path in the repository, or
// else by its name on the PATH. Where there is none, the test fails.
func Installed(t testing.TB, path string) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if program := filepath.Join(dir, path); executable(program) {
			return program
		}
	}
	program, err := exec.LookPath(filepath.Base(path))
	if err != nil {
		t.Fatalf("this test needs a server: install %s ('make test' does): %v", filepath.Base(path), err)
	}
	return program
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// FreeAddress is a host:port of the loopback interface that nobody listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// Process is a server that runs.
type Process struct{ cmd *exec.Cmd }

// Start starts a server, and returns once it prints a line with the given text, which says
// that it is ready.
func Start(t testing.TB, cmd *exec.Cmd, ready string) (p *Process, line string) {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	found := make(chan string, 1)
	var said strings.Builder
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if said.Len() < 4096 {
				fmt.Fprintln(&said, lines.Text())
			}
			if strings.Contains(lines.Text(), ready) {
				select {
				case found <- lines.Text():
				default:
				}
			}
		}
		close(found)
	}()
	line, ok := <-found
	if !ok {
		t.Fatalf("%s ended: %s", cmd.Path, said.String())
	}
	return &Process{cmd}, line
}

// Kill ends the process at once.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// Pause stops the process without ending it, until Resume. It returns when the
// process has stopped.
func (p *Process) Pause() error {
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WSTOPPED, nil)
}

// Resume lets a paused process go on.
func (p *Process) Resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
