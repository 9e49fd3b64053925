package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
)

var errTooLarge = errors.New("the file is too large")

// receive stores a raw file and queues it.
func (s *Server) receive(r *http.Request, name string, body io.Reader) (filestore.Info, error) {
	if _, err := filestore.ResultName(name); err != nil {
		return filestore.Info{}, err
	}
	w, err := s.Store.Create(r.Context(), filestore.Raw, name, nil)
	if err != nil {
		return filestore.Info{}, err
	}
	defer w.Abort()
	n, err := io.Copy(w, io.LimitReader(body, s.MaxUpload+1))
	if err != nil {
		return filestore.Info{}, fmt.Errorf("receive the file: %w", err)
	}
	if n > s.MaxUpload {
		return filestore.Info{}, errTooLarge
	}
	info, err := w.Commit()
	if err != nil {
		return filestore.Info{}, err
	}
	s.Log.Info("uploaded", zap.String("file", visible(name)), zap.Int64("bytes", n), zap.String("from", r.RemoteAddr))
	// The sweep would find it too, a little later.
	return info, s.Queue.Push(r.Context(), name)
}

// refuseUpload says why a file was not taken.
func (s *Server) refuseUpload(w http.ResponseWriter, r *http.Request, name string, err error) {
	s.allow(w)                            // receiving may have taken long
	w.Header().Set("Connection", "close") // what it still sends is not read
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, filestore.ErrInvalidName):
		s.problem(w, r, http.StatusUnprocessableEntity, visible(fmt.Sprintf("%.200q: %v", name, err)))
	case errors.Is(err, errTooLarge), errors.As(err, &tooLong):
		s.problem(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("a file may have at most %s", formatSize(s.MaxUpload)))
	case errors.Is(err, filestore.ErrReadOnly):
		s.refuse(w, r, err)
	case isOutside(err):
		s.problem(w, r, http.StatusUnprocessableEntity, "a part of the name is a link that leads outside")
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.problem(w, r, http.StatusRequestTimeout, "the file came too slowly")
	case errors.Is(err, io.ErrUnexpectedEOF):
		s.problem(w, r, http.StatusBadRequest, "the file was cut off")
	default:
		s.fail(w, r, err)
	}
}

// put stores the body as a raw file; If-None-Match: * keeps one that is there.
func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if r.ContentLength > s.MaxUpload {
		s.refuseUpload(w, r, name, errTooLarge)
		return
	}
	code := http.StatusCreated
	if _, err := s.Store.Stat(r.Context(), filestore.Raw, name); err == nil {
		if r.Header.Get("If-None-Match") == "*" {
			s.problem(w, r, http.StatusPreconditionFailed, "there is a file of this name")
			return
		}
		code = http.StatusOK
	}
	info, err := s.receive(r, name, s.pacedBody(w, r))
	if err != nil {
		s.refuseUpload(w, r, name, err)
		return
	}
	s.allow(w)
	w.Header().Set("ETag", `"`+info.ETag+`"`)
	w.Header().Set("Location", s.BasePath+"files/raw/"+escapePath(name))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, "{\"name\":%s,\"size\":%d,\"etag\":%s}\n", quoteJSON(info.Name), info.Size, quoteJSON(info.ETag))
}

func (s *Server) uploadPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, uploadView(s.page(r, "upload", "Upload"), s.MaxUpload))
}

// uploadForm takes the files of a form.
func (s *Server) uploadForm(w http.ResponseWriter, r *http.Request) {
	r.Body = s.pacedBody(w, r)
	form, err := r.MultipartReader()
	if err != nil {
		s.problem(w, r, http.StatusBadRequest, "expected a form with files (multipart/form-data)")
		return
	}
	received := 0
	for {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			s.allow(w)
			s.problem(w, r, http.StatusBadRequest, "the form was cut off or cannot be read")
			return
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		// FileName is only the last part of what the browser says.
		name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
		if _, err := s.receive(r, name, part); err != nil {
			s.refuseUpload(w, r, name, err)
			return
		}
		received++
	}
	s.allow(w)
	if received == 0 {
		s.problem(w, r, http.StatusBadRequest, "no file was chosen")
		return
	}
	http.Redirect(w, r, s.BasePath+"upload?did=upload&n="+strconv.Itoa(received), http.StatusSeeOther)
}
