package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"

	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// uploadPost stores the files of a form. They replace none, unless the form's field replace is
// 1 and comes before them. With a field as before it, one file is stored under that name, whatever
// its own; back is the page that the answer leads to. Both are escaped as in a URL. A file that is
// refused does not keep those after it from being stored.
func (s *Server) uploadPost(w http.ResponseWriter, r *http.Request) {
	form, err := r.MultipartReader()
	if err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, "expected a form with files (multipart/form-data)")
		return
	}
	var d views.UploadedData
	code, unqueued, replace := 0, 0, false // code of the first file that is refused
	refuse := func(name string, status int, why string, ends bool) {
		if len(d.Refused) == 0 {
			code = status
		}
		d.Refused, d.CutOff = append(d.Refused, views.RefusedUpload{Name: name, Why: why}), ends
	}
	var as, back string
	for !d.CutOff {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			refuse("", http.StatusBadRequest, "the form was cut off or cannot be read", true)
			break
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
			if len(d.Stored) > 0 {
				s.respond.Problem(w, r, http.StatusBadRequest, "expected one file in place of "+format.Visible(as)+": only the first is stored")
				return
			}
			name = as
		}
		stored, err := s.receive(r, name, part, !replace, nil)
		if err != nil {
			status, why, ends := s.refusal(r, name, err)
			if status == 0 {
				return
			}
			refuse(name, status, why, ends)
			continue
		}
		if d.Stored = append(d.Stored, stored.Name); !stored.Queued {
			unqueued++
		}
	}
	d.Back = s.BasePath + "upload"
	if back != "" {
		d.Back, _, _ = strings.Cut(s.local(back), "?")
	}
	switch {
	case len(d.Refused) > 0 && respond.WantsPage(r):
		s.respond.Page(w, r, code, views.UploadedPage(s.frame(r, "upload", http.StatusText(code)), d))
	case len(d.Refused) > 0:
		s.respond.Problem(w, r, code, d.Detail())
	case len(d.Stored) == 0:
		s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen")
	default:
		where := d.Back + "?did=upload&n=" + strconv.Itoa(len(d.Stored))
		if unqueued > 0 {
			where += "&unqueued=" + strconv.Itoa(unqueued)
		}
		http.Redirect(w, r, where, http.StatusSeeOther)
	}
}

// baseName is the name of a file of a form: browsers may send a path, and the name is its last part.
func baseName(name string) string { return path.Base(strings.ReplaceAll(name, `\`, "/")) }

// maxField bounds a field of a form with files, in bytes.
const maxField = 4096

// uploadNotice says what happened to the files of a form.
func uploadNotice(q url.Values, what string) string {
	if unqueued, err := strconv.Atoi(q.Get("unqueued")); err == nil && unqueued > 0 {
		return what + " uploaded. Redis cannot be reached for now: the sweep queues the files later."
	}
	return what + " uploaded and queued."
}
