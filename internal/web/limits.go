package web

import "net/http"

// What many clients may have at once of what anybody may ask for and what costs more
// than it sends.
const (
	mostStreams = 1000 // live pages and event streams: tens of kilobytes each
	mostZips    = 16   // each compresses, in about a megabyte, for as long as the client takes
	mostDigests = 4    // each reads a whole file, or a thousand, for a few bytes
)

// atMost returns what keeps the handlers that it is put around from serving more than n
// requests at once, all of them together. Others are told to come again.
func (s *Server) atMost(n int, detail string) func(http.HandlerFunc) http.HandlerFunc {
	busy := make(chan struct{}, n)
	return func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case busy <- struct{}{}:
				defer func() { <-busy }()
				h(w, r)
			default:
				w.Header().Set("Retry-After", "10")
				s.problem(w, r, http.StatusServiceUnavailable, detail)
			}
		}
	}
}
