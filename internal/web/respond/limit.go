package respond

import "net/http"

// AtMost returns a wrapper of handlers that together serve at most n requests at once.
// Every further request is answered with 503 and the detail.
func (p *Responder) AtMost(n int, detail string) func(http.HandlerFunc) http.HandlerFunc {
	busy := make(chan struct{}, n)
	return func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case busy <- struct{}{}:
				defer func() { <-busy }()
				h(w, r)
			default:
				w.Header().Set("Retry-After", "10")
				p.Problem(w, r, http.StatusServiceUnavailable, detail)
			}
		}
	}
}
