// Package s3test starts real S3 servers for tests: versitygw, which 'make test'
// installs, and MinIO where there is one.
package s3test

import (
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"csv-pipeline/internal/filestore/servertest"
)

// What every server is started with.
const (
	AccessKey = "tester"
	SecretKey = "tester-secret"
	Region    = "us-east-1"
)

// Server is a process that serves S3 on the loopback interface.
type Server struct {
	*servertest.Process
	Address string // host:port

	dir  string
	make func(dir, address string) *exec.Cmd
}

// Start starts versitygw, and ends it with the test. Where it is not installed, the test
// fails.
func Start(t testing.TB) *Server {
	t.Helper()
	program := servertest.Installed(t, ".tools/versitygw")
	return start(t, func(dir, address string) *exec.Cmd {
		cmd := exec.Command(program, "--port", address, "--keep-alive", "posix", "--sidecar", filepath.Join(dir, "metadata"), filepath.Join(dir, "data"))
		cmd.Env = []string{"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey}
		return cmd
	})
}

// StartMinIO starts MinIO with more variables in its environment, such as
// MINIO_NOTIFY_REDIS_ENABLE_1=on, and ends it with the test. The program is $MINIO or
// minio; where there is none, the test is skipped.
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

func start(t testing.TB, command func(dir, address string) *exec.Cmd) *Server {
	t.Helper()
	s := &Server{Address: servertest.FreeAddress(t), dir: t.TempDir(), make: command}
	for _, name := range []string{"data", "metadata"} {
		if err := os.Mkdir(filepath.Join(s.dir, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	s.Restart(t)
	t.Cleanup(func() { s.Kill() })
	return s
}

// Restart starts the process again after Kill, with the files it had.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Process, _ = servertest.Start(t, s.make(s.dir, s.Address), "http://"+s.Address)
}

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
