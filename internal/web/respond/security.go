package respond

import "net/http"

// Values of headers that many answers share, so that none is allocated for each. They
// are replaced or appended to, which copies them, and never changed.
var (
	pagePolicy = []string{"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"}
	filePolicy = []string{"default-src 'none'; sandbox"}
	noSniff    = []string{"nosniff"}
	sameOrigin = []string{"same-origin"}
	noCache    = []string{"no-cache"} // a cache asks each time whether the file has changed
	varyAccept = []string{"Accept"}
)

// Secured sets the headers that every answer has, and refuses requests that change
// something and come from another site.
func (p *Responder) Secured(h http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header["Content-Security-Policy"] = pagePolicy
		header["X-Content-Type-Options"] = noSniff
		header["Cross-Origin-Resource-Policy"] = sameOrigin
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := crossOrigin.Check(r); err != nil {
				p.Problem(w, r, http.StatusForbidden, "the request comes from another site")
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}
