package bucketstore

import (
	"bufio"
	"compress/gzip"
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
)

// indexName is the key of the index below the prefix. It is outside of the areas.
const indexName = ".csv-pipeline/sources.gz"

// worthSaving is after how many requests for single Sources the next listing writes the
// index. With fewer, making them again costs less than the index.
const worthSaving = 1000

// sources knows the origins of results, their Sources and Settings, during a listing: from the listing before, or, at
// the first one, from the index. The index is an object with a line for each result. It is
// read and written in step with the listing, since both are sorted by name. So it takes no
// memory, and a process that starts beside a million results does not make a request for
// each.
//
// The index is a cache: for what is wrong or missing in it there is a request.
type sources struct {
	store  *Store
	before func(string) (filestore.Info, bool)
	asked  map[string]filestore.Info

	answer *blob.Reader // of the index; nil when it is not read
	lines  *bufio.Scanner
	line   filestore.Info

	index  *writer // nil when it is not written
	packed *gzip.Writer
	saved  int
}

func (s *Store) sources(ctx context.Context, area filestore.Area, before func(string) (filestore.Info, bool)) *sources {
	r := &sources{store: s, before: before}
	if area != filestore.Processed || s.backend.askForSources() != nil { // the listing has the Sources
		return r
	}
	s.mu.Lock()
	r.asked, s.asked = s.asked, make(map[string]filestore.Info)
	r.saved = s.unsaved
	s.mu.Unlock()
	if before == nil {
		r.read(ctx)
	} else if r.saved >= worthSaving {
		r.index = s.write(ctx, s.prefix+indexName, blob.WriterOptions{ContentType: "application/gzip"})
		r.packed, _ = gzip.NewWriterLevel(r.index, gzip.BestSpeed)
	}
	return r
}

func (r *sources) read(ctx context.Context) {
	answer, err := r.store.bucket.NewReader(ctx, r.store.prefix+indexName, nil)
	if err != nil {
		return
	}
	r.answer = answer
	unpacked, err := gzip.NewReader(answer)
	if err != nil {
		return
	}
	r.lines = bufio.NewScanner(unpacked)
	r.advance()
}

// advance reads the next line of the index. It stops at the end and at a line that cannot
// be read.
func (r *sources) advance() {
	if r.lines.Scan() {
		if line, ok := parseLine(r.lines.Text()); ok {
			r.line = line
			return
		}
	}
	r.lines = nil
}

// parseLine is the inverse of formatLine.
func parseLine(text string) (filestore.Info, bool) {
	f := strings.Split(text, "\t")
	if len(f) == 5 { // as earlier versions wrote it
		f = append(f, "")
	}
	if len(f) != 6 {
		return filestore.Info{}, false
	}
	size, err1 := strconv.ParseInt(f[2], 36, 64)
	at, err2 := strconv.ParseInt(f[3], 36, 64)
	return filestore.Info{Name: f[0], ETag: f[1], Size: size, ModTime: time.Unix(at, 0), Source: f[4], Settings: f[5]}, err1 == nil && err2 == nil
}

// formatLine is a line of the index. Neither names nor versions nor settings contain tabs.
func formatLine(i filestore.Info) string {
	return strings.Join([]string{i.Name, i.ETag, strconv.FormatInt(i.Size, 36), strconv.FormatInt(i.ModTime.Unix(), 36), i.Source, i.Settings}, "\t") + "\n"
}

// of returns the origin of a listed result; false where it is not known.
func (r *sources) of(listed filestore.Info) (origin, bool) {
	if known, ok := r.asked[listed.Name]; ok && same(known, listed) {
		return origin{known.Source, known.Settings}, true
	}
	if r.before != nil {
		known, ok := r.before(listed.Name)
		return origin{known.Source, known.Settings}, ok && same(known, listed)
	}
	for r.lines != nil && r.line.Name < listed.Name {
		r.advance()
	}
	return origin{r.line.Source, r.line.Settings}, r.lines != nil && r.line.Name == listed.Name && same(r.line, listed)
}

// keep writes a line of the index.
func (r *sources) keep(i filestore.Info) {
	if r.index == nil {
		return
	}
	if _, err := io.WriteString(r.packed, formatLine(i)); err != nil {
		r.index.Abort()
		r.index = nil
	}
}

// complete publishes the index. An error, such as of a read-only bucket, is ignored.
func (r *sources) complete() {
	if r.index == nil {
		return
	}
	if r.packed.Close() == nil && r.index.publish() == nil {
		r.store.mu.Lock()
		r.store.unsaved -= r.saved
		r.store.mu.Unlock()
	}
}

func (r *sources) close() {
	if r.answer != nil {
		_ = r.answer.Close()
	}
	if r.index != nil {
		r.index.Abort()
	}
}
