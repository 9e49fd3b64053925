package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/resulttable"
	"csv-pipeline/internal/trends"
	"csv-pipeline/internal/web/format"
	"csv-pipeline/internal/web/respond"
)

const (
	// mostKept bounds what one request for the table of all results keeps in temporary files, for
	// each of the rows and the answer, in bytes.
	mostKept = 256 << 20
	// mostDiffering is how many columns a header names that some results do not have.
	mostDiffering = 50
)

// tableQuery is which results a request for one table of them is for, and what is asked of it.
type tableQuery struct {
	filter
	From, To time.Time // days, both included; zero: all
	Format   string    // csv, jsonl, parquet, json or html
	Spec     query.Spec
}

// asks reports whether the engine answers, and not the table itself is wanted.
func (q tableQuery) asks() bool {
	s := q.Spec
	return len(s.GroupBy)+len(s.Aggregate)+len(s.Select)+len(s.OrderBy) > 0 || s.Where != "" || s.Having != ""
}

// tableFormats are the formats of the table, and the content type of each.
var tableFormats = map[string]string{
	"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet", "json": "application/json",
}

func parseTable(q url.Values) (t tableQuery, err error) {
	if t.filter, err = parseFilter(url.Values{"q": q["q"], "folder": q["folder"], "dataset": q["dataset"]}, filestore.Processed, 0); err != nil {
		return t, err
	}
	if t.From, t.To, err = parseDays(q); err != nil {
		return t, err
	}
	if t.Format = q.Get("format"); t.Format == "" {
		t.Format = "csv"
	}
	if tableFormats[t.Format] == "" && t.Format != "html" {
		return t, respond.BadRequestf("format: expected csv, jsonl, parquet or json")
	}
	if t.Spec.Limit, err = respond.WholeNumber(q, "limit", 0, 1, mostListed); err != nil {
		return t, err
	}
	for name, list := range map[string]*[]string{"groupBy": &t.Spec.GroupBy, "aggregate": &t.Spec.Aggregate, "select": &t.Spec.Select, "orderBy": &t.Spec.OrderBy} {
		if text := strings.TrimSpace(strings.Join(q[name], ",")); text != "" {
			if *list, err = expression.SplitList(text); err != nil {
				return t, respond.BadRequestf("%s: %v", name, err)
			}
		}
	}
	t.Spec.Where, t.Spec.Having = strings.TrimSpace(q.Get("where")), strings.TrimSpace(q.Get("having"))
	return t, nil
}

// datasets are the names of the datasets that the settings have.
func (s *Server) datasets() []string {
	if s.Questions == nil {
		return nil
	}
	return s.Questions.Datasets()
}

// compile checks what is asked. A mistake is a respond.BadRequest.
func (s *Server) compile(t tableQuery) (*query.Query, error) {
	spec := t.Spec
	if len(spec.GroupBy)+len(spec.Aggregate)+len(spec.Select) == 0 {
		spec.Select = []string{"*"}
	}
	if s.Questions != nil { // dates in results may be written as in the files
		spec.Input = s.Questions.Of(t.Dataset).Spec().Input
	}
	switch t.Format {
	case "jsonl", "json":
		spec.Output.Format = filestore.JSONLines
	case "parquet":
		spec.Output.Format = filestore.Parquet
	}
	asked, err := query.Compile(resulttable.Spec(spec))
	if err != nil {
		return nil, respond.BadRequest{Detail: err.Error()}
	}
	return asked, nil
}

// chosen are the results that a request is for, one of each raw file, sorted by name, and how many
// were left out because days are asked for and there is none in their names. last is how many are
// wanted of the last ones; 0: all.
func (s *Server) chosen(r *http.Request, t tableQuery, last int) (names []string, undated int, err error) {
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		return nil, 0, err
	}
	places, _, err := s.find(r.Context(), files, filestore.Processed, t.filter)
	if err != nil {
		return nil, 0, err
	}
	for _, place := range slices.Backward(places) {
		name := files.Processed.Name(int(place))
		raw, ok := filestore.RawName(name)
		if !ok || !s.counts(files, raw, name) {
			continue
		}
		if !t.From.IsZero() || !t.To.IsZero() {
			day, dated := trends.DateOf(name)
			if !dated {
				undated++
				continue
			}
			if day.Before(t.From) || !t.To.IsZero() && day.After(t.To) {
				continue
			}
		}
		if names = append(names, name); len(names) == last {
			break
		}
	}
	slices.Reverse(names)
	return names, undated, nil
}

// counts reports whether a result is the one of its raw file that counts: after a change of the
// format there may be another one of the earlier format.
func (s *Server) counts(files *catalog.Snapshot, raw, name string) bool {
	for _, format := range append(slices.Clone(s.Catalog.Formats(raw)), filestore.Formats...) {
		other, err := format.ResultName(raw)
		if err != nil {
			return true
		}
		if _, there := files.Processed.Place(other); there || other == name {
			return other == name
		}
	}
	return true
}

// resultsAPI answers with all results as one table, or with what the engine computes over it.
func (s *Server) resultsAPI(w http.ResponseWriter, r *http.Request) {
	t, err := parseTable(r.URL.Query())
	if err == nil && t.Format == "html" {
		err = respond.BadRequestf("format: expected csv, jsonl, parquet or json")
	}
	var asked *query.Query
	if err == nil && t.asks() {
		asked, err = s.compile(t)
	}
	if err != nil {
		s.tableError(w, r, err)
		return
	}
	table, err := s.table(w, r, t)
	if err != nil {
		s.tableError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", tableFormats[t.Format])
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Add("Vary", "Accept")
	if t.Format != "json" {
		respond.Attachment(w, "results."+t.Format)
	}
	out := &begun{to: w}
	if r.Method == http.MethodHead {
		out.to = nil
	}
	buffered := bufio.NewWriterSize(out, 64<<10)
	if err = s.writeTable(r, buffered, table, t, asked); err == nil {
		err = buffered.Flush()
	}
	switch {
	case err == nil, out.begun && out.to == nil:
	case out.begun: // no client may take a part for all
		if r.Context().Err() == nil {
			s.Log.Error("a table of results could not be sent", zap.Error(err))
		}
		panic(http.ErrAbortHandler)
	default:
		s.tableError(w, r, err)
	}
}

// table opens the table, and says in headers what of it differs.
func (s *Server) table(w http.ResponseWriter, r *http.Request, t tableQuery) (*resulttable.Table, error) {
	names, undated, err := s.chosen(r, t, 0)
	if err != nil {
		return nil, err
	}
	table, err := resulttable.Open(r.Context(), s.Store, names, trends.DateOf)
	if err != nil {
		return nil, err
	}
	w.Header().Set("Csv-Pipeline-Results", strconv.Itoa(table.Results))
	if undated > 0 {
		w.Header().Set("Csv-Pipeline-Undated", strconv.Itoa(undated))
	}
	if differ := differing(table); differ != "" {
		w.Header().Set("Csv-Pipeline-Columns-Differ", differ)
	}
	return table, nil
}

// differing names the columns that some results do not have, and how many: a list of a header
// (RFC 9651). What is no visible ASCII is percent-encoded.
func differing(table *resulttable.Table) string {
	var list []string
	more := 0
	for _, c := range table.Columns {
		switch {
		case c.Missing == 0:
		case len(list) == mostDiffering:
			more++
		default:
			list = append(list, fmt.Sprintf(`"%.200s";missing=%d`, url.PathEscape(c.Name), c.Missing))
		}
	}
	if more > 0 {
		list = append(list, fmt.Sprintf("more;columns=%d", more))
	}
	return strings.Join(list, ", ")
}

// writeTable writes the table, or the answer of the engine where something is asked.
func (s *Server) writeTable(r *http.Request, to io.Writer, table *resulttable.Table, t tableQuery, asked *query.Query) error {
	if t.Format == "json" {
		array := &jsonArray{to: to}
		t.Format, to = "jsonl", array
		if err := s.writeTable(r, to, table, t, asked); err != nil {
			return err
		}
		return array.end()
	}
	how := resulttable.Output{Format: filestore.Format(t.Format), Limit: t.Spec.Limit}
	if t.Format == "csv" && respond.WantsPage(r) {
		how.Cell = personsCell
	}
	if asked == nil {
		return table.Write(r.Context(), to, how, s.TempDir, mostKept)
	}
	answer, err := table.Ask(r.Context(), asked, s.TempDir, mostKept)
	if err != nil {
		return err
	}
	defer answer.Close()
	if how.Cell != nil {
		return answer.WriteCells(to, how.Cell)
	}
	_, err = answer.WriteTo(to)
	return err
}

// personsCell is format.Cell for values, of which the numbers stay numbers.
func personsCell(text []byte) []byte {
	if len(text) == 0 || !strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return text
	}
	if _, number := csvtable.ParseNumber(string(text)); number {
		return text
	}
	return []byte(format.Cell(string(text)))
}

// tableError answers that there is no table.
func (s *Server) tableError(w http.ResponseWriter, r *http.Request, err error) {
	if code, detail := tableProblem(err); code != 0 {
		s.respond.Problem(w, r, code, detail)
		return
	}
	s.respond.Unavailable(w, r, err)
}

// tableProblem is the answer to what the client, or a result, is to blame for; 0 where it is the
// store.
func tableProblem(err error) (code int, detail string) {
	var mistake respond.BadRequest
	var unread *resulttable.ReadError
	var wrong *groupby.InputError
	switch {
	case errors.As(err, &mistake):
		return http.StatusBadRequest, mistake.Detail
	case errors.As(err, &unread) && unread.Changed:
		return http.StatusConflict, format.Visible(unread.Error()) + "; ask again"
	case errors.As(err, &unread):
		return http.StatusConflict, "the result " + format.Visible(unread.Error()) + "; leave it out with q, folder, dataset, from or to"
	case errors.As(err, &wrong):
		told := *wrong
		if told.Field != "" {
			told.Problem, _, _ = strings.Cut(told.Problem, "; ") // without the settings that would read it: those are of files
		}
		return http.StatusBadRequest, format.Lines(told.Reason())
	case errors.Is(err, resulttable.ErrTooLarge):
		return http.StatusUnprocessableEntity, fmt.Sprintf("more than %d MiB of the results would have to be kept meanwhile: choose fewer; as CSV, and with nothing asked, any number is sent", mostKept>>20)
	}
	return 0, ""
}

// begun tells whether an answer has begun. One to HEAD has no body: it is made up to where that
// would begin, since only then it is known whether it is an answer or a problem.
type begun struct {
	to    io.Writer // nil of an answer to HEAD
	begun bool
}

var errNoBody = errors.New("an answer to HEAD has no body")

func (b *begun) Write(p []byte) (int, error) {
	b.begun = true
	if b.to == nil {
		return 0, errNoBody
	}
	return b.to.Write(p)
}

// jsonArray makes an array of JSON Lines.
type jsonArray struct {
	to   io.Writer
	some bool
	line bool // the last byte was a line break, which is not written yet
}

func (a *jsonArray) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		before := ""
		switch {
		case !a.some:
			before = "["
		case a.line:
			before = ",\n"
		}
		if _, err := io.WriteString(a.to, before); err != nil {
			return 0, err
		}
		a.some = true
		part, rest, more := bytes.Cut(p, []byte{'\n'})
		if _, err := a.to.Write(part); err != nil {
			return 0, err
		}
		a.line, p = more, rest
	}
	return n, nil
}

func (a *jsonArray) end() error {
	text := "]\n"
	if !a.some {
		text = "[]\n"
	}
	_, err := io.WriteString(a.to, text)
	return err
}
