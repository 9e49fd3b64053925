package respond

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/format"
)

// VaryByAccept tells caches that the answer depends on what the client accepts.
func VaryByAccept(w http.ResponseWriter) { w.Header()["Vary"] = varyAccept }

// File answers with the bytes of a file: conditions, ranges and Want-Repr-Digest are
// respected. With download a browser saves it.
func (p *Responder) File(w http.ResponseWriter, r *http.Request, area filestore.Area, f filestore.File, download bool) {
	info := f.Info()
	header := w.Header()
	header["Content-Type"] = contentType(area, f)
	header.Set("ETag", `"`+info.ETag+`"`)
	header["Cache-Control"] = noCache
	header["Content-Security-Policy"] = filePolicy
	if download {
		Attachment(w, path.Base(info.Name))
	}
	if strings.Contains(r.Header.Get("Want-Repr-Digest"), "sha-256") {
		if sum, err := p.Digest(r.Context(), f); err == nil {
			header.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":") // RFC 9530
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			p.Unavailable(w, r, err)
			return
		}
	}
	if ranges := r.Header.Get("Range"); strings.Count(ranges, ",") >= maxRanges {
		r.Header.Del("Range") // many small ranges cost more than the file
	}
	if info.Size <= small && r.Method == http.MethodGet && !hasAny(r.Header, conditions) {
		p.smallFile(w, r, area, f)
		return
	}
	if hasAny(r.Header, refusable) {
		w = &refusalWriter{ResponseWriter: w, p: p, r: r}
	}
	modified := lastModified(area, info)
	// A file may be replaced by an older one: only the same time is no change, as for nginx.
	if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && !since.Equal(modified.Truncate(time.Second)) {
		r.Header.Del("If-Modified-Since")
	}
	http.ServeContent(w, r, "", modified, f)
}

// lastModified is the zero time for a result: it is as old as its input, also when other settings
// have made another one of that.
func lastModified(area filestore.Area, info filestore.Info) time.Time {
	if area == filestore.Processed {
		return time.Time{}
	}
	return info.ModTime
}

// refusalWriter answers with a problem where a range is not in the file, or a precondition does not
// hold: net/http answers with plain text, or with nothing.
type refusalWriter struct {
	http.ResponseWriter
	p       *Responder
	r       *http.Request
	refused bool
}

func (w *refusalWriter) WriteHeader(code int) {
	problem := ""
	switch code {
	case http.StatusRequestedRangeNotSatisfiable:
		problem = "the file does not have the range that was asked for; Content-Range tells its size"
	case http.StatusPreconditionFailed:
		problem = "the file has changed: it is not the version that If-Match or If-Unmodified-Since asks for"
	default:
		w.ResponseWriter.WriteHeader(code)
		return
	}
	w.refused = true
	w.Header()["Content-Security-Policy"] = pagePolicy
	w.p.Problem(w.ResponseWriter, w.r, code, problem)
}

func (w *refusalWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// ReadFrom lets the system copy the file to the connection.
func (w *refusalWriter) ReadFrom(from io.Reader) (int64, error) {
	return io.Copy(w.ResponseWriter, from)
}

func (w *refusalWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const (
	// small is the size of files that are sent with one read and one write, in bytes.
	small = 16 << 10
	// unflushed is the size up to which net/http buffers an answer and sets its length.
	unflushed = 2 << 10
	// maxRanges is how many ranges one request may ask for.
	maxRanges = 10
)

var buffers = sync.Pool{New: func() any { return new([small]byte) }}

// conditions are the fields of a request that is not for all of a file, whatever version the client
// has (RFC 9110, sections 13 and 14). refusable are those of them for which it may be refused.
var (
	refusable  = []string{"Range", "If-Match", "If-Unmodified-Since"}
	conditions = append([]string{"If-None-Match", "If-Modified-Since"}, refusable...)
)

func hasAny(h http.Header, names []string) bool {
	for _, name := range names {
		if _, there := h[name]; there {
			return true
		}
	}
	return false
}

// smallFile answers as http.ServeContent does, but with one read and one write: most
// results are small, and most requests are for all of one.
func (p *Responder) smallFile(w http.ResponseWriter, r *http.Request, area filestore.Area, f filestore.File) {
	buffer := buffers.Get().(*[small]byte)
	defer buffers.Put(buffer)
	info := f.Info()
	content := buffer[:info.Size]
	if _, err := io.ReadFull(f, content); err != nil {
		p.Unavailable(w, r, fmt.Errorf("read %s: %w", format.Visible(info.Name), err)) // another program wrote into the file
		return
	}
	if modified := lastModified(area, info); !modified.IsZero() {
		w.Header().Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	if info.Size > unflushed {
		w.Header().Set("Content-Length", strconv.FormatInt(info.Size, 10))
	}
	_, _ = w.Write(content) // an error means that the client has gone
}

// contentTypes are values of the header that answers share, so that none is allocated for
// each.
var contentTypes = func() map[string][]string {
	shared := map[string][]string{}
	for _, name := range []string{"x.csv", "x.gz", "x.zst", "x"} {
		for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
			of := filestore.ContentType(area, name)
			shared[of] = []string{of}
		}
	}
	return shared
}()

// contentType is the media type of a file. The encoding of a raw text is named where its byte
// order mark tells it; a wrong one would have browsers garble the text.
func contentType(area filestore.Area, f filestore.File) []string {
	of := filestore.ContentType(area, f.Info().Name)
	if area == filestore.Raw && strings.HasPrefix(of, "text/") {
		if charset := markedCharset(f); charset != "" {
			of += "; charset=" + charset
		}
	}
	if shared, ok := contentTypes[of]; ok {
		return shared
	}
	return []string{of}
}

// markedCharset is the encoding that a file's byte order mark names, "" where it has none.
func markedCharset(f io.ReaderAt) string {
	var head [3]byte
	n, _ := f.ReadAt(head[:], 0) // an error comes again where the file is sent
	switch start := string(head[:n]); {
	case start == "\xef\xbb\xbf":
		return "utf-8"
	case strings.HasPrefix(start, "\xff\xfe"):
		return "utf-16le"
	case strings.HasPrefix(start, "\xfe\xff"):
		return "utf-16be"
	}
	return ""
}

// Attachment has a browser save the answer under a name instead of showing it
// (RFC 6266).
func Attachment(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": format.Visible(name)}))
}
