package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

var errTooLarge = errors.New("the file is too large")

// receive stores a raw file and queues it. An exclusive one does not replace a file of
// its name: the error is then filestore.ErrExist. check is called once all was received; it may
// be nil. After an error nothing is stored.
func (s *Server) receive(r *http.Request, name string, body io.Reader, exclusive bool, check func() error) (api.Uploaded, error) {
	if _, err := filestore.ResultName(name); err != nil {
		return api.Uploaded{}, err
	}
	w, err := s.Store.Create(r.Context(), filestore.Raw, name, nil)
	if err != nil {
		return api.Uploaded{}, err
	}
	defer w.Abort()
	if exclusive {
		w.Exclusive()
	}
	n, err := io.Copy(w, io.LimitReader(body, s.MaxUpload+1))
	if err != nil {
		return api.Uploaded{}, fmt.Errorf("receive the file: %w", err)
	}
	if n > s.MaxUpload {
		return api.Uploaded{}, errTooLarge
	}
	if check != nil {
		if err := check(); err != nil {
			return api.Uploaded{}, err
		}
	}
	info, err := w.Commit()
	if err != nil {
		return api.Uploaded{}, err
	}
	s.Log.Info("uploaded", zap.String("file", format.Visible(name)), zap.Int64("bytes", n), zap.String("from", r.RemoteAddr))
	stored := api.Uploaded{Name: info.Name, Size: info.Size, ETag: info.ETag, Result: s.resultName(name), Dataset: s.dataset(name), Queued: true}
	if err := s.Queue.Push(r.Context(), name); err != nil {
		s.Log.Warn("an uploaded file could not be queued; the sweep will find it", zap.String("file", format.Visible(name)), zap.Error(err))
		stored.Queued, stored.Note = false, "the file is stored, but Redis cannot be reached for now; the sweep queues the file later"
	}
	return stored, nil
}

// refusal says why a file was not stored, and whether those after it in a form cannot be stored either. The
// code is 0 where the client has gone.
func (s *Server) refusal(r *http.Request, name string, err error) (code int, why string, ends bool) {
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		return http.StatusUnprocessableEntity, format.Visible(fmt.Sprintf("%.200q: %v", name, err)), false
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge, "a file may have at most " + format.Size(s.MaxUpload), false
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, "a file may have at most " + format.Size(s.MaxUpload), true
	case errors.Is(err, filestore.ErrExist):
		return http.StatusPreconditionFailed, "a file of this name exists: " + format.Visible(name), false
	case errors.Is(err, errNotAsAsked):
		return http.StatusPreconditionFailed, err.Error() + ": " + format.Visible(name), false
	case errors.Is(err, filestore.ErrTaken):
		return http.StatusConflict, format.Visible(fmt.Sprintf("%.200q: %v; expected another name", name, filestore.ErrTaken)), false
	case errors.Is(err, filestore.ErrFull):
		s.Log.Error("an upload failed: the file store is full", zap.String("file", format.Visible(name)), zap.Error(err))
		return http.StatusInsufficientStorage, "the file store is full: its disk or its quota has no room for the file", false
	case errors.Is(err, filestore.ErrReadOnly):
		return http.StatusConflict, readOnlyStore, false
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, "the upload was too slow", true
	case errors.Is(err, io.ErrUnexpectedEOF):
		return http.StatusBadRequest, "the upload was cut off", true
	case r.Context().Err() != nil:
		return 0, "", true
	}
	s.Log.Error("an upload failed", zap.String("file", format.Visible(name)), zap.Error(err))
	return http.StatusServiceUnavailable, "the file store cannot be reached for now; try again soon", true
}

// refuseUpload answers for a file that was not stored.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, name string, err error) {
	code, why, _ := s.refusal(r, name, err)
	if code == 0 {
		return
	}
	s.respond.Problem(w, r, code, why)
}

var errNotAsAsked = errors.New("the file is not the one that the conditions of the request are for")

// asAsked checks the conditions of a request to replace a file (RFC 9110, section 13.2.2), which is
// nil where there is none.
func asAsked(h http.Header, have *filestore.Info) error {
	matches := func(condition string, weak bool) bool {
		if have == nil {
			return false
		}
		for tag := range strings.SplitSeq(condition, ",") {
			tag = strings.TrimSpace(tag)
			if weak {
				tag = strings.TrimPrefix(tag, "W/")
			}
			if tag == "*" || tag == `"`+have.ETag+`"` {
				return true
			}
		}
		return false
	}
	if condition := h.Get("If-Match"); condition != "" {
		if !matches(condition, false) {
			return errNotAsAsked
		}
	} else if since, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && have != nil && have.ModTime.Truncate(time.Second).After(since) {
		return errNotAsAsked
	}
	if condition := h.Get("If-None-Match"); condition != "" && matches(condition, true) {
		if strings.TrimSpace(condition) == "*" {
			return filestore.ErrExist
		}
		return errNotAsAsked
	}
	return nil
}

// uploadPut stores the body as a raw file, if the conditions of the request hold.
func (s *Server) uploadPut(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if r.ContentLength > s.MaxUpload {
		s.refuseUpload(w, r, name, errTooLarge)
		return
	}
	if r.Header.Get("Content-Range") != "" { // RFC 9110, section 14.5
		s.respond.Problem(w, r, http.StatusBadRequest, "Content-Range: expected a whole file; a part of one is not stored")
		return
	}
	code, exclusive := http.StatusCreated, strings.TrimSpace(r.Header.Get("If-None-Match")) == "*"
	asked := func() error {
		info, err := s.Store.Stat(r.Context(), filestore.Raw, name)
		switch {
		case err == nil:
			code = http.StatusOK
			return asAsked(r.Header, &info)
		case errors.Is(err, filestore.ErrNotExist):
			return asAsked(r.Header, nil)
		}
		return err
	}
	err := asked() // before the body is read
	var stored api.Uploaded
	if err == nil {
		stored, err = s.receive(r, name, r.Body, exclusive, asked)
	}
	if err != nil {
		s.refuseUpload(w, r, name, err)
		return
	}
	w.Header().Set("ETag", `"`+stored.ETag+`"`)
	w.Header().Set("Location", s.BasePath+"files/raw/"+format.Path(name))
	respond.JSON(w, code, stored)
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request) {
	s.respond.Page(w, r, http.StatusOK, views.UploadPage(s.frame(r, "upload", "Upload"), s.MaxUpload))
}
