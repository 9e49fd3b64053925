package query

import "csv-pipeline/internal/groupby"

// Columns are those that the question reads; none where it asks for all of the file.
func (q *Query) Columns() []groupby.Column { return q.columns }
