package web

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
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

// zip streams files as one archive. After an error it breaks the connection off.
func (s *Server) zip(w http.ResponseWriter, r *http.Request, area filestore.Area, names func(yield func(string) bool)) {
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Cache-Control", "no-store")
	respond.Attachment(w, "csv-pipeline-"+string(area)+".zip")
	if r.Method == http.MethodHead {
		return
	}
	z := zip.NewWriter(w)
	for name := range names {
		if err := s.zipOne(r.Context(), z, area, name); err != nil {
			panic(http.ErrAbortHandler)
		}
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) zipOne(ctx context.Context, z *zip.Writer, area filestore.Area, name string) error {
	f, err := s.Store.Open(ctx, area, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName), err != nil && isOutside(err):
		return nil // it was removed, or there never was such a file
	case err != nil:
		return err
	}
	defer f.Close()
	method := zip.Deflate
	if ext := path.Ext(name); ext == ".gz" || ext == ".zst" {
		method = zip.Store
	}
	entry, err := z.CreateHeader(&zip.FileHeader{Name: format.Visible(name), Method: method, Modified: f.Info().ModTime.UTC()})
	if err != nil {
		return err
	}
	_, err = io.Copy(entry, f)
	return err
}
