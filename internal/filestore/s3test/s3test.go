// Package s3test starts real S3 servers for tests: versitygw, which 'make test'
// installs, and MinIO where there is one.
package s3test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What every server is started with.
const (
	AccessKey = "tester"
	SecretKey = "tester-secret"
	Region    = "us-east-1"
)

// Server is a process that serves S3 on the loopback interface.
type Server struct {
	Address string // host:port

	dir  string
	make func(dir, address string) *exec.Cmd
	cmd  *exec.Cmd
}

// Start starts versitygw, and ends it with the test. A machine without it fails the
// test.
func Start(t testing.TB) *Server {
	t.Helper()
	program, err := installed("versitygw")
	if err != nil {
		t.Fatalf("these tests need a real S3 server: install versitygw ('make test' does): %v", err)
	}
	return start(t, func(dir, address string) *exec.Cmd {
		cmd := exec.Command(program, "--port", address, "--keep-alive", "posix", "--sidecar", filepath.Join(dir, "metadata"), filepath.Join(dir, "data"))
		cmd.Env = []string{"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey}
		return cmd
	})
}

// StartMinIO starts MinIO with further settings of its environment, such as
// MINIO_NOTIFY_REDIS_ENABLE_1=on, and ends it with the test. The program is $MINIO
// or minio; a machine without it skips the test.
func StartMinIO(t testing.TB, settings ...string) *Server {
	t.Helper()
	program, err := exec.LookPath("minio")
	if named := os.Getenv("MINIO"); named != "" {
		program, err = named, nil
	}
	if err != nil {
		t.Skipf("there is no MinIO here: put minio on the PATH or set MINIO to test with it too (%v)", err)
	}
	return start(t, func(dir, address string) *exec.Cmd {
		cmd := exec.Command(program, "server", filepath.Join(dir, "data"), "--address", address, "--console-address", "127.0.0.1:0")
		cmd.Env = append([]string{"HOME=" + dir, "MINIO_ROOT_USER=" + AccessKey, "MINIO_ROOT_PASSWORD=" + SecretKey,
			"MINIO_BROWSER=off", "MINIO_UPDATE=off"}, settings...)
		return cmd
	})
}

// installed finds a program in .tools of the repository, or on the PATH.
func installed(name string) (string, error) {
	dir, err := os.Getwd()
	for ; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if path := filepath.Join(dir, ".tools", name); executable(path) {
			return path, nil
		}
	}
	return exec.LookPath(name)
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func start(t testing.TB, command func(dir, address string) *exec.Cmd) *Server {
	t.Helper()
	s := &Server{dir: t.TempDir(), make: command}
	for _, name := range []string{"data", "metadata"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	t.Cleanup(s.Kill)
	return s
}

// Restart starts the process again after Kill, with the files it had.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.cmd = s.make(s.dir, s.Address)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start an S3 server: %v", err)
	}
	ready := make(chan bool, 1)
	var said strings.Builder
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if said.Len() < 4096 {
				fmt.Fprintln(&said, lines.Text())
			}
			if strings.Contains(lines.Text(), "http://"+s.Address) {
				select {
				case ready <- true:
				default:
				}
			}
		}
		close(ready)
	}()
	if !<-ready {
		t.Fatalf("the S3 server ended: %s", said.String())
	}
}

// Kill ends the process at once.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Pause stops the process without ending it, until Resume.
func (s *Server) Pause() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (s *Server) Resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }

// Client is a client of the server.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{Region: Region, BaseEndpoint: aws.String("http://" + s.Address), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, "")})
}

// Bucket makes a bucket and returns the URL of a store in it. The environment of
// the test gets the credentials.
func (s *Server) Bucket(t testing.TB, name, prefix string) *url.URL {
	t.Helper()
	if _, err := s.Client().CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatalf("make a bucket: %v", err)
	}
	for _, v := range s.Environment() {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	return URL(s.Address, name, prefix)
}

// Environment is what a process needs to use the server.
func (s *Server) Environment() []string {
	return []string{"AWS_ACCESS_KEY_ID=" + AccessKey, "AWS_SECRET_ACCESS_KEY=" + SecretKey, "AWS_REGION=" + Region}
}

// URL is that of a store in a bucket which is served at the address.
func URL(address, bucket, prefix string) *url.URL {
	return &url.URL{Scheme: "s3", Host: bucket, Path: "/" + prefix, RawQuery: url.Values{"endpoint": {"http://" + address}}.Encode()}
}

// Port is the port of the server.
func (s *Server) Port() int {
	_, port, _ := net.SplitHostPort(s.Address)
	n, _ := strconv.Atoi(port)
	return n
}
