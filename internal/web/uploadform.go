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
	var done formUpload
	unqueued, replace, ends := 0, false, false
	var as, back string
	for !ends {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			done.refuse("the rest", http.StatusBadRequest, "the form was cut off or cannot be read")
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
		if as != "" && len(done.refused) > 0 {
			break // only the first is meant
		}
		if as != "" {
			if len(done.stored) > 0 {
				s.respond.Problem(w, r, http.StatusBadRequest, "expected one file in place of "+format.Visible(as)+": only the first is stored")
				return
			}
			name = as
		}
		stored, err := s.receive(r, name, part, !replace, nil)
		if err != nil {
			var code int
			var why string
			if code, why, ends = s.refusal(r, name, err); code == 0 {
				return
			}
			done.refuse(format.Visible(name), code, why)
			continue
		}
		if done.stored = append(done.stored, stored.Name); !stored.Queued {
			unqueued++
		}
	}
	if ends {
		done.refused[len(done.refused)-1] += " and all after it"
	}
	switch {
	case len(done.refused) > 0:
		s.respond.Problem(w, r, done.code, done.detail())
		return
	case len(done.stored) == 0:
		s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen")
		return
	}
	where := s.BasePath + "upload"
	if back != "" {
		where, _, _ = strings.Cut(s.local(back), "?")
	}
	where += "?did=upload&n=" + strconv.Itoa(len(done.stored))
	if unqueued > 0 {
		where += "&unqueued=" + strconv.Itoa(unqueued)
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// formUpload is what became of the files of a form.
type formUpload struct {
	stored  []string
	refused []string // names, each with why
	code    int      // of the first that was refused
	why     string   // of the first
}

func (d *formUpload) refuse(name string, code int, why string) {
	if len(d.refused) == 0 {
		d.code, d.why = code, why
	}
	d.refused = append(d.refused, name+" ("+strings.TrimSuffix(why, ": "+name)+")")
}

// detail names the files that are stored, and those that are not with the reasons.
func (d *formUpload) detail() string {
	switch {
	case len(d.stored) > 0:
		return "not stored: " + strings.Join(d.refused, ", ") + "; stored: " + format.Visible(strings.Join(d.stored, ", "))
	case len(d.refused) > 1:
		return "not stored: " + strings.Join(d.refused, ", ")
	}
	return d.why
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
