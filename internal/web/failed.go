package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"go.uber.org/zap"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// letter is a dead letter as the API shows it.
type letter struct {
	queue.DeadLetter
	Exists bool `json:"exists"` // the raw file is there
}

// short is the name, or the beginning of one that is no file's.
func (l letter) short() string { return fmt.Sprintf("%.200s", l.Name) }

// circumstances are when and where it failed, and how often.
func (l letter) circumstances() string {
	text := formatTime(l.At) + " UTC · " + plural(l.Errors, "error", "errors")
	if l.Crashes > 0 {
		text += ", " + plural(l.Crashes, "crash", "crashes")
	}
	if l.Worker != "" {
		text += " · " + visible(l.Worker)
	}
	return text
}

// failedData is what the page of dead letters shows.
type failedData struct {
	Letters []letter
	pages
}

// lettersPage returns a page of the dead letters.
func (s *Server) lettersPage(r *http.Request, standard int) (page []letter, offset, limit, total int, err error) {
	q := r.URL.Query()
	if limit, err = whole(q, "limit", standard, 1, mostListed); err != nil {
		return nil, 0, 0, 0, err
	}
	if offset, err = whole(q, "offset", 0, 0, mostListed); err != nil {
		return nil, 0, 0, 0, err
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		return nil, 0, 0, 0, err
	}
	dead, err := s.Queue.DeadLetters(r.Context())
	if err != nil {
		return nil, 0, 0, 0, err
	}
	end := len(dead)
	if limit > 0 {
		end = min(end, offset+limit)
	}
	page = []letter{}
	for i := min(offset, end); i < end; i++ {
		_, exists := files.Raw.Find(dead[i].Name)
		page = append(page, letter{dead[i], exists})
	}
	return page, offset, limit, len(dead), nil
}

func (s *Server) failedPage(w http.ResponseWriter, r *http.Request) {
	switch format(w, r) {
	case "html":
	case "json":
		s.failedAPI(w, r)
		return
	default:
		s.problem(w, r, http.StatusBadRequest, "format: expected html or json")
		return
	}
	letters, offset, limit, total, err := s.lettersPage(r, 50)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	d := failedData{letters, pages{Total: total, First: min(offset+1, total), Last: offset + len(letters)}}
	at := func(offset int) string {
		return "?" + url.Values{"offset": {formatInt(offset)}, "limit": {formatInt(limit)}}.Encode()
	}
	if offset > 0 {
		d.Previous = at(max(0, offset-limit))
	}
	if d.Last < total {
		d.Next = at(d.Last)
	}
	s.show(w, r, http.StatusOK, failedView(s.page(r, "failed", "Failed"), d))
}

func (s *Server) failedAPI(w http.ResponseWriter, r *http.Request) {
	letters, offset, limit, total, err := s.lettersPage(r, 0)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	pageLinks(w, r, offset, limit, total)
	answer(w, letters)
}

// bad answers a mistake of the client as such, and anything else as our own.
func (s *Server) bad(w http.ResponseWriter, r *http.Request, err error) {
	var mistake badRequest
	if errors.As(err, &mistake) {
		s.problem(w, r, http.StatusBadRequest, mistake.problem)
		return
	}
	s.fail(w, r, err)
}

// chosen is which dead letters an action is for.
type chosen struct {
	Names []string `json:"names"`
	All   bool     `json:"all"`
}

func (s *Server) retryForm(w http.ResponseWriter, r *http.Request) { s.form(w, r, "retry", s.retry) }
func (s *Server) dropForm(w http.ResponseWriter, r *http.Request)  { s.form(w, r, "drop", s.drop) }
func (s *Server) retryAPI(w http.ResponseWriter, r *http.Request)  { s.action(w, r, "retry", s.retry) }
func (s *Server) dropAPI(w http.ResponseWriter, r *http.Request)   { s.action(w, r, "drop", s.drop) }

type act func(context.Context, []queue.DeadLetter) (done, error)

// done is what an action did.
type done struct {
	Files int    `json:"files"` // that it was done to
	Kept  []kept `json:"kept,omitempty"`
}

// kept is a file that stays although it was to be dropped.
type kept struct {
	Name   string `json:"name"`
	Why    string `json:"why"`
	reason keptReason
}

// keptReason is why a file stays; kind is what the page's address calls it.
type keptReason struct{ kind, why string }

var (
	keptReplaced  = keptReason{"replaced", "another version is there now, which is processed"}
	keptUnknown   = keptReason{"unknown", "it is not known yet which version of it failed; try again in a minute"}
	keptUnnamed   = keptReason{"unnamed", "no file may have this name; remove or rename it where it is"}
	keptUnreached = keptReason{"unreached", "the file store cannot be reached for now; try again soon"}
	keptReasons   = []keptReason{keptReplaced, keptUnknown, keptUnnamed, keptUnreached}
)

// keptNotice says how many files stay.
func keptNotice(q url.Values) string {
	text := ""
	for _, r := range keptReasons {
		if n, err := strconv.Atoi(q.Get(r.kind)); err == nil && n > 0 {
			text += " " + plural(n, "file stays", "files stay") + ": " + r.why + "."
		}
	}
	return text
}

// form does what a page's form asks for and returns to the page.
func (s *Server) form(w http.ResponseWriter, r *http.Request, did string, do act) {
	if err := r.ParseForm(); err != nil {
		s.problem(w, r, http.StatusBadRequest, "the form cannot be read, or it is longer than 4 MiB")
		return
	}
	names := r.PostForm["name"]
	for i, name := range names {
		unescaped, err := url.PathUnescape(name)
		if err != nil {
			s.problem(w, r, http.StatusBadRequest, "name: expected one that is escaped as in a URL")
			return
		}
		names[i] = unescaped
	}
	d, err := s.act(r.Context(), chosen{names, r.PostForm.Get("all") == "1"}, did, do)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	where := s.BasePath + "failed?did=" + did + "&n=" + strconv.Itoa(d.Files)
	for _, reason := range keptReasons {
		n := 0
		for _, k := range d.Kept {
			if k.reason == reason {
				n++
			}
		}
		if n > 0 {
			where += "&" + reason.kind + "=" + strconv.Itoa(n)
		}
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
}

// action does what the API is asked for.
func (s *Server) action(w http.ResponseWriter, r *http.Request, did string, do act) {
	var c chosen
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(&c); err != nil {
		s.problem(w, r, http.StatusBadRequest, `the body is not readable: expected {"names": ["a.csv"]} or {"all": true}`)
		return
	}
	d, err := s.act(r.Context(), c, did, do)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, d)
}

func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, filestore.ErrReadOnly) {
		s.problem(w, r, http.StatusConflict, "the inspector may only read the files: mount the data writable to upload and drop")
		return
	}
	s.bad(w, r, err)
}

func (s *Server) act(ctx context.Context, c chosen, did string, do act) (done, error) {
	if len(c.Names) == 0 && !c.All {
		return done{}, badRequestf("no file was chosen: tick some first")
	}
	dead, err := s.Queue.DeadLetters(ctx)
	if err != nil {
		return done{}, err
	}
	if !c.All {
		wanted := make(map[string]bool, len(c.Names))
		for _, name := range c.Names {
			wanted[name] = true
		}
		kept := dead[:0]
		for _, l := range dead {
			if wanted[l.Name] {
				kept = append(kept, l)
			}
		}
		dead = kept
	}
	d, err := do(ctx, dead)
	if d.Files > 0 {
		s.Log.Info("dead letters: "+did, zap.Int("files", d.Files), zap.Int("kept", len(d.Kept)), zap.String("first", visible(dead[0].Name)))
	}
	return d, err
}

func (s *Server) retry(ctx context.Context, dead []queue.DeadLetter) (done, error) {
	var d done
	for len(dead) > 0 {
		batch := dead[:min(len(dead), 500)]
		dead = dead[len(batch):]
		names := make([]string, len(batch))
		for i, l := range batch {
			names[i] = l.Name
		}
		n, err := s.Queue.Requeue(ctx, names...)
		d.Files += n
		if err != nil {
			return d, err
		}
	}
	return d, nil
}

// drop removes the files that failed, each if it is still the version that did, and
// forgets the failures. A file that stayed would only be found and fail again. When
// the store fails in between, what was done is told, and the rest stays.
func (s *Server) drop(ctx context.Context, dead []queue.DeadLetter) (done, error) {
	var d done
	var gone, outdated []queue.DeadLetter
	for i, l := range dead {
		why, err := s.dropFile(ctx, l)
		if err != nil && i == 0 {
			return done{}, err
		}
		if err != nil {
			s.Log.Error("dropping dead letters stopped", zap.String("file", visible(l.Name)), zap.Error(err))
			for _, l := range dead[i:] {
				d.Kept = append(d.Kept, kept{l.Name, keptUnreached.why, keptUnreached})
			}
			break
		}
		if why == (keptReason{}) {
			gone = append(gone, l)
			continue
		}
		d.Kept = append(d.Kept, kept{l.Name, why.why, why})
		if why == keptReplaced {
			outdated = append(outdated, l)
		}
	}
	n, err := s.Queue.Drop(ctx, gone...)
	if err == nil && len(outdated) > 0 {
		_, err = s.Queue.Drop(ctx, outdated...)
	}
	d.Files = n
	return d, err
}

// dropFile removes the file of a dead letter, or says why it stays.
func (s *Server) dropFile(ctx context.Context, l queue.DeadLetter) (keptReason, error) {
	info, err := s.Store.Stat(ctx, filestore.Raw, l.Name)
	switch {
	case errors.Is(err, filestore.ErrNotExist):
		return keptReason{}, nil
	case errors.Is(err, filestore.ErrInvalidName):
		files, err := s.Catalog.Recent(ctx)
		if err != nil {
			return keptReason{}, err
		}
		if _, there := files.Raw.Find(l.Name); there {
			return keptUnnamed, nil
		}
		return keptReason{}, nil
	case err != nil:
		return keptReason{}, err
	case l.Version == "":
		return keptUnknown, nil
	case info.ETag != l.Version:
		return keptReplaced, nil
	}
	removed, err := s.Store.RemoveVersion(ctx, filestore.Raw, info)
	switch {
	case errors.Is(err, filestore.ErrNotExist), err == nil && removed:
		return keptReason{}, nil
	case err != nil:
		return keptReason{}, err
	}
	return keptReplaced, nil
}

// answer writes JSON that is not to be kept.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // the client has gone, or all is well
}
