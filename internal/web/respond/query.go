package respond

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// BadRequest is a mistake of the client; Detail says what is expected.
type BadRequest struct{ Detail string }

func (b BadRequest) Error() string { return b.Detail }

// BadRequestf returns a BadRequest.
func BadRequestf(format string, args ...any) error { return BadRequest{fmt.Sprintf(format, args...)} }

// WholeNumber reads a whole number from a query; standard where there is none. An
// error is a BadRequest.
func WholeNumber(q url.Values, name string, standard, least, most int) (int, error) {
	text := q.Get(name)
	if text == "" {
		return standard, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, BadRequestf("%s: expected a whole number from %d to %d", name, least, most)
	}
	return n, nil
}

// PageLinks sets the headers that say how many elements there are and where the
// neighbouring pages are (RFC 8288). A limit of 0 means that all are on one page.
func PageLinks(w http.ResponseWriter, r *http.Request, offset, limit, total int) {
	w.Header().Set("X-Total-Count", strconv.Itoa(total))
	if limit == 0 {
		return
	}
	link := func(offset int, rel string) {
		q := r.URL.Query()
		q.Set("offset", strconv.Itoa(offset))
		q.Set("limit", strconv.Itoa(limit))
		w.Header().Add("Link", fmt.Sprintf(`<?%s>; rel="%s"`, q.Encode(), rel))
	}
	if offset+limit < total {
		link(offset+limit, "next")
	}
	if offset > 0 {
		link(max(0, offset-limit), "prev")
	}
}
