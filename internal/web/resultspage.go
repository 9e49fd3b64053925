package web

import (
	"net/http"
	"slices"
	"strings"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/resulttable"
	"csv-pipeline/internal/trends"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// sampled is how many results are looked at for the columns that may be asked for.
const sampled = 20

// costly reports whether a request for the page of all results has all of them read.
func costly(r *http.Request) bool {
	q := r.URL.Query()
	return !respond.WantsPage(r) && q.Get("format") != "html" || slices.ContainsFunc(questionParts, func(part string) bool { return q.Get(part) != "" })
}

// questionParts are the parameters that have the engine answer.
var questionParts = []string{"groupBy", "aggregate", "select", "where", "having", "orderBy"}

// resultsPage is the form that asks of all results, and the answer. Programs get the table itself.
func (s *Server) resultsPage(w http.ResponseWriter, r *http.Request) {
	if respond.Format(w, r) != "html" {
		s.resultsAPI(w, r)
		return
	}
	q := r.URL.Query()
	t, err := parseTable(q)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	t.Format = string(filestore.CSV)
	d := views.ResultsData{Query: q, GroupBy: strings.Join(q["groupBy"], ", "), Aggregate: strings.Join(q["aggregate"], ", "), Datasets: s.datasets()}
	if !t.asks() {
		d.GroupBy, d.Aggregate = s.usualTotals(t.Dataset)
	}
	last := sampled
	if t.asks() {
		last = 0
	}
	names, undated, err := s.chosen(r, t, last)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	table, err := resulttable.Open(r.Context(), s.Store, names, trends.DateOf)
	if err == nil {
		d.Columns = table.Header()
	}
	if err == nil && t.asks() {
		d.Undated = undated
		err = s.answer(r, t, table, &d)
	}
	code := http.StatusOK
	if err != nil {
		if code, d.Problem = tableProblem(err); code == 0 {
			s.respond.Unavailable(w, r, err)
			return
		}
	}
	s.respond.Page(w, r, code, views.ResultsPage(s.frame(r, "processed", "Totals of all results"), d))
}

// answer puts the question of a request to the results, and its answer into the page.
func (s *Server) answer(r *http.Request, t tableQuery, table *resulttable.Table, d *views.ResultsData) error {
	if t.Spec.Limit == 0 || t.Spec.Limit > views.MostRows {
		t.Spec.Limit = views.MostRows + 1
	}
	asked, err := s.compile(t)
	if err != nil {
		return err
	}
	d.Results = table.Results
	for _, c := range table.Columns {
		if c.Missing > 0 {
			d.Differing = append(d.Differing, c)
		}
	}
	answer, err := table.Ask(r.Context(), asked, s.TempDir, mostKept)
	if err != nil {
		return err
	}
	defer answer.Close()
	d.Table, err = csvtable.Collect(views.MostRows, func(visit func(record [][]byte) bool) error {
		return answer.Records(func(record [][]byte) (bool, error) { return visit(record), nil })
	})
	return err
}

// usualTotals is a question that adds up what the results of a dataset have: its groups, and of
// each aggregate the total, or the least or greatest of all. It is empty where none can be told.
func (s *Server) usualTotals(dataset string) (groupBy, aggregate string) {
	if s.Questions == nil {
		return "", ""
	}
	question := s.Questions.Of(dataset)
	spec, names := question.Spec(), question.Names()
	if question.IsCommand() || len(names) != len(spec.GroupBy)+len(spec.Aggregate) || len(spec.Aggregate) == 0 {
		return "", ""
	}
	var keys, totals []string
	for i, name := range names {
		column := expression.ColumnName(name)
		if i < len(spec.GroupBy) {
			keys = append(keys, column)
			continue
		}
		function, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(spec.Aggregate[i-len(spec.GroupBy)])), "(")
		switch strings.TrimSpace(function) {
		case "sum", "count":
			totals = append(totals, "sum("+column+") as "+column)
		case "min", "max":
			totals = append(totals, function+"("+column+") as "+column)
		}
	}
	if len(totals) == 0 {
		return "", ""
	}
	return strings.Join(keys, ", "), strings.Join(totals, ", ")
}
