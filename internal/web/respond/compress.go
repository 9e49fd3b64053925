package respond

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

var compress = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1400), gzhttp.SuffixETag("-gzip"))
	if err != nil {
		panic(err) // only wrong options are refused
	}
	return wrap
}()

// Compressed compresses the answers of h for clients that accept that: pages, tables
// and scripts shrink to a fifth. Small answers and archives stay as they are. It is not
// for event streams, nor for the files, which are sent as they are.
func Compressed(h http.HandlerFunc) http.HandlerFunc { return compress(h) }
