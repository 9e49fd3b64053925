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
	"sync"
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

// serve serves a site on a listener that reports when connections are closed.
func (s *site) serve(t *testing.T, server ops.Server) watchedListener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := watchedListener{l.(*net.TCPListener), make(chan *watched, 1000)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	server.Handler, server.Log = s.Config.Handler, zap.NewNop()
	go func() { ended <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener
}

// dial sends the beginning of a request, and returns both ends of the connection.
func (l watchedListener) dial(t *testing.T, begins string) (net.Conn, *watched) {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := io.WriteString(c, begins); err != nil {
		t.Fatal(err)
	}
	for w := range l.accepted {
		if w.RemoteAddr().String() == c.LocalAddr().String() {
			return c, w
		}
	}
	panic("the listener is never done")
}

// A silent client loses its connection, logged in or not. A client that keeps sending or
// receiving is served, however long that takes.
func TestSilentClientsAreCutOff(t *testing.T) {
	t.Parallel() // it waits most of the time
	const patience = 3 * time.Second
	s := start(t, func(c *web.Config) { c.ClientTimeout, c.MaxUpload = patience, 1<<40 })
	large := strings.Repeat("0123456789abcde\n", 2<<20) // more than the system buffers
	s.put(t, "large.csv.gz", large)
	s.put(t, "small.csv", "a,b\n1,2\n")
	l := s.serve(t, ops.Server{HeaderTimeout: patience, IdleTimeout: patience})

	stream, watchedStream := l.dial(t, "GET /api/v1/status/events HTTP/1.1\r\nHost: x\r\n\r\n")
	events := bufio.NewScanner(stream)
	heard := func(text string) {
		t.Helper()
		for events.Scan() {
			if strings.Contains(events.Text(), text) {
				return
			}
		}
		t.Fatalf("the stream has ended before it said %s: %v", text, events.Err())
	}
	heard(`"waiting":0`)

	allCut := make(chan struct{})

	// These clients are active: one sends and others receive, a little at a time, until the
	// last of the silent ones is disconnected.
	drip := func(little func()) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-allCut:
				return
			case <-tick.C:
				little()
			}
		}
	}
	var moving sync.WaitGroup
	for what, request := range map[string]string{
		"a file": "GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\n\r\n",
		"a zip":  "POST /files/raw/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 32\r\n\r\nname=large.csv.gz&name=small.csv",
	} {
		c, _ := l.dial(t, request)
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", what, answer, err)
		}
		moving.Go(func() {
			defer answer.Body.Close()
			var got int64
			drip(func() {
				n, err := io.CopyN(io.Discard, answer.Body, 16<<10)
				if got += n; err != nil {
					t.Errorf("%s, after %d bytes: %v", what, got, err)
				}
			})
			n, err := io.Copy(io.Discard, answer.Body)
			if got += n; err != nil || got < int64(len(large)) {
				t.Errorf("%s: %d bytes, %v", what, got, err)
			}
		})
	}
	moving.Go(func() {
		body, pipe := io.Pipe()
		go func() {
			drip(func() { _, _ = io.WriteString(pipe, large[:16<<10]) })
			_ = pipe.Close()
		}()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, "http://"+l.Addr().String()+"/files/raw/moving.csv", body)
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusCreated {
			t.Errorf("an upload: %v, %v", answer, err)
			return
		}
		_ = answer.Body.Close()
	})

	const authorization = "Authorization: Bearer " + token + "\r\n"
	requests := []string{"", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: "} // without an end
	for _, request := range []string{
		"GET / HTTP/1.1\r\n", "HEAD /trends HTTP/1.1\r\n", "GET /api/v1/failed HTTP/1.1\r\n", "GET /files/raw/small.csv HTTP/1.1\r\n",
		"GET /files/raw/?format=zip HTTP/1.1\r\n", "GET /assets/style.css HTTP/1.1\r\n", "GET /healthz HTTP/1.1\r\n", "GET /metrics HTTP/1.1\r\n", "GET /nothing HTTP/1.1\r\n",
		"DELETE / HTTP/1.1\r\n", "POST // HTTP/1.1\r\n", "POST /login HTTP/1.1\r\n", "POST /logout HTTP/1.1\r\n", "POST /files/raw/ HTTP/1.1\r\n",
		"POST /failed/retry HTTP/1.1\r\n", "POST /api/v1/failed/drop HTTP/1.1\r\n", "POST /upload HTTP/1.1\r\n", "PUT /files/raw/new.csv HTTP/1.1\r\n",
		"POST /failed/retry HTTP/1.1\r\n" + authorization, "POST /api/v1/failed/drop HTTP/1.1\r\n" + authorization,
		"POST /upload HTTP/1.1\r\n" + authorization, "PUT /files/raw/new.csv HTTP/1.1\r\n" + authorization,
	} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=b"} {
			head := request + "Host: x\r\nContent-Type: " + kind + "\r\n"
			requests = append(requests,
				head+"Content-Length: 100\r\n\r\n", head+"Content-Length: 100\r\n\r\n-",
				head+"Content-Length: 1000000000\r\n\r\n-", head+"Transfer-Encoding: chunked\r\n\r\n", head+"Transfer-Encoding: chunked\r\n\r\n4\r\n-",
				head+"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n")
		}
		requests = append(requests, request+"Host: x\r\n\r\n") // complete, and then silent
	}
	for range 10 { // whose answers are not received
		requests = append(requests, "GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\n\r\n", "GET /files/raw/?format=zip HTTP/1.1\r\nHost: x\r\n\r\n",
			"GET /files/raw/large.csv.gz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n")
	}
	var held []*watched
	for _, request := range requests {
		_, server := l.dial(t, request)
		held = append(held, server)
	}
	t.Logf("%d connections", len(held))
	go func() {
		defer close(allCut)
		for _, server := range held {
			<-server.closed.Done()
		}
	}()

	for range 20 {
		answer, err := http.Get("http://" + l.Addr().String() + "/files/raw/small.csv")
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("meanwhile: %v, %v", answer, err)
		}
		_ = answer.Body.Close()
	}

	<-allCut
	moving.Wait()
	if watchedStream.closed.Err() != nil {
		t.Error("a stream is disconnected")
	}
	if err := s.queue.Push(t.Context(), "a.csv"); err != nil {
		t.Fatal(err)
	}
	heard(`"waiting":3`) // with the two uploads that have ended
}

// Of costly requests only some are served at once; the others are answered with 503.
func TestCrowds(t *testing.T) {
	s := start(t, func(c *web.Config) { c.MaxStreams = 3 })
	s.put(t, "large.csv.gz", strings.Repeat("0123456789abcde\n", 2<<20)) // more than the system buffers
	if _, err := s.files.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, crowd := range []struct {
		most    int
		request string
	}{
		{3, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n"},
		{16, "GET /files/raw/?format=zip HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		ask := func() (net.Conn, *http.Response) {
			t.Helper()
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := io.WriteString(c, crowd.request); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			return c, answer
		}
		var first net.Conn
		for i := range crowd.most {
			c, answer := ask()
			if i == 0 {
				first = c
			}
			if answer.StatusCode != http.StatusOK {
				t.Errorf("%q: %d of %d is answered with %s", crowd.request, i+1, crowd.most, answer.Status)
			}
		}
		if _, answer := ask(); answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%q: one too many is answered with %s", crowd.request, answer.Status)
		}
		_ = first.Close()
		for { // the server sees that it has gone
			if _, answer := ask(); answer.StatusCode == http.StatusOK {
				break
			}
		}
	}
	if r := s.get(t, "/api/v1/status"); r.StatusCode != http.StatusOK {
		t.Errorf("meanwhile: %s", r.Status)
	}
}

// A client that sends or receives too slowly is disconnected, whatever it requests, even if
// it never stops altogether.
func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel() // it waits most of the time
	s := start(t, func(c *web.Config) { c.ClientTimeout = 100 * time.Millisecond })
	s.put(t, "large.csv.gz", strings.Repeat("0123456789abcde\n", 4<<20)) // more than the system buffers; a zip file stores it uncompressed
	l := s.serve(t, ops.Server{HeaderTimeout: 100 * time.Millisecond})

	authorized := "Host: x\r\nAuthorization: Bearer " + token + "\r\n"
	form := "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
	for what, client := range map[string]struct {
		begins string
		sends  string // again and again; "": it receives one byte again and again
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
			c, server := l.dial(t, client.begins)
			_ = c.(*net.TCPConn).SetReadBuffer(4 << 10)
			drip := time.NewTicker(5 * time.Millisecond)
			defer drip.Stop()
			for one := make([]byte, 1); ; {
				select {
				case <-server.closed.Done():
					return
				case <-drip.C:
				}
				if client.sends != "" {
					_, _ = fmt.Fprint(c, client.sends) // fails once it is disconnected
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

// An upload that is too slow is answered with 408 before the connection is closed.
func TestSlowUploadIsAnswered(t *testing.T) {
	t.Parallel() // it waits most of the time
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
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusRequestTimeout || !answer.Close {
			t.Errorf("%s: %s", what, answer.Status)
		}
	}
}
