package bucketstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"

	"csv-pipeline/internal/filestore"
)

// putSize is the largest object that is uploaded with one request, in bytes, and the size
// of the parts of a larger one.
const putSize = 8 << 20

// writer collects an object in memory. One larger than putSize it uploads in parts, which
// are not visible before the upload is complete.
type writer struct {
	store     *Store
	ctx       context.Context
	cancel    context.CancelFunc
	area      filestore.Area
	name, key string
	options   blob.WriterOptions
	told      func() (version string, at time.Time, ok bool)

	size   int64
	buffer bytes.Buffer
	upload *upload // nil while all is in the buffer
	ended  bool
}

// upload is an upload of an object whose size is not known yet. It is not a blob.Writer:
// Azure's may panic when it is closed after an error.
type upload struct {
	*io.PipeWriter
	done chan struct{}
	err  error // valid once done is closed
}

func (w *writer) begin() *upload {
	from, to := io.Pipe()
	u := &upload{PipeWriter: to, done: make(chan struct{})}
	go func() {
		defer close(u.done)
		u.err = w.store.bucket.Upload(w.ctx, w.key, from, &w.options)
		_ = from.CloseWithError(u.err)
	}()
	return u
}

// Create begins an object. It makes no request before the object is larger than putSize or
// committed.
func (s *Store) Create(ctx context.Context, area filestore.Area, name string, source *filestore.Info) (filestore.Writer, error) {
	key, err := s.key(area, name)
	if err != nil {
		return nil, err
	}
	var metadata map[string]string
	if source != nil {
		metadata = map[string]string{sourceKey: source.Identity}
		if source.Settings != "" {
			metadata[settingsKey] = source.Settings
		}
	}
	w := s.write(ctx, key, blob.WriterOptions{ContentType: filestore.ContentType(area, name), Metadata: metadata})
	w.area, w.name = area, name
	return w, nil
}

func (s *Store) write(ctx context.Context, key string, options blob.WriterOptions) *writer {
	options.BufferSize, options.MaxConcurrency = putSize, 2
	w := &writer{store: s, key: key, options: options}
	ctx, w.told = s.backend.publish(ctx, &w.options)
	w.ctx, w.cancel = context.WithCancel(ctx)
	return w
}

var errEnded = errors.New("the writer has ended")

func (w *writer) Exclusive() { w.options.IfNotExist = true }

func (w *writer) Write(b []byte) (int, error) {
	if w.ended {
		return 0, errEnded
	}
	if w.upload == nil && w.buffer.Len()+len(b) > putSize {
		if err := w.checkNew(); err != nil {
			return 0, err
		}
		w.upload = w.begin()
		if _, err := w.buffer.WriteTo(w.upload); err != nil {
			return 0, w.refused("write", err)
		}
		w.buffer = bytes.Buffer{}
	}
	w.size += int64(len(b))
	if w.upload == nil {
		return w.buffer.Write(b)
	}
	n, err := w.upload.Write(b)
	return n, w.refused("write", err)
}

// checkNew is ErrExist where an exclusive writer need not send anything: some servers refuse a large object
// by closing the connection before they have read it.
func (w *writer) checkNew() error {
	if !w.options.IfNotExist {
		return nil
	}
	switch there, err := w.store.bucket.Exists(w.ctx, w.key); {
	case err != nil:
		return w.refused("write", err)
	case there:
		return fmt.Errorf("write %s: %w", w.key, filestore.ErrExist)
	}
	return nil
}

// Abort ends an upload and removes its parts.
func (w *writer) Abort() {
	w.cancel()
	if w.ended {
		return
	}
	w.ended = true
	if w.upload != nil {
		_ = w.upload.CloseWithError(errEnded)
		<-w.upload.done
	}
}

// Commit publishes the object. Where the answer does not have the version, it makes one
// more request for it.
func (w *writer) Commit() (filestore.Info, error) {
	defer w.cancel()
	if err := w.publish(); err != nil {
		return filestore.Info{}, err
	}
	version, at, ok := w.told()
	if !ok {
		return w.store.Stat(w.ctx, w.area, w.name)
	}
	return info(w.area, w.name, version, w.size, at, originOf(func(key string) string { return w.options.Metadata[key] })), nil
}

func (w *writer) publish() error {
	if w.ended {
		return errEnded
	}
	w.ended = true
	var err error
	if w.upload != nil {
		_ = w.upload.Close()
		<-w.upload.done
		err = w.upload.err
	} else {
		err = w.store.bucket.Upload(w.ctx, w.key, bytes.NewReader(w.buffer.Bytes()), &w.options)
	}
	return w.refused("publish", err)
}

// refused turns the error of a write into one of the contract.
func (w *writer) refused(what string, err error) error {
	if err == nil {
		return nil
	}
	switch w.store.diagnose(err) {
	case missing: // Google returns this for a missing bucket
		return w.store.noBucket(what, w.key)
	case replaced:
		return fmt.Errorf("%s %s: %w", what, w.key, filestore.ErrExist)
	}
	return w.store.refused(w.ctx, what, w.key, err)
}
