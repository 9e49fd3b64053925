package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
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

// refuseUpload says why a file was not stored; before is how many files of the same form
// were stored before it.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, name string, before int, err error) {
	var tooLong *http.MaxBytesError
	problem := func(code int, detail string) {
		if before > 0 {
			detail += "; files of the form that were stored before this one: " + strconv.Itoa(before)
		}
		s.respond.Problem(w, r, code, detail)
	}
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		problem(http.StatusUnprocessableEntity, format.Visible(fmt.Sprintf("%.200q: %v", name, err)))
	case errors.Is(err, errTooLarge), errors.As(err, &tooLong):
		problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("a file may have at most %s", format.Size(s.MaxUpload)))
	case errors.Is(err, filestore.ErrExist):
		problem(http.StatusPreconditionFailed, "a file of this name exists: "+format.Visible(name))
	case errors.Is(err, errNotAsAsked):
		problem(http.StatusPreconditionFailed, err.Error()+": "+format.Visible(name))
	case errors.Is(err, filestore.ErrTaken):
		problem(http.StatusConflict, format.Visible(fmt.Sprintf("%.200q: %v; expected another name", name, filestore.ErrTaken)))
	case errors.Is(err, filestore.ErrFull):
		s.Log.Error("an upload failed: the file store is full", zap.String("file", format.Visible(name)), zap.Error(err))
		problem(http.StatusInsufficientStorage, "the file store is full: its disk or its quota has no room for the file")
	case errors.Is(err, filestore.ErrReadOnly):
		s.refuseChange(w, r, err)
	case isOutside(err):
		problem(http.StatusUnprocessableEntity, "a part of the name is a symbolic link that leads out of the data folder")
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem(http.StatusRequestTimeout, "the upload was too slow")
	case errors.Is(err, io.ErrUnexpectedEOF):
		problem(http.StatusBadRequest, "the upload was cut off")
	case before > 0 && r.Context().Err() == nil:
		s.Log.Error("an upload failed", zap.String("file", format.Visible(name)), zap.Error(err))
		problem(http.StatusServiceUnavailable, "the file store cannot be reached for now; try again soon")
	default:
		s.respond.Unavailable(w, r, err)
	}
}

var errNotAsAsked = errors.New("the file is not the one that the conditions of the request are for")

// asAsked checks the conditions of a request to replace a file (RFC 9110, section 13.2.2), which is
// nil where there is none.
func asAsked(h http.Header, have *filestore.Info) error {
	matches := func(condition string) bool {
		if have == nil {
			return false
		}
		for tag := range strings.SplitSeq(condition, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || tag == `"`+have.ETag+`"` {
				return true
			}
		}
		return false
	}
	if condition := h.Get("If-Match"); condition != "" {
		if !matches(condition) {
			return errNotAsAsked
		}
	} else if since, err := http.ParseTime(h.Get("If-Unmodified-Since")); err == nil && have != nil && have.ModTime.Truncate(time.Second).After(since) {
		return errNotAsAsked
	}
	if condition := h.Get("If-None-Match"); condition != "" && matches(condition) {
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
		s.refuseUpload(w, r, name, 0, errTooLarge)
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
		s.refuseUpload(w, r, name, 0, err)
		return
	}
	w.Header().Set("ETag", `"`+stored.ETag+`"`)
	w.Header().Set("Location", s.BasePath+"files/raw/"+format.Path(name))
	respond.JSON(w, code, stored)
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request) {
	s.respond.Page(w, r, http.StatusOK, views.UploadPage(s.frame(r, "upload", "Upload"), s.MaxUpload))
}

// uploadPost stores the files of a form. They replace none, unless the form's field replace is
// 1 and comes before them. With a field as before it, one file is stored under that name, whatever
// its own; back is the page that the answer leads to. Both are escaped as in a URL.
func (s *Server) uploadPost(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, "expected a form with files (multipart/form-data)")
		return
	}
	received, unqueued, replace := 0, 0, false
	var as, back string
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.respond.Problem(w, r, http.StatusBadRequest, "the form was cut off or cannot be read")
			return
		}
		if part.FormName() == "replace" {
			value := make([]byte, 1)
			_, err := io.ReadFull(part, value)
			replace = err == nil && value[0] == '1'
			continue
		}
		if field := map[string]*string{"as": &as, "back": &back}[part.FormName()]; field != nil {
			value, err := io.ReadAll(io.LimitReader(part, maxField))
			if err == nil {
				*field, err = url.PathUnescape(string(value))
			}
			if err != nil {
				s.respond.Problem(w, r, http.StatusBadRequest, part.FormName()+": expected a name that is escaped as in a URL")
				return
			}
			continue
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		name := baseName(part.FileName())
		if as != "" {
			if received > 0 {
				s.respond.Problem(w, r, http.StatusBadRequest, "expected one file in place of "+format.Visible(as)+": only the first is stored")
				return
			}
			name = as
		}
		stored, err := s.receive(r, name, part, !replace, nil)
		if err != nil {
			s.refuseUpload(w, r, name, received, err)
			return
		}
		if received++; !stored.Queued {
			unqueued++
		}
	}
	if received == 0 {
		s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen")
		return
	}
	where := s.BasePath + "upload"
	if back != "" {
		where, _, _ = strings.Cut(s.local(back), "?")
	}
	where += "?did=upload&n=" + strconv.Itoa(received)
	if unqueued > 0 {
		where += "&unqueued=" + strconv.Itoa(unqueued)
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// baseName is the name of a file of a form: browsers may send a path, and the name is its last part.
func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }

// maxField bounds a field of the form of an upload, in bytes.
const maxField = 4096

// uploadNotice says what happened to the files of a form.
func uploadNotice(q url.Values, what string) string {
	if unqueued, err := strconv.Atoi(q.Get("unqueued")); err == nil && unqueued > 0 {
		return what + " uploaded. Redis cannot be reached for now: the sweep queues the files later."
	}
	return what + " uploaded and queued."
}
