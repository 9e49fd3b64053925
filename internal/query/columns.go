package query

import "csv-pipeline/internal/groupby"

// Columns are those that the question reads; none where it asks for all of the file.
func (q *Query) Columns() []groupby.Column { return q.columns }

// IsCommand says whether a program of the user's own answers.
func (q *Query) IsCommand() bool { return q.program != nil }

// Spec is what was compiled.
func (q *Query) Spec() Spec { return q.spec.clone() }

// Everything is the Config with select * where it asks nothing.
func (c Config) Everything() Config {
	if c.empty() {
		c.Select = []string{"*"}
	}
	c.Datasets = append([]Dataset(nil), c.Datasets...)
	for i := range c.Datasets {
		if d := &c.Datasets[i]; d.empty() {
			d.GroupBy, d.Aggregate, d.Select = c.GroupBy, c.Aggregate, c.Select
		}
	}
	return c
}
