package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/failures"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// action is what can be done to failed files.
type action struct {
	name string
	run  func(*Server, context.Context, []queue.DeadLetter) (api.Done, error)
}

var (
	retry = action{"retry", (*Server).retryFiles}
	drop  = action{"drop", (*Server).dropFiles}
)

// actionForm runs an action for the form of a page, and returns to the page.
func (s *Server) actionForm(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			s.respond.Problem(w, r, http.StatusBadRequest, "the form cannot be read, or it is longer than 4 MiB")
			return
		}
		chosen := api.Chosen{Names: r.PostForm["name"], All: r.PostForm.Get("all") == "1", Group: r.PostForm.Get("group")}
		if chosen.Matching() {
			chosen.Group = cmp.Or(chosen.Group, r.PostForm.Get("of"))
			chosen.Text = r.PostForm.Get("q")
			if until := r.PostForm.Get("until"); until != "" {
				var err error
				if chosen.Until, err = time.Parse(time.RFC3339Nano, until); err != nil {
					s.respond.Problem(w, r, http.StatusBadRequest, "until: expected a time as in RFC 3339")
					return
				}
			}
		}
		for i, name := range chosen.Names {
			unescaped, err := url.PathUnescape(name)
			if err != nil {
				s.respond.Problem(w, r, http.StatusBadRequest, "name: expected one that is escaped as in a URL")
				return
			}
			chosen.Names[i] = unescaped
		}
		if !chosen.Some() {
			s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen: tick at least one")
			return
		}
		if a.name == drop.name && respond.WantsPage(r) && r.PostForm.Get("sure") != "1" {
			s.askBeforeDrop(w, r, chosen)
			return
		}
		d, err := s.runAction(r.Context(), a, chosen)
		if err != nil {
			s.refuseChange(w, r, err)
			return
		}
		where := s.BasePath + "failed"
		if back := r.PostForm.Get("back"); back != "" && a.name == retry.name {
			where, _, _ = strings.Cut(s.local(back), "?")
		}
		where += "?did=" + a.name + "&n=" + strconv.Itoa(d.Files)
		for _, reason := range keptReasons {
			n := 0
			for _, k := range d.Kept {
				if k.Why == reason.why {
					n++
				}
			}
			if n > 0 {
				where += "&" + reason.key + "=" + strconv.Itoa(n)
			}
		}
		http.Redirect(w, r, where, http.StatusSeeOther) //nolint:gosec // G710: local keeps to paths of this server
	}
}

// askBeforeDrop answers with a page that asks whether the chosen files are to be dropped: the script of
// the pages asks by itself, and says so.
func (s *Server) askBeforeDrop(w http.ResponseWriter, r *http.Request, chosen api.Chosen) {
	question, fields := views.DropQuestion(len(chosen.Names)), []string{}
	for _, key := range []string{"all", "group", "of", "q", "until", "back"} {
		fields = append(fields, key, r.PostForm.Get(key))
	}
	for _, name := range chosen.Names {
		fields = append(fields, "name", url.PathEscape(name))
	}
	switch {
	case chosen.Matching():
		index, err := s.failures.Recent(r.Context())
		if err != nil {
			s.respond.Unavailable(w, r, err)
			return
		}
		question = views.DropQuestion(len(index.Find(failures.Filter{Group: chosen.Group, Text: chosen.Text, Until: chosen.Until})))
	case len(chosen.Names) == 1:
		question = views.DropQuestionOf(chosen.Names[0])
	}
	s.respond.Page(w, r, http.StatusOK, views.DropPage(s.frame(r, "failed", "Drop"), question, fields))
}

// actionAPI runs an action for a program.
func (s *Server) actionAPI(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var chosen api.Chosen
		body := json.NewDecoder(r.Body)
		body.DisallowUnknownFields()
		if err := body.Decode(&chosen); err != nil || !chosen.Some() {
			s.respond.Problem(w, r, http.StatusBadRequest, `the body: expected {"names": ["a.csv"]} with at least one name, {"group": "…"} or {"q": "…"} for all that match, or {"all": true}`)
			return
		}
		d, err := s.runAction(r.Context(), a, chosen)
		if err != nil {
			s.refuseChange(w, r, err)
			return
		}
		respond.JSON(w, http.StatusOK, d)
	}
}

// runAction runs an action for those of the chosen files that have failed.
func (s *Server) runAction(ctx context.Context, a action, chosen api.Chosen) (api.Done, error) {
	wanted := make(map[string]bool, len(chosen.Names))
	for _, name := range chosen.Names {
		wanted[name] = true
	}
	filter := failures.Filter{Group: chosen.Group, Text: chosen.Text, Until: chosen.Until}
	var letters []queue.DeadLetter
	err := s.Queue.EachDeadLetter(ctx, func(l queue.DeadLetter) error {
		if chosen.Matching() && s.failures.Matches(l, filter) || !chosen.Matching() && wanted[l.Name] {
			// What else they say takes much memory where there are many.
			letters = append(letters, queue.DeadLetter{Name: l.Name, Version: l.Version, At: l.At})
		}
		return nil
	})
	if err != nil {
		return api.Done{}, err
	}
	defer s.failures.Forget()
	slices.SortFunc(letters, func(a, b queue.DeadLetter) int { return b.At.Compare(a.At) })
	d, err := a.run(s, ctx, letters)
	_, _ = s.monitor.Fresh(ctx) // for the numbers of the page that follows
	if d.Files > 0 {
		s.Log.Info("failed files: "+a.name, zap.Int("files", d.Files), zap.Int("kept", len(d.Kept)), zap.String("first", format.Visible(letters[0].Name)))
	}
	return d, err
}

const readOnlyStore = "the file store is read-only: mount it writable to upload and drop files"

// refuseChange answers for a file that was not changed.
func (s *Server) refuseChange(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, filestore.ErrReadOnly) {
		s.respond.Problem(w, r, http.StatusConflict, readOnlyStore)
		return
	}
	s.respond.Error(w, r, err)
}

// retryFiles queues the files again, some at a time.
func (s *Server) retryFiles(ctx context.Context, dead []queue.DeadLetter) (api.Done, error) {
	var d api.Done
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

// dropFiles removes each raw file that still is the version that failed, and then its dead
// letter. (If only the dead letter were removed, the sweep would queue the file again.) When
// the store fails in between, the answer says what was done; the rest is kept.
func (s *Server) dropFiles(ctx context.Context, dead []queue.DeadLetter) (api.Done, error) {
	var d api.Done
	var gone, outdated []queue.DeadLetter
	for i, l := range dead {
		why, err := s.dropFile(ctx, l)
		if err != nil && i == 0 {
			return api.Done{}, err
		}
		if err != nil {
			s.Log.Error("dropping failed files stopped", zap.String("file", format.Visible(l.Name)), zap.Error(err))
			for _, l := range dead[i:] {
				d.Kept = append(d.Kept, api.Kept{Name: l.Name, Why: keptUnreached.why})
			}
			break
		}
		if why == (keptReason{}) {
			gone = append(gone, l)
			continue
		}
		d.Kept = append(d.Kept, api.Kept{Name: l.Name, Why: why.why})
		if why == keptReplaced || why == keptDone {
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

// dropFile removes the raw file of a dead letter, or says why it does not.
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
	if result, err := s.Store.Stat(ctx, filestore.Processed, s.resultName(l.Name)); err == nil && result.MadeFrom(info) {
		return keptDone, nil
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

// keptReason is why a file is not dropped; key is its name in the URL of the page.
type keptReason struct{ key, why string }

var (
	keptReplaced  = keptReason{"replaced", "it was replaced since it failed; the new version is processed"}
	keptDone      = keptReason{"done", "it has a result, which other settings made; only its failure is dropped"}
	keptUnknown   = keptReason{"unknown", "it is not known yet which version of it failed; try again in a minute"}
	keptUnnamed   = keptReason{"unnamed", "its name is not allowed; remove or rename it in the data folder"}
	keptUnreached = keptReason{"unreached", "the file store cannot be reached for now; try again soon"}
	keptReasons   = []keptReason{keptReplaced, keptDone, keptUnknown, keptUnnamed, keptUnreached}
)

// keptKeys are the names of the reasons in the URL of the page.
func keptKeys() (keys []string) {
	for _, reason := range keptReasons {
		keys = append(keys, reason.key)
	}
	return keys
}

// keptNotice says how many files were not dropped, and why.
func keptNotice(q url.Values) string {
	text := ""
	for _, r := range keptReasons {
		if n, err := strconv.Atoi(q.Get(r.key)); err == nil && n > 0 {
			text += " " + format.Plural(n, "file was kept", "files were kept") + ": " + r.why + "."
		}
	}
	return text
}
