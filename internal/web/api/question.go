package api

import (
	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
)

// Question is what is asked of the files of a dataset, by the settings in force.
type Question struct {
	Dataset   string           `json:"dataset,omitempty"` // "": files of no dataset
	Files     []string         `json:"files,omitempty"`   // globs of the dataset
	GroupBy   []string         `json:"groupBy,omitempty"`
	Aggregate []string         `json:"aggregate,omitempty"`
	Select    []string         `json:"select,omitempty"`
	Where     string           `json:"where,omitempty"`
	Having    string           `json:"having,omitempty"`
	OrderBy   []string         `json:"orderBy,omitempty"`
	Limit     int              `json:"limit,omitempty"`
	Command   []string         `json:"command,omitempty"` // a program that answers instead
	Input     string           `json:"input,omitempty"`   // how files are read, as flags
	Format    filestore.Format `json:"format"`            // of results
	Settings  string           `json:"settings"`          // fingerprint of all of this
}

// NewQuestion describes a question.
func NewQuestion(a query.Asked) Question {
	spec := a.Query.Spec()
	return Question{Dataset: a.Dataset, Files: a.Files, GroupBy: spec.GroupBy, Aggregate: spec.Aggregate, Select: spec.Select,
		Where: spec.Where, Having: spec.Having, OrderBy: spec.OrderBy, Limit: spec.Limit, Command: spec.Command.Words,
		Input: describe.FlagsOf(spec.Input), Format: a.Query.Format(), Settings: a.Query.ResultSettings()}
}
