package api

import (
	"time"

	"csv-pipeline/internal/trends"
)

// Trend is results added up over time.
type Trend struct {
	Group   string           `json:"group"`
	Value   string           `json:"value"`
	Combine trends.Combine   `json:"combine"`
	Step    trends.Step      `json:"step"`
	Groups  []string         `json:"groups"` // columns that can be grouped by
	Values  []string         `json:"values"` // columns that can be added up
	Times   []string         `json:"times"`  // the first day of each step
	Partial []PartialStep    `json:"partial"`
	Series  []Series         `json:"series"`
	Files   int              `json:"files"`   // results that were read
	Longer  int              `json:"longer"`  // those of them that are of a month or year, and longer than the step
	Undated int              `json:"undated"` // results that were left out because there is no date in their names
	Skipped int              `json:"skipped"` // other results that were left out
	LeftOut []trends.LeftOut `json:"leftOut"` // the first of them
	Others  int              `json:"others"`
	Folded  bool             `json:"folded"` // there are more others, which were too many to count
	Problem string           `json:"problem,omitempty"`
	// Read and Of tell how many of the results have been read; absent when all have.
	Read int `json:"read,omitempty"`
	Of   int `json:"of,omitempty"`
}

// PartialStep is the first or the last step, where there are results for a part of it
// only.
type PartialStep struct {
	Time string `json:"time"` // one of Trend.Times
	Days int    `json:"days"` // that there are
	Of   int    `json:"of"`   // days of the step
}

// Series is one group over time.
type Series struct {
	Name    string     `json:"name"`
	Total   string     `json:"total"`   // a decimal
	Rounded bool       `json:"rounded"` // the total has more than 18 digits, and is that of doubles
	Values  []*float64 `json:"values"`  // one for each of Trend.Times; nil where there is none
}

// NewTrend is a trend as the API answers with it.
func NewTrend(t *trends.Trend) Trend {
	j := Trend{Group: t.Group, Value: t.Value, Combine: t.Combine, Step: t.Step, Groups: notNil(t.Groups), Values: notNil(t.Values), Times: []string{},
		Partial: []PartialStep{}, Series: []Series{}, Files: t.Files, Longer: t.Longer, Undated: t.Undated, Folded: t.Folded, Skipped: t.Skipped, LeftOut: notNil(t.LeftOut), Others: t.Others, Problem: t.Problem, Read: t.Read, Of: t.Of}
	for _, at := range t.Times {
		j.Times = append(j.Times, at.Format(time.DateOnly))
	}
	for _, p := range t.Partial {
		j.Partial = append(j.Partial, PartialStep{p.At.Format(time.DateOnly), p.Days, p.Of})
	}
	for _, series := range t.Series {
		one := Series{Name: series.Name, Total: series.Total.String(), Rounded: series.Rounded, Values: make([]*float64, len(series.Points))}
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

// notNil is the list, or an empty one, which JSON writes as [] and not as null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
