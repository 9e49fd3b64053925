package web

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/trends"
)

func parseTrend(q url.Values) (t trends.Query, err error) {
	t = trends.Query{Group: q.Get("group"), Value: q.Get("value"), Combine: trends.Combine(q.Get("combine")), Step: trends.Step(q.Get("step"))}
	for name, day := range map[string]*time.Time{"from": &t.From, "to": &t.To} {
		if text := q.Get(name); text != "" {
			if *day, err = time.Parse(time.DateOnly, text); err != nil {
				return t, badRequestf("%s: expected a day such as 2022-01-31", name)
			}
		}
	}
	if t.Top, err = whole(q, "top", 0, 1, 50); err != nil {
		return t, err
	}
	if err := t.Check(); err != nil {
		return t, badRequest{err.Error()}
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
	return s.trends.Ask(r.Context(), files.Processed, q)
}

// trendJSON is a trend as the API shows it.
type trendJSON struct {
	Group   string           `json:"group"`
	Value   string           `json:"value"`
	Combine trends.Combine   `json:"combine"`
	Step    trends.Step      `json:"step"`
	Groups  []string         `json:"groups"` // columns that can be grouped by
	Values  []string         `json:"values"` // columns that can be added up
	Times   []string         `json:"times"`
	Partial []partialJSON    `json:"partial"` // the first and the last step, where the days end within them
	Series  []seriesJSON     `json:"series"`
	Files   int              `json:"files"`
	Skipped int              `json:"skipped"` // results that were left out
	LeftOut []trends.LeftOut `json:"leftOut"` // the first of them
	Others  int              `json:"others"`
	Problem string           `json:"problem,omitempty"`
	// Read and Of tell how far reading the results is; absent when it has ended.
	Read int `json:"read,omitempty"`
	Of   int `json:"of,omitempty"`
}

type partialJSON struct {
	Time string `json:"time"` // one of times
	Days int    `json:"days"`
	Of   int    `json:"of"`
}

type seriesJSON struct {
	Name   string     `json:"name"`
	Total  string     `json:"total"` // exact
	Values []*float64 `json:"values"`
}

func shape(t *trends.Trend) trendJSON {
	j := trendJSON{Group: t.Group, Value: t.Value, Combine: t.Combine, Step: t.Step, Groups: nonNil(t.Groups), Values: nonNil(t.Values), Times: []string{},
		Partial: []partialJSON{}, Series: []seriesJSON{}, Files: t.Files, Skipped: t.Skipped, LeftOut: t.LeftOut, Others: t.Others, Problem: t.Problem, Read: t.Read, Of: t.Of}
	if j.LeftOut == nil {
		j.LeftOut = []trends.LeftOut{}
	}
	for _, at := range t.Times {
		j.Times = append(j.Times, at.Format(time.DateOnly))
	}
	for _, p := range t.Partial {
		j.Partial = append(j.Partial, partialJSON{p.At.Format(time.DateOnly), p.Days, p.Of})
	}
	for _, series := range t.Series {
		one := seriesJSON{Name: series.Name, Total: series.Total.String(), Values: make([]*float64, len(series.Points))}
		for i, p := range series.Points {
			if series.There[i] {
				v := p.Float()
				one.Values[i] = &v
			}
		}
		j.Series = append(j.Series, one)
	}
	return j
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func (s *Server) trendsAPI(w http.ResponseWriter, r *http.Request) {
	t, err := s.trend(r)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	if t.Of > 0 {
		w.Header().Set("Retry-After", "1")
	}
	answer(w, shape(t))
}

// trendsData is what the page of trends shows.
type trendsData struct {
	*trends.Trend
	Kind  chart.Kind
	SVG   string
	JSON  trendJSON
	Grand csvtable.Number
	Query url.Values
}

// With is the address of this page in another format.
func (d trendsData) With(format string) string {
	q := url.Values{"format": {format}}
	for _, key := range []string{"group", "value", "combine", "step", "from", "to", "top", "kind"} {
		if v := d.Query.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	return "?" + q.Encode()
}

// summary says what is shown.
func (d trendsData) summary() string {
	text := fmt.Sprintf("%s of %s by %s, from %s", d.Combine, visible(d.Value), visible(d.Group), plural(d.Files, "result", "results"))
	if d.Skipped > 0 {
		text += " (" + formatCount(d.Skipped) + " left out)"
	}
	return text
}

// partial says which steps are pale, and why.
func (d trendsData) partial() string {
	var parts []string
	for _, p := range d.Partial {
		name := string(d.Step) + " of " + day(p.At)
		if d.Step == trends.Month {
			name = p.At.Format("January 2006")
		}
		parts = append(parts, fmt.Sprintf("%s (%d of %d days)", name, p.Days, p.Of))
	}
	return strings.Join(parts, ", ")
}

// json is the trend for the script that draws it.
func (d trendsData) json() (string, error) {
	text, err := json.Marshal(d.JSON)
	return string(text), err
}

// seriesClass is the class of a series' colour.
func seriesClass(i int) string { return "s" + formatInt(i%len(chart.Palette)) }

// day formats a day for a form; the zero one is empty.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// Share is a series' part of all, in percent.
func (d trendsData) Share(series trends.Series) string {
	if whole := d.Grand.Float(); whole > 0 && d.Combine == trends.Sum {
		return strconv.FormatFloat(100*series.Total.Float()/whole, 'f', 1, 64) + " %"
	}
	return ""
}

func (s *Server) trendsPage(w http.ResponseWriter, r *http.Request) {
	format := format(w, r)
	if format == "json" {
		s.trendsAPI(w, r)
		return
	}
	t, err := s.trend(r)
	if err != nil {
		s.bad(w, r, err)
		return
	}
	q := r.URL.Query()
	d := trendsData{Trend: t, Kind: chart.Lines, JSON: shape(t), Query: q}
	if q.Get("kind") == string(chart.Bars) {
		d.Kind = chart.Bars
	}
	for _, series := range t.Series {
		d.Grand = d.Grand.Add(series.Total)
	}
	switch format {
	case "html":
		d.SVG = s.trendChart(t, d.Kind, 1100, 380, false).SVG()
		s.show(w, r, http.StatusOK, trendsView(s.page(r, "trends", "Trends"), d))
	case "svg":
		w.Header().Set("Content-Type", "image/svg+xml")
		w.Header().Set("Cache-Control", "no-store")
		attachment(w, "trends.svg")
		_, _ = w.Write([]byte(s.trendChart(t, d.Kind, 1200, 480, true).SVG()))
	case "csv":
		s.trendCSV(w, t)
	default:
		s.problem(w, r, http.StatusBadRequest, "format: expected html, json, csv or svg")
	}
}

func (s *Server) trendChart(t *trends.Trend, kind chart.Kind, width, height int, legend bool) chart.Chart {
	c := chart.Chart{Title: t.Value + " by " + t.Group + " over time", Kind: kind, Width: width, Height: height, Legend: legend}
	for _, at := range t.Times {
		c.Labels = append(c.Labels, at.Format(time.DateOnly))
		c.Pale = append(c.Pale, slices.ContainsFunc(t.Partial, func(p trends.Partial) bool { return p.At.Equal(at) }))
	}
	for _, series := range t.Series {
		values := make([]float64, len(series.Points))
		for i, p := range series.Points {
			if values[i] = p.Float(); !series.There[i] {
				values[i] = math.NaN()
			}
		}
		c.Series = append(c.Series, chart.Series{Name: visible(series.Name), Values: values})
	}
	return c
}

// trendCSV writes one row for each stretch of time and one column for each series.
func (s *Server) trendCSV(w http.ResponseWriter, t *trends.Trend) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	attachment(w, "trends.csv")
	c := csv.NewWriter(w)
	header := []string{string(t.Step)}
	for _, series := range t.Series {
		header = append(header, neutral(series.Name))
	}
	_ = c.Write(header)
	for i, at := range t.Times {
		record := []string{at.Format(time.DateOnly)}
		for _, series := range t.Series {
			cell := ""
			if series.There[i] {
				cell = series.Points[i].String() // a number needs no neutralising, also a negative one
			}
			record = append(record, cell)
		}
		_ = c.Write(record)
	}
	c.Flush()
}
