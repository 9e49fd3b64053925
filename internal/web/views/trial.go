package views

import (
	"csv-pipeline/internal/web/api"
)

// Trial is what would come of a file that is not stored.
type Trial struct {
	Name    string
	Dataset string // whose question would be asked; "" for the main one
	Result  string // name of the result
	Exists  bool   // there is a raw file of the name
	Partial bool   // only the beginning of the file was tried
	Tried   int64  // bytes of it, then
	Reading *Reading
}

// API is the trial as the API answers with it.
func (t Trial) API() api.Preview {
	p := api.Preview{Name: t.Name, Dataset: t.Dataset, Result: t.Result, Exists: t.Exists, Partial: t.Partial,
		Late: t.Reading.Late, Problems: []string{}, Notes: []string{}, Outcomes: []api.Outcome{}}
	if d := t.Reading.Description; d != nil {
		fails := t.Reading.fails()
		p.Readable, p.AsItIs = t.Reading.Readable && !fails, t.Reading.AsItIs && !fails
		p.Problems, p.Notes = append(p.Problems, d.Problems...), append(p.Notes, d.Notes...)
		if len(d.Input) > 0 && !t.Reading.Needless {
			p.Values, p.Flags = d.Values, d.Flags
		}
	}
	for _, o := range t.Reading.Previews {
		outcome := api.Outcome{Title: o.Title, Problem: o.Problem, RowsRead: o.Rows, Rejected: o.LeftOut, Columns: []string{}, Rows: [][]string{}}
		if o.Table != nil {
			outcome.Columns, outcome.More = append(outcome.Columns, o.Table.Header...), o.Table.More
			outcome.Rows = append(outcome.Rows, o.Table.Rows...)
		}
		p.Outcomes = append(p.Outcomes, outcome)
	}
	return p
}
