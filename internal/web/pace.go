package web

import (
	"io"
	"net/http"
)

// These three are what ops.Protection does for every request.

func (s *Server) allow(http.ResponseWriter) {}

func (s *Server) paced(w http.ResponseWriter) http.ResponseWriter { return w }

func (s *Server) pacedBody(_ http.ResponseWriter, r *http.Request) io.ReadCloser { return r.Body }
