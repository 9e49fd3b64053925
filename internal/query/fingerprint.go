package query

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"csv-pipeline/internal/filestore"
)

// ResultSettings is a fingerprint of the settings that can change the bytes of a result: how a
// file is read, what is asked of it, and how the result is written. Settings that mean the same
// have the same one, whether a default is written out or left out. Neither names, such as that
// of a dataset, nor limits are part of it. It is of 16 characters, which stay the same in later
// versions.
func (q *Query) ResultSettings() string { return q.resultSettings }

// AllSettings is a fingerprint of the same settings and of the limits that have a file refused.
// A time limit is none of them: it depends on the machine.
func (q *Query) AllSettings() string { return q.allSettings }

// withFingerprints computes the fingerprints of a query.
func (q *Query) withFingerprints() *Query {
	spec := q.spec.canonical()
	limits := []string{"MAX_EXPANSION=" + strconv.Itoa(spec.Input.MaxExpansion), "COMMAND_MAX_OUTPUT=" + strconv.FormatInt(spec.Command.MaxOutput, 10)}
	q.allSettings = fingerprint(append(spec.settings(), limits...))
	spec.Input.MaxBadShare = 0
	if spec.Input.DecimalChar == "." { // saying so only settles a doubt that would refuse the file
		spec.Input.DecimalChar = ""
	}
	q.resultSettings = fingerprint(spec.settings())
	return q
}

func fingerprint(settings []string) string {
	sum := sha256.Sum256([]byte(strings.Join(settings, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// settings are what is set beside limits. What has its default is not among them, so that a
// setting that a later version adds changes no fingerprint.
func (s Spec) settings() []string {
	set := s.environment()
	if s.Output.Format != "" {
		set = append(set, "OUTPUT_FORMAT="+string(s.Output.Format))
	}
	for _, list := range []struct {
		name  string
		words []string
	}{{"COMMAND", s.Command.Words}, {"COMMAND_ENV", s.Command.Env}} {
		if len(list.words) > 0 {
			set = append(set, list.name+"="+record(list.words))
		}
	}
	if s.Command.Input != "" {
		set = append(set, "COMMAND_INPUT="+s.Command.Input)
	}
	return set
}

// canonical is the Spec with each value in one spelling, and without those that say no more
// than leaving them out does.
func (s Spec) canonical() Spec {
	s = s.clone()
	s.Input = s.Input.Canonical()
	for _, list := range [][]string{s.GroupBy, s.Aggregate, s.Select, s.OrderBy} {
		for i, text := range list {
			list[i] = strings.TrimSpace(text)
		}
	}
	s.Where, s.Having = strings.TrimSpace(s.Where), strings.TrimSpace(s.Having)
	if s.Output.Format == filestore.CSV {
		s.Output.Format = ""
	}
	if s.Command.Input == decompressed {
		s.Command.Input = ""
	}
	if s.Command.MaxOutput == defaultMaxOutput {
		s.Command.MaxOutput = 0
	}
	slices.Sort(s.Command.Env)
	s.Command.Env = slices.Compact(s.Command.Env)
	return s
}

// Current tells of each file the format and the settings of the result that it should have. It
// is what a process that knows the settings tells one that does not, as JSON.
type Current struct {
	Result
	Datasets []CurrentDataset `json:"datasets,omitempty"`
}

// Result is how results are made.
type Result struct {
	Format   filestore.Format `json:"format"`
	Settings string           `json:"settings"` // as ResultSettings
}

// CurrentDataset is how the results of a dataset are made.
type CurrentDataset struct {
	Files []string `json:"files"` // globs
	Result
}

// Current is what these questions make.
func (q *Questions) Current() Current {
	of := func(query *Query) Result { return Result{query.Format(), query.resultSettings} }
	c := Current{Result: of(q.main)}
	for _, d := range q.datasets {
		c.Datasets = append(c.Datasets, CurrentDataset{d.globs, of(d.query)})
	}
	return c
}

// Of is the result that a raw file should have.
func (c Current) Of(name string) Result {
	for _, d := range c.Datasets {
		if matches(d.Files, name) {
			return d.Result
		}
	}
	return c.Result
}

// String is the JSON.
func (c Current) String() string {
	text, _ := json.Marshal(c) // texts alone
	return string(text)
}

// ParseCurrent is the inverse of String.
func ParseCurrent(text string) (c Current, err error) {
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("the settings that are in force, %.100q: %w", text, err)
	}
	return c, nil
}

// matches reports whether a file is one of a dataset.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return filestore.MatchName(glob, name) })
}
