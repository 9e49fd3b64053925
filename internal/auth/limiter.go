package auth

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How many wrong attempts a client may make at once, after what time it may make another,
// and how many clients are kept.
const (
	burst      = 5
	refill     = RetryAfter
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

// try reports whether the client has an attempt left, and uses it up unless it is right.
// Both happen under one lock, so that many attempts at once do not get around the limit.
func (l *limiter) try(client netip.Prefix, right bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.time()
	full := l.clients[client]
	if full.Before(now) {
		full = now
	}
	if full.Sub(now) > (burst-1)*refill {
		return false
	}
	if right {
		return true
	}
	if l.clients == nil {
		l.clients = make(map[netip.Prefix]time.Time)
	}
	if _, known := l.clients[client]; !known && len(l.clients) >= maxClients {
		l.forget(now)
	}
	l.clients[client] = full.Add(refill)
	return true
}

// forget makes room for a client. It looks at up to 50 clients, in the random order of a
// map, and removes those whose bucket is full again, or else the last one.
func (l *limiter) forget(now time.Time) {
	looked, last := 0, netip.Prefix{}
	before := len(l.clients)
	for c, full := range l.clients {
		if last = c; !full.After(now) {
			delete(l.clients, c)
		}
		if looked++; looked == 50 {
			break
		}
	}
	if len(l.clients) == before {
		delete(l.clients, last)
	}
}

// client is the address of the client. In IPv6, one with a network of 64 bits can choose
// among its addresses, so the network counts as one client.
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
