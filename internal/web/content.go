package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"

	"csv-pipeline/internal/filestore"
)

// file serves one version of a file, whatever is published meanwhile: a page about
// it for a browser, its bytes for others and for ?download.
func (s *Server) file(w http.ResponseWriter, r *http.Request, area filestore.Area, name string) {
	query := r.URL.RawQuery != ""
	var q url.Values
	if query {
		q = r.URL.Query()
	}
	f, err := s.Store.Open(r.Context(), area, name)
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		s.problem(w, r, http.StatusNotFound, visible(err.Error()))
		return
	case errors.Is(err, filestore.ErrNotExist):
		s.missing(w, r, area, name)
		return
	case err != nil && (isOutside(err) || tooLong(err)):
		s.problem(w, r, http.StatusNotFound, "there is no such file in "+string(area)+"/")
		return
	case err != nil:
		s.fail(w, r, err)
		return
	}
	defer f.Close()
	header := w.Header()
	header["Vary"] = varyAccept
	if q.Get("format") == "" && wantsPage(r) && !q.Has("download") || q.Get("format") == "html" {
		packed(func(w http.ResponseWriter, r *http.Request) { s.filePage(w, r, area, f) })(w, r)
		return
	}
	info := f.Info()
	if q.Get("format") == "json" {
		s.fileJSON(w, r, area, info, q.Get("sha256") == "1")
		return
	}
	header["Content-Type"] = contentType(name)
	header.Set("ETag", `"`+info.ETag+`"`)
	header["Cache-Control"] = noCache
	header["Content-Security-Policy"] = filePolicy
	if q.Has("download") || wantsPage(r) {
		attachment(w, path.Base(name))
	}
	if strings.Contains(r.Header.Get("Want-Repr-Digest"), "sha-256") {
		if sum, err := s.hash(r.Context(), f); err == nil {
			header.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":") // RFC 9530
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	if ranges := r.Header.Get("Range"); strings.Count(ranges, ",") >= maxRanges {
		r.Header.Del("Range") // many small ranges cost more than the file
	}
	if info.Size <= small && r.Method == http.MethodGet && unconditional(r.Header) {
		s.whole(w, r, f)
		return
	}
	http.ServeContent(w, r, "", info.ModTime, f)
}

const (
	// small is the size of files that are answered with at once, in bytes.
	small = 16 << 10
	// unflushed is the size up to which net/http buffers an answer and sets its length.
	unflushed = 2 << 10
)

var buffers = sync.Pool{New: func() any { return new([small]byte) }}

// unconditional reports whether all of a file is asked for, whatever version the
// client has (RFC 9110, sections 13 and 14).
func unconditional(h http.Header) bool {
	for _, name := range [...]string{"If-None-Match", "If-Modified-Since", "Range", "If-Match", "If-Unmodified-Since"} {
		if _, there := h[name]; there {
			return false
		}
	}
	return true
}

// whole answers with a small file as http.ServeContent does, but with one read and one
// write: most results are small, and most requests are for all of one.
func (s *Server) whole(w http.ResponseWriter, r *http.Request, f filestore.File) {
	buffer := buffers.Get().(*[small]byte)
	defer buffers.Put(buffer)
	info := f.Info()
	content := buffer[:info.Size]
	if _, err := io.ReadFull(f, content); err != nil {
		s.fail(w, r, fmt.Errorf("read %s: %w", visible(info.Name), err)) // somebody wrote into the file
		return
	}
	w.Header().Set("Last-Modified", info.ModTime.UTC().Format(http.TimeFormat))
	if info.Size > unflushed {
		w.Header().Set("Content-Length", strconv.FormatInt(info.Size, 10))
	}
	_, _ = w.Write(content) // the client has gone, or all is well
}

// maxRanges is how many ranges one request may ask for.
const maxRanges = 10

var (
	typeCSV   = []string{"text/csv; charset=utf-8"}
	typeGzip  = []string{"application/gzip"}
	typeZstd  = []string{"application/zstd"}
	typeOther = []string{"application/octet-stream"}
)

// contentType never lets a browser run what was put among the files.
func contentType(name string) []string {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv":
		return typeCSV
	case ".gz":
		return typeGzip
	case ".zst":
		return typeZstd
	}
	return typeOther
}

// sha256 is the digest of a file, in hexadecimal.
func (s *Server) sha256(ctx context.Context, area filestore.Area, name string) (string, error) {
	f, err := s.Store.Open(ctx, area, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, err := s.hash(ctx, f)
	return hex.EncodeToString(sum), err
}

// hash waits until few others do the same.
func (s *Server) hash(ctx context.Context, r io.Reader) ([]byte, error) {
	select {
	case s.digests <- struct{}{}:
		defer func() { <-s.digests }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, untilDone{ctx, r}); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// untilDone stops reading when nobody waits any more.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}
