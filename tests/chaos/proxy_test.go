//go:build linux

package chaos

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// network is what a proxy does to what goes through it.
type network int

const (
	sound    network = iota
	cut              // connections break, new ones too
	frozen           // nothing gets through, nothing breaks
	slow             // every packet takes its time
	oneSided         // commands arrive, the connection breaks before their answers do
	torn             // connections are reset after some more of what goes through them
	refusing         // whoever connects is answered with HTTP's 503
)

// proxy is the network between the processors and Redis, or all and a bucket.
type proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	state   network
	changed chan struct{} // closed when state changes
	conns   map[net.Conn]struct{}
	closed  bool
	packets int // while connections are torn
	tap     func(answer bool) (lost bool)
	running sync.WaitGroup
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, target: target, changed: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.set(cut)
		p.running.Wait()
	})
	return p
}

// set changes the state of the network.
func (p *proxy) set(state network) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
	close(p.changed)
	p.changed = make(chan struct{})
	if state == cut || state == refusing {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.refuses() {
			p.running.Go(func() { refuse(client) })
			continue
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil || !p.add(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.running.Go(func() { p.forward(server, client, false) })
		p.running.Go(func() { p.forward(client, server, true) })
	}
}

func (p *proxy) refuses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == refusing
}

// refuse answers a request as a server does that has too much to do.
func refuse(client net.Conn) {
	defer client.Close()
	if err := client.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return
	}
	if r, err := http.ReadRequest(bufio.NewReader(client)); err == nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(client, "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	}
}

// add takes note of two connections, unless there is no network for them.
func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == cut || p.state == refusing || p.closed {
		return false
	}
	for _, c := range conns {
		p.conns[c] = struct{}{}
	}
	return true
}

func (p *proxy) forward(to, from net.Conn, answers bool) {
	defer func() {
		_, _ = to.Close(), from.Close()
		p.mu.Lock()
		delete(p.conns, to)
		delete(p.conns, from)
		p.mu.Unlock()
	}()
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if p.tapped(answers) || !p.pass(answers) {
				return
			}
			if p.tears() { // half of it arrives
				_, _ = to.Write(buffer[:n/2])
				_, _ = to.(*net.TCPConn).SetLinger(0), from.(*net.TCPConn).SetLinger(0)
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// listen has tap called with each packet before it goes on, until listen is called
// again. A packet that tap calls lost breaks its connection.
func (p *proxy) listen(tap func(answer bool) (lost bool)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tap = tap
}

func (p *proxy) tapped(answer bool) (lost bool) {
	p.mu.Lock()
	tap := p.tap
	p.mu.Unlock()
	return tap != nil && tap(answer)
}

// tears reports, now and then, that a connection is to be reset.
func (p *proxy) tears() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != torn {
		return false
	}
	p.packets++
	return p.packets%4 == 0
}

// pass waits until a packet may go on, and reports false when it is lost.
func (p *proxy) pass(answer bool) bool {
	for {
		p.mu.Lock()
		state, changed := p.state, p.changed
		p.mu.Unlock()
		switch state {
		case cut, refusing:
			return false
		case frozen:
			<-changed
		case slow:
			select {
			case <-changed:
			case <-time.After(15 * time.Millisecond):
				return true
			}
		case oneSided:
			return !answer
		default:
			return true
		}
	}
}
