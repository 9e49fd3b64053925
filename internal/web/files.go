package web

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
)

// list shows the files of an area in the format that is asked for.
func (s *Server) list(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	w.Header().Add("Vary", "Accept")
	q := r.URL.Query()
	format := q.Get("format")
	if format == "" {
		format = "html"
		if accept := r.Header.Get("Accept"); strings.Contains(accept, "application/json") && !wantsPage(r) {
			format = "json"
		}
	}
	limit := 0
	if format == "html" {
		limit = 100
	}
	f, err := parseFilter(q, area, limit)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	switch format {
	case "html":
		f.Limit = min(f.Limit, 1000)
		s.listPage(w, r, files, area, f)
	case "json":
		s.listJSON(w, r, files, area, f)
	case "csv":
		s.listCSV(w, r, files, area, f)
	case "zip":
		places, _, err := s.find(r.Context(), files, area, f)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		table := files.Files(area)
		s.zip(w, r, area, func(yield func(string) bool) {
			for _, place := range places {
				if !yield(table.Name(int(place))) {
					return
				}
			}
		})
	default:
		s.problem(w, r, http.StatusBadRequest, "format: expected html, json, csv or zip")
	}
}

func (s *Server) listAPI(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	f, err := parseFilter(r.URL.Query(), area, 100)
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, err.Error())
		return
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.listJSON(w, r, files, area, f)
}

// listPageData is what the page of files shows.
type listPageData struct {
	Area       filestore.Area
	Files      []listed
	Filter     filter
	All        int
	Bytes      int64
	Folders    []folder
	Crumbs     []folder
	ZipAddress string
	Address    string // of the area
	query      url.Values
	pages
}

// pages is where a part of a long list is in it, and the addresses of its neighbours.
type pages struct {
	First, Last, Total int    // from 1
	Previous, Next     string // "": there is none
}

// What people call the areas, and what the time of their files is.
var (
	titles   = map[filestore.Area]string{filestore.Raw: "Raw files", filestore.Processed: "Results"}
	modified = map[filestore.Area]string{filestore.Raw: "Modified", filestore.Processed: "Input modified"}
)

// raw reports whether these are raw files, which have a state.
func (d listPageData) raw() bool { return d.Area == filestore.Raw }

// folder is a link to a part of the files.
type folder struct{ Name, Path string }

// With is the address of this page with some parameters changed; it starts anew
// from the first file.
func (d listPageData) With(pairs ...string) string {
	q := url.Values{}
	for _, key := range []string{"q", "folder", "state", "sort", "order", "limit"} {
		if v := d.query.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + q.Encode()
}

// SortBy is the address for a column's heading: a second click turns it round.
func (d listPageData) SortBy(column string) string {
	order := ""
	if string(d.Filter.Sort) == column && !d.Filter.Descending {
		order = "desc"
	}
	return d.With("sort", column, "order", order)
}

// Sorted is for aria-sort.
func (d listPageData) Sorted(column string) string {
	switch {
	case string(d.Filter.Sort) != column:
		return "none"
	case d.Filter.Descending:
		return "descending"
	}
	return "ascending"
}

func (s *Server) listPage(w http.ResponseWriter, r *http.Request, files *catalog.Snapshot, area filestore.Area, f filter) {
	places, total, err := s.find(r.Context(), files, area, f)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	shown, err := s.describe(r.Context(), files, area, places, false)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	table := files.Files(area)
	d := listPageData{Area: area, Files: shown, Filter: f, All: table.Len(), Bytes: table.Bytes(), query: r.URL.Query(), Address: s.BasePath + "files/" + string(area) + "/",
		pages: pages{Total: total, First: min(f.Offset+1, total), Last: f.Offset + len(shown)}}
	at := func(offset int) string {
		if offset == 0 {
			return d.With()
		}
		return d.With("offset", formatInt(offset))
	}
	if f.Offset > 0 {
		d.Previous = at(max(0, f.Offset-f.Limit))
	}
	if f.Offset+len(shown) < total {
		d.Next = at(f.Offset + f.Limit)
	}
	d.ZipAddress = d.With("format", "zip", "limit", "")
	d.Folders = folders(table, f.Folder)
	path := ""
	for part := range strings.SplitSeq(strings.TrimSuffix(f.Folder, "/"), "/") {
		if part != "" {
			path += part + "/"
			d.Crumbs = append(d.Crumbs, folder{part, path})
		}
	}
	s.show(w, r, http.StatusOK, listView(s.page(r, string(area), titles[area]), d))
}

// mostFolders bounds how many folders a page names.
const mostFolders = 200

// folders are those directly below a folder: the names are sorted, so each is found
// by leaping over the one before.
func folders(table *catalog.Table, below string) []folder {
	var found []folder
	i, _ := table.Place(below)
	for i < table.Len() && len(found) < mostFolders {
		rest, ok := strings.CutPrefix(table.Name(i), below)
		if !ok {
			break
		}
		name, _, isFolder := strings.Cut(rest, "/")
		if !isFolder {
			i++
			if len(found) == 0 && i > 5000 {
				break // a flat folder of many files
			}
			continue
		}
		found = append(found, folder{name, below + name + "/"})
		i, _ = table.Place(below + name + "0") // '0' follows '/'
	}
	return found
}

// zipForm downloads the files that were ticked.
func (s *Server) zipForm(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "the form cannot be read, or it is longer than 4 MiB")
		return
	}
	names := r.PostForm["name"]
	if len(names) == 0 {
		s.problem(w, r, http.StatusBadRequest, "no file was chosen: tick some first")
		return
	}
	slices.Sort(names)
	s.zip(w, r, area, slices.Values(slices.Compact(names)))
}

// zip streams files as one archive, which has no end when something went wrong.
func (s *Server) zip(w http.ResponseWriter, r *http.Request, area filestore.Area, names func(yield func(string) bool)) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Cache-Control", "no-store")
	attachment(w, "csv-pipeline-"+string(area)+".zip")
	if r.Method == http.MethodHead {
		return
	}
	rc := http.NewResponseController(w)
	z := zip.NewWriter(w)
	for name := range names {
		_ = rc.SetWriteDeadline(time.Now().Add(slowest))
		if err := s.zipOne(r.Context(), rc, z, area, name); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) zipOne(ctx context.Context, rc *http.ResponseController, z *zip.Writer, area filestore.Area, name string) error {
	f, err := s.Store.Open(ctx, area, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName), err != nil && isOutside(err):
		return nil // it is gone, or was never one of ours
	case err != nil:
		return err
	}
	defer f.Close()
	method := zip.Deflate
	if ext := path.Ext(name); ext == ".gz" || ext == ".zst" {
		method = zip.Store
	}
	entry, err := z.CreateHeader(&zip.FileHeader{Name: visible(name), Method: method, Modified: f.Info().ModTime.UTC()})
	if err != nil {
		return err
	}
	_, err = io.Copy(paced{entry, rc}, f)
	return err
}

// paced gives a client more time with every piece it takes.
type paced struct {
	io.Writer
	rc *http.ResponseController
}

func (p paced) Write(b []byte) (int, error) {
	_ = p.rc.SetWriteDeadline(time.Now().Add(slowest))
	return p.Writer.Write(b)
}

// slowestRate is what a client must take of a file, in bytes a second, on average.
const slowestRate = 16 << 10

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
	if wantsPage(r) && !q.Has("download") {
		s.filePage(w, r, area, f)
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
		if sum, err := hash(r.Context(), f); err == nil {
			header.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(sum)+":") // RFC 9530
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	if info.Size > slowestRate {
		limit := slowest + time.Duration(info.Size/slowestRate)*time.Second
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit))
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

// small is the size of files that are answered with at once, in bytes.
const small = 16 << 10

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
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size, 10))
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

// attachment makes a browser save the answer under a name, and not show it (RFC 6266).
func attachment(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": visible(name)}))
}

// sha256 is the digest of a file, in hexadecimal.
func (s *Server) sha256(ctx context.Context, area filestore.Area, name string) (string, error) {
	f, err := s.Store.Open(ctx, area, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum, err := hash(ctx, f)
	return hex.EncodeToString(sum), err
}

func hash(ctx context.Context, r io.Reader) ([]byte, error) {
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
