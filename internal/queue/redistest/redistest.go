// Package redistest starts real redis-server processes, and the embedded one, for tests.
package redistest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Server is a redis-server process of one test.
type Server struct {
	Host string
	Port int
	Dir  string // its working directory, with its append-only file if it keeps one

	args  []string // a configuration file is the first
	ready string   // what it says once it is up
	cmd   *exec.Cmd
}

// Start starts redis-server on a free port of the loopback interface with the
// given further arguments, and ends it with the test. A machine without
// redis-server fails the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return StartIn(t, t.TempDir(), args...)
}

// StartIn is Start with a working directory of the caller's.
func StartIn(t testing.TB, dir string, args ...string) *Server {
	t.Helper()
	s := newServer(t, dir)
	s.args = slices.Concat([]string{"--port", strconv.Itoa(s.Port), "--save", ""}, s.place(), args)
	return s.start(t)
}

func newServer(t testing.TB, dir string) *Server {
	return &Server{Host: "127.0.0.1", Port: freePort(t), Dir: dir, ready: "Ready to accept connections"}
}

// place is the arguments of every kind of server.
func (s *Server) place() []string {
	return []string{"--bind", s.Host, "--dir", s.Dir, "--daemonize", "no"}
}

func (s *Server) start(t testing.TB) *Server {
	t.Helper()
	s.Restart(t)
	t.Cleanup(func() { s.Kill() })
	return s
}

// Restart starts the process again after Kill, on the same port and directory.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatalf("these tests need a real Redis: install redis-server ('make test' does): %v", err)
	}
	s.cmd = exec.Command(path, s.args...)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	ready := make(chan error, 1)
	go func() {
		var said strings.Builder
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if said.Len() < 4096 {
				fmt.Fprintln(&said, lines.Text())
			}
			if strings.Contains(lines.Text(), s.ready) {
				ready <- nil
			}
		}
		select {
		case ready <- fmt.Errorf("redis-server ended before it was ready:\n%s", said.String()):
		default:
		}
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
}

// Kill ends the process at once, as a crash would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Signal sends the process a signal, such as SIGSTOP.
func (s *Server) Signal(sig syscall.Signal) error { return s.cmd.Process.Signal(sig) }

// Addr is host:port.
func (s *Server) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Client connects to the server for the length of the test.
func (s *Server) Client(t testing.TB) *redis.Client { return client(t, s.Addr()) }

// Embedded starts the in-process Redis that standalone uses.
func Embedded(t testing.TB) *redis.Client { return client(t, miniredis.RunT(t).Addr()) }

func client(t testing.TB, addr string) *redis.Client {
	// A busy machine may take longer than the default of 3 s. go-redis then calls again, which the queue's own client does not.
	rdb := redis.NewClient(&redis.Options{Addr: addr, ContextTimeoutEnabled: true, DisableIdentity: true, ReadTimeout: time.Minute, WriteTimeout: time.Minute})
	t.Cleanup(func() { _ = rdb.Close() })
	if err := rdb.Ping(context.Background()).Err(); err != nil {
		t.Fatal(err)
	}
	return rdb
}

// freePort finds a port that nothing listens on just now.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
