package web

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"time"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/trends"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
	"csv-pipeline/internal/web/views"
)

// parseDays is the first and the last day that a request is for; zero: all. A mistake is a
// respond.BadRequest.
func parseDays(q url.Values) (from, to time.Time, err error) {
	for name, day := range map[string]*time.Time{"from": &from, "to": &to} {
		if text := q.Get(name); text != "" {
			if *day, err = time.Parse(time.DateOnly, text); err != nil {
				return from, to, respond.BadRequestf("%s: expected a day such as 2022-01-31", name)
			}
		}
	}
	if err := trends.CheckDays(from, to); err != nil {
		return from, to, respond.BadRequest{Detail: err.Error()}
	}
	return from, to, nil
}

func parseTrend(q url.Values) (t trends.Query, err error) {
	t = trends.Query{Group: q.Get("group"), Value: q.Get("value"), Combine: trends.Combine(q.Get("combine")), Step: trends.Step(q.Get("step")), Period: trends.Period(q.Get("period"))}
	if t.From, t.To, err = parseDays(q); err != nil {
		return t, err
	}
	if t.Top, err = respond.WholeNumber(q, "top", 0, 1, 50); err != nil {
		return t, err
	}
	if err := t.Check(); err != nil {
		return t, respond.BadRequest{Detail: err.Error()}
	}
	return t, nil
}

func (s *Server) trend(r *http.Request) (*trends.Trend, error) {
	q, err := parseTrend(r.URL.Query())
	if err != nil {
		return nil, err
	}
	files, err := s.Catalog.Recent(r.Context())
	if err != nil {
		return nil, err
	}
	return s.trends.Ask(r.Context(), files.Processed, q, slices.DeleteFunc(r.URL.Query()["item"], func(item string) bool { return item == "" })...)
}

// keys is how many columns of a result are what its rows are grouped by; false where it is not
// of the current question.
func (s *Server) keys(result string, header []string) (int, bool) {
	raw, ok := filestore.RawName(result)
	if !ok || s.Questions == nil {
		return 0, false
	}
	question, _ := s.Questions.For(raw)
	return len(question.Spec().GroupBy), slices.Equal(question.Names(), header)
}

func (s *Server) trendsAPI(w http.ResponseWriter, r *http.Request) {
	t, err := s.trend(r)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	if t.Of > 0 {
		w.Header().Set("Retry-After", "1")
	}
	respond.JSON(w, http.StatusOK, api.NewTrend(t))
}

func (s *Server) trendsPage(w http.ResponseWriter, r *http.Request) {
	format := respond.Format(w, r)
	if format == "json" {
		s.trendsAPI(w, r)
		return
	}
	t, err := s.trend(r)
	if err != nil {
		s.respond.Error(w, r, err)
		return
	}
	q := r.URL.Query()
	d := views.TrendsData{Trend: t, Kind: chart.Lines, JSON: api.NewTrend(t), Query: q}
	if q.Get("kind") == string(chart.Bars) {
		d.Kind = chart.Bars
	}
	switch format {
	case "html":
		s.respond.Page(w, r, http.StatusOK, views.TrendsPage(s.frame(r, "trends", "Trends"), d))
	case "svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Cache-Control", "no-store")
		respond.Attachment(w, "trends.svg")
		_, _ = w.Write([]byte(views.TrendChart(t, d.Kind, 1200, 480, true).SVG()))
	case "csv":
		trendCSV(w, r, t)
	default:
		s.respond.Problem(w, r, http.StatusBadRequest, "format: expected html, json, csv or svg")
	}
}

// trendCSV answers with one row for each step and one column for each series.
func trendCSV(w http.ResponseWriter, r *http.Request, t *trends.Trend) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	respond.Attachment(w, "trends.csv")
	c := csv.NewWriter(w)
	header, cell := []string{string(t.Step)}, cells(r)
	for _, series := range t.Series {
		header = append(header, cell(series.Name))
	}
	_ = c.Write(header)
	for i, at := range t.Times {
		record := []string{at.Format(time.DateOnly)}
		for _, series := range t.Series {
			number := ""
			if series.There[i] {
				number = series.Points[i].String() // a number is safe for spreadsheets, also a negative one
			}
			record = append(record, number)
		}
		_ = c.Write(record)
	}
	c.Flush()
}
