package web

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
)

// zipForm answers with the files that were ticked on the page.
func (s *Server) zipForm(w http.ResponseWriter, r *http.Request, area filestore.Area) {
	if err := r.ParseForm(); err != nil {
		s.respond.Problem(w, r, http.StatusBadRequest, "the form cannot be read, or it is longer than 4 MiB")
		return
	}
	names := r.PostForm["name"]
	if len(names) == 0 {
		s.respond.Problem(w, r, http.StatusBadRequest, "no file was chosen: tick at least one")
		return
	}
	slices.Sort(names)
	s.zip(w, r, area, slices.Values(slices.Compact(names)))
}

// leftOutOfZip is the file of an archive that says which files are not in it, and why.
const leftOutOfZip = "NOT IN THIS ARCHIVE.txt"

// zip streams files as one archive. After an error it breaks the connection off.
func (s *Server) zip(w http.ResponseWriter, r *http.Request, area filestore.Area, names func(yield func(string) bool)) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Cache-Control", "no-store")
	respond.Attachment(w, "csv-pipeline-"+string(area)+".zip")
	if r.Method == http.MethodHead {
		return
	}
	z := zip.NewWriter(w)
	missing := ""
	for name := range names {
		why, err := s.zipOne(r.Context(), z, area, name)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		if why != "" {
			missing += format.Visible(name) + ": " + why + "\n"
		}
	}
	if missing != "" {
		list, err := z.Create(leftOutOfZip)
		if err == nil {
			_, err = io.WriteString(list, missing)
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// zipOne adds a file, or says why it does not.
func (s *Server) zipOne(ctx context.Context, z *zip.Writer, area filestore.Area, name string) (why string, err error) {
	f, err := s.Store.Open(ctx, area, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist):
		return "there is no such file; it may have been removed", nil
	case errors.Is(err, filestore.ErrInvalidName):
		return err.Error() + "; rename the file in the data folder", nil
	case err != nil:
		return "", err
	}
	defer f.Close()
	method := zip.Deflate
	if filestore.IsPacked(name) {
		method = zip.Store
	}
	entry, err := z.CreateHeader(&zip.FileHeader{Name: format.Visible(name), Method: method, Modified: f.Info().ModTime.UTC()})
	if err != nil {
		return "", err
	}
	_, err = io.Copy(entry, f)
	return "", err
}
