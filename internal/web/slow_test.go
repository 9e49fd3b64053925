package web_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/ops"
	"csv-pipeline/internal/web"
)

// watched tells when the server closes a connection.
type watched struct {
	*net.TCPConn
	closed context.Context
	close  context.CancelFunc
}

func (w *watched) Close() error {
	defer w.close()
	return w.TCPConn.Close()
}

type watchedListener struct {
	*net.TCPListener
	accepted chan *watched
}

func (l watchedListener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	w := &watched{TCPConn: c}
	w.closed, w.close = context.WithCancel(context.Background())
	l.accepted <- w
	return w, nil
}

// A client that sends or takes next to nothing is cut off, whatever it is about, and
// also if it never stops altogether.
func TestSlowClientsAreCutOff(t *testing.T) {
	s := start(t, func(c *web.Config) { c.ClientTimeout = 100 * time.Millisecond })
	s.put(t, "large.csv.gz", strings.Repeat("0123456789abcde\n", 4<<20)) // more than the system buffers; a zip file has it as it is
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := watchedListener{l.(*net.TCPListener), make(chan *watched, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- ops.Server{Handler: s.Config.Handler, Log: zap.NewNop(), HeaderTimeout: 100 * time.Millisecond}.Serve(ctx, listener)
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	authorized := "Host: x\r\nAuthorization: Bearer " + token + "\r\n"
	form := "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
	for what, client := range map[string]struct {
		begins string
		sends  string // again and again; "": it takes one byte again and again
	}{
		"a header":        {"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", "x"},
		"a form":          {"POST /login HTTP/1.1\r\nHost: x\r\n" + form + "token=", "x"},
		"a request":       {"POST /api/v1/failed/retry HTTP/1.1\r\n" + authorized + form, " "},
		"an upload":       {"PUT /files/raw/slow.csv HTTP/1.1\r\n" + authorized + "Content-Length: 100000\r\n\r\n", "x"},
		"an upload form":  {"POST /upload HTTP/1.1\r\n" + authorized + "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"slow.csv\"\r\n\r\n", "x"},
		"taking a file":   {"GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\n\r\n", ""},
		"taking a digest": {"GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\nWant-Repr-Digest: sha-256=1\r\n\r\n", ""},
		"taking ranges":   {"GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\nRange: bytes=0-30000000,1-40000000\r\n\r\n", ""},
		"taking a zip":    {"GET /files/raw/?format=zip HTTP/1.1\r\nHost: x\r\n\r\n", ""},
	} {
		t.Run(what, func(t *testing.T) {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
			if _, err := io.WriteString(c, client.begins); err != nil {
				t.Fatal(err)
			}
			server := <-listener.accepted
			drip := time.NewTicker(5 * time.Millisecond)
			defer drip.Stop()
			for one := make([]byte, 1); ; {
				select {
				case <-server.closed.Done():
					return
				case <-drip.C:
				}
				if client.sends != "" {
					_, _ = fmt.Fprint(c, client.sends) // fails once it is cut off
				} else {
					_, _ = c.Read(one)
				}
			}
		})
	}
	if _, err := s.store.Stat(t.Context(), filestore.Raw, "slow.csv"); err == nil {
		t.Error("half an upload is kept")
	}
	if left, err := os.ReadDir(filepath.Join(s.folder, "raw", ".tmp")); len(left) > 0 {
		t.Errorf("%d temporary files are left, %v", len(left), err)
	}
}

// Whoever uploads too slowly is told so before the connection is closed.
func TestSlowUploadIsAnswered(t *testing.T) {
	s := start(t, func(c *web.Config) { c.ClientTimeout = 400 * time.Millisecond })
	for what, begins := range map[string]string{
		"PUT":  "PUT /files/raw/slow.csv HTTP/1.1\r\n",
		"POST": "POST /upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\n",
	} {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		part := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"slow.csv\"\r\n\r\na,b\n1,2\n"
		if _, err := fmt.Fprintf(c, "%sHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 1000\r\n\r\n%s", begins, token, part); err != nil {
			t.Fatal(err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusRequestTimeout || !answer.Close {
			t.Errorf("%s: %s", what, answer.Status)
		}
	}
}
