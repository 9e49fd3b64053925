package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

const (
	// maxTrial is the longest text that can be tried without storing it, in bytes.
	maxTrial = maxForm
	// mostTrials is how many requests may hold such a text at once, and mostTried how many files
	// of one form are tried.
	mostTrials, mostTried = 4, 3
	// maxTrialForm is the longest form with files to try, in bytes. Little of it is held: the rest is
	// read only so that the browser gets the answer.
	maxTrialForm = 64 << 20
)

// trial is a file whose result is asked for before it is stored.
type trial struct {
	name    string
	text    []byte
	partial bool // the text is only the beginning of the file
}

const trialTooLong = "at most 4 MiB of a file can be tried: send its beginning, and say so with partial=1"

// tryOut says what would come of a file, and stores nothing.
func (s *Server) tryOut(ctx context.Context, t trial) (views.Trial, error) {
	d := views.Trial{Name: t.name, Dataset: s.dataset(t.name), Partial: t.partial}
	if _, err := filestore.ResultName(t.name); err != nil {
		return d, respond.BadRequestf("%s", format.Visible(err.Error()))
	}
	d.Result = s.resultName(t.name)
	_, err := s.Store.Stat(ctx, filestore.Raw, t.name)
	if err != nil && !errors.Is(err, filestore.ErrNotExist) {
		return d, err
	}
	d.Exists = err == nil
	if t.partial { // what the beginning has of its last line would be an error
		t.text = t.text[:bytes.LastIndexByte(t.text, '\n')+1]
		d.Tried = int64(len(t.text))
	}
	detail := &api.FileDetail{File: api.File{Name: t.name, Size: int64(len(t.text))}}
	if _, d.Reading, err = s.readRaw(ctx, bytes.NewReader(t.text), detail); err != nil {
		return d, err
	}
	if t.partial {
		for i := range d.Reading.Previews {
			d.Reading.Previews[i].Partial = true
		}
	}
	return d, nil
}

// previewAPI tries the body as a file.
func (s *Server) previewAPI(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	partial := q.Get("partial")
	if partial != "" && partial != "1" {
		s.respond.Problem(w, r, http.StatusBadRequest, "partial: expected 1, or nothing")
		return
	}
	if r.ContentLength > maxTrial {
		s.respond.Problem(w, r, http.StatusRequestEntityTooLarge, trialTooLong)
		return
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		s.refuseTrial(w, r, err)
		return
	}
	d, err := s.tryOut(r.Context(), trial{q.Get("name"), text, partial == "1"})
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	respond.JSON(w, http.StatusOK, d.API())
}

// previewPost tries the files of a form, and answers with a page. With a field beginning=1 before
// them, it tries just the beginning of one that is too long: a form without a script cannot cut it off.
func (s *Server) previewPost(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, "expected a form with files (multipart/form-data)")
		return
	}
	var tried []views.Trial
	var t trial
	beginning := false // of a file that is too long, that is tried
	for len(tried) < mostTried {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var value []byte
		if err == nil {
			value, err = io.ReadAll(io.LimitReader(part, maxTrial+1))
		}
		if err != nil {
			s.refuseTrial(w, r, err)
			return
		}
		if len(value) > maxTrial {
			if !beginning {
				s.respond.Problem(w, r, http.StatusRequestEntityTooLarge, trialTooLong)
				return
			}
			value, t.partial = value[:maxTrial], true
		}
		switch part.FormName() {
		case "beginning":
			beginning = string(value) == "1"
		case "partial":
			t.partial = string(value) == "1"
		case "name":
			t.name = string(value)
		case "file":
			if part.FileName() == "" {
				continue
			}
			if t.text = value; t.name == "" {
				t.name = baseName(part.FileName())
			}
			d, err := s.tryOut(r.Context(), t)
			if err != nil {
				s.respond.Error(w, r, err)
				return
			}
			tried, t = append(tried, d), trial{}
		}
	}
	if len(tried) == 0 {
		s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen")
		return
	}
	s.respond.Page(w, r, http.StatusOK, views.TrialPage(s.frame(r, "upload", "What the result would be"), tried))
}

// refuseTrial answers for a text that could not be read.
func (s *Server) refuseTrial(w http.ResponseWriter, r *http.Request, err error) {
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		s.respond.Problem(w, r, http.StatusRequestEntityTooLarge, trialTooLong)
		return
	}
	s.respond.Problem(w, r, http.StatusBadRequest, "the upload was cut off or cannot be read")
}
