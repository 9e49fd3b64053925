package auth

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Wrong guesses that one client may make at once, and how soon it may make another.
const (
	burst      = 5
	refill     = 10 * time.Second
	maxClients = 10_000
)

// limiter is a token bucket for each client (A. Tanenbaum, "Computer Networks").
type limiter struct {
	mu      sync.Mutex
	clients map[netip.Prefix]time.Time // when the bucket is full again
	now     func() time.Time           // nil: time.Now
}

func (l *limiter) time() time.Time {
	if l.now != nil {
		return l.now()
	}
	return time.Now()
}

// allowed reports whether the client has a guess left.
func (l *limiter) allowed(client netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clients[client].Sub(l.time()) <= (burst-1)*refill
}

// take uses up a guess, and reports whether there was one.
func (l *limiter) take(client netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.time()
	if l.clients == nil {
		l.clients = make(map[netip.Prefix]time.Time)
	}
	if len(l.clients) >= maxClients {
		for c, full := range l.clients {
			if !full.After(now) {
				delete(l.clients, c)
			}
		}
		for c := range l.clients {
			if len(l.clients) < maxClients {
				break
			}
			delete(l.clients, c)
		}
	}
	full := l.clients[client]
	if full.Before(now) {
		full = now
	}
	if full.Sub(now) > (burst-1)*refill {
		return false
	}
	l.clients[client] = full.Add(refill)
	return true
}

// client is who asks, as far as one machine can be told from another: a network of
// 64 bits is one client.
func client(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	addr := at.Addr().Unmap().WithZone("")
	bits := 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}
