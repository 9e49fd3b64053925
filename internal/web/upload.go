package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
)

var errTooLarge = errors.New("the file is too large")

// uploaded is a file that is stored, whatever became of its message.
type uploaded struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	ETag   string `json:"etag"`
	Queued bool   `json:"queued"`
	Note   string `json:"note,omitempty"`
}

// receive stores a raw file, an exclusive one unless there is one of the name, and
// queues it. After an error it is not stored.
func (s *Server) receive(r *http.Request, name string, body io.Reader, exclusive bool) (uploaded, error) {
	if _, err := filestore.ResultName(name); err != nil {
		return uploaded{}, err
	}
	w, err := s.Store.Create(r.Context(), filestore.Raw, name, nil)
	if err != nil {
		return uploaded{}, err
	}
	defer w.Abort()
	if exclusive {
		w.Exclusive()
	}
	n, err := io.Copy(w, io.LimitReader(body, s.MaxUpload+1))
	if err != nil {
		return uploaded{}, fmt.Errorf("receive the file: %w", err)
	}
	if n > s.MaxUpload {
		return uploaded{}, errTooLarge
	}
	info, err := w.Commit()
	if err != nil {
		return uploaded{}, err
	}
	s.Log.Info("uploaded", zap.String("file", visible(name)), zap.Int64("bytes", n), zap.String("from", r.RemoteAddr))
	stored := uploaded{Name: info.Name, Size: info.Size, ETag: info.ETag, Queued: true}
	if err := s.Queue.Push(r.Context(), name); err != nil {
		s.Log.Warn("an uploaded file could not be queued; the sweep will find it", zap.String("file", visible(name)), zap.Error(err))
		stored.Queued, stored.Note = false, "the file is stored, but Redis does not answer for now; the sweep queues it when Redis does"
	}
	return stored, nil
}

// refuseUpload says why a file was not taken; so many of the same form were before it.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, name string, before int, err error) {
	var tooLong *http.MaxBytesError
	problem := func(code int, detail string) {
		if before > 0 {
			detail += "; files of the form that were stored before it: " + strconv.Itoa(before)
		}
		s.problem(w, r, code, detail)
	}
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		problem(http.StatusUnprocessableEntity, visible(fmt.Sprintf("%.200q: %v", name, err)))
	case errors.Is(err, errTooLarge), errors.As(err, &tooLong):
		problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("a file may have at most %s", formatSize(s.MaxUpload)))
	case errors.Is(err, filestore.ErrExist):
		problem(http.StatusPreconditionFailed, "there is a file of this name")
	case errors.Is(err, filestore.ErrFull):
		s.Log.Error("an upload found no room", zap.String("file", visible(name)), zap.Error(err))
		problem(http.StatusInsufficientStorage, "there is no room for the file: the disk or the quota of the file store is full")
	case errors.Is(err, filestore.ErrReadOnly):
		s.refuse(w, r, err)
	case isOutside(err):
		problem(http.StatusUnprocessableEntity, "a part of the name is a link that leads outside")
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem(http.StatusRequestTimeout, "the file came too slowly")
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem(http.StatusBadRequest, "the file was cut off")
	case before > 0 && r.Context().Err() == nil:
		s.Log.Error("an upload failed", zap.String("file", visible(name)), zap.Error(err))
		problem(http.StatusServiceUnavailable, "the file store cannot be reached for now; try again soon")
	default:
		s.fail(w, r, err)
	}
}

// put stores the body as a raw file; If-None-Match: * keeps one that is there.
func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if r.ContentLength > s.MaxUpload {
		s.refuseUpload(w, r, name, 0, errTooLarge)
		return
	}
	code, exclusive := http.StatusCreated, r.Header.Get("If-None-Match") == "*"
	_, err := s.Store.Stat(r.Context(), filestore.Raw, name)
	switch {
	case err == nil && exclusive: // before all of it is read
		err = filestore.ErrExist
	case err == nil:
		code = http.StatusOK
	case errors.Is(err, filestore.ErrNotExist):
		err = nil
	}
	if err != nil {
		s.refuseUpload(w, r, name, 0, err)
		return
	}
	stored, err := s.receive(r, name, r.Body, exclusive)
	if err != nil {
		s.refuseUpload(w, r, name, 0, err)
		return
	}
	w.Header().Set("ETag", `"`+stored.ETag+`"`)
	w.Header().Set("Location", s.BasePath+"files/raw/"+escapePath(name))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(stored) // the client has gone, or all is well
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, uploadView(s.page(r, "upload", "Upload"), s.MaxUpload))
}

// uploadForm takes the files of a form.
func (s *Server) uploadForm(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, "expected a form with files (multipart/form-data)")
		return
	}
	received, unqueued := 0, 0
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.problem(w, r, http.StatusBadRequest, "the form was cut off or cannot be read")
			return
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		// FileName is only the last part of what the browser says.
		name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
		stored, err := s.receive(r, name, part, false)
		if err != nil {
			s.refuseUpload(w, r, name, received, err)
			return
		}
		if received++; !stored.Queued {
			unqueued++
		}
	}
	if received == 0 {
		s.problem(w, r, http.StatusBadRequest, "no file was chosen")
		return
	}
	where := s.BasePath + "upload?did=upload&n=" + strconv.Itoa(received)
	if unqueued > 0 {
		where += "&unqueued=" + strconv.Itoa(unqueued)
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// uploadNotice says what became of a form's files.
func uploadNotice(q url.Values, what string) string {
	if unqueued, err := strconv.Atoi(q.Get("unqueued")); err == nil && unqueued > 0 {
		return what + " uploaded. Redis does not answer for now: the sweep queues what is not queued yet when Redis does."
	}
	return what + " uploaded and queued."
}
