package bucketstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
)

// file is one version of an object.
type file struct {
	info   filestore.Info
	parts  *parts
	cancel context.CancelFunc

	mu sync.Mutex
	at int64 // the offset of Read
}

var _ filestore.Pinned = (*file)(nil)

// Open makes one request and begins to read the object. An object of at most one part,
// which is 1 to 8 MiB, needs no further request.
func (s *Store) Open(ctx context.Context, area filestore.Area, name string) (filestore.File, error) {
	key, err := s.key(area, name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r, err := s.openRange(ctx, key, "", 0, s.buffers.size)
	var i filestore.Info
	switch {
	case err == nil:
		version, from := s.backend.opened(r.Reader)
		i = info(area, name, version, r.Size(), r.ModTime(), from)
	case s.diagnose(err) == empty:
		if i, err = s.Stat(ctx, area, name); err == nil && i.Size > 0 {
			err = fmt.Errorf("open %s: %w", key, errReplaced)
		}
	default:
		err = s.explain(ctx, "open", key, err)
	}
	if err == nil && i.ETag == "" { // only Stat returns versions
		if i, err = s.Stat(ctx, area, name); err == nil && (i.Size != r.Size() || !i.ModTime.Equal(info(area, name, "", 0, r.ModTime(), origin{}).ModTime)) {
			err = fmt.Errorf("open %s: %w", key, errReplaced)
		}
	}
	if err != nil {
		if r != nil {
			_ = r.Close()
		}
		cancel()
		return nil, err
	}
	return &file{info: i, cancel: cancel, parts: newParts(ctx, s, key, i.ETag, i.Size, r)}, nil
}

// ranged is the answer to a request, which Close cancels.
type ranged struct {
	*blob.Reader
	cancel context.CancelFunc
}

func (r *ranged) Close() error {
	r.cancel() // otherwise Close would first read the rest
	return r.Reader.Close()
}

// openRange requests a range of an object, of the given version or, with "", of any.
func (s *Store) openRange(ctx context.Context, key, version string, from, length int64) (*ranged, error) {
	var options blob.ReaderOptions
	if version != "" {
		options.BeforeRead = s.backend.pin(version)
	}
	within, cancel := context.WithCancel(ctx)
	late := time.AfterFunc(s.limit, cancel)
	r, err := s.bucket.NewRangeReader(within, key, from, length, &options)
	if !late.Stop() && ctx.Err() == nil {
		if err == nil {
			_ = r.Close()
		}
		err = s.noAnswer()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &ranged{r, cancel}, nil
}

func (f *file) Info() filestore.Info { return f.info }

// Pinned marks that each request is for the version that was opened.
func (f *file) Pinned() {}

func (f *file) Close() error {
	f.cancel()
	f.parts.close()
	return nil
}

func (f *file) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("read %s: negative offset %d", f.info.Name, at)
	}
	n := 0
	for n < len(b) {
		if at+int64(n) >= f.info.Size {
			return n, io.EOF
		}
		m, err := f.parts.read(b[n:], at+int64(n))
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *file) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(b) == 0 {
		return 0, nil
	}
	if f.at >= f.info.Size {
		return 0, io.EOF
	}
	n, err := f.parts.read(b, f.at)
	f.at += int64(n)
	return n, err
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.info.Size
	}
	if offset < 0 {
		return f.at, errors.New("seek to before the beginning of the file")
	}
	f.at = offset
	return offset, nil
}
