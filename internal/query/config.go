package query

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"csv-pipeline/internal/expression"
)

// Config is what users say of all their files: a question, and other ones for some.
type Config struct {
	Spec     `yaml:",inline"`
	Datasets []Dataset `yaml:"datasets"`
}

// Dataset is the question for files of one kind. What it leaves out is that of the Config.
type Dataset struct {
	Name  string   `yaml:"name"`
	Files []string `yaml:"files"` // globs, as path.Match has them; one without a slash is for the files of every folder
	Spec  `yaml:",inline"`
}

// Default is the question where none is asked: that of the demonstration.
var Default = Spec{GroupBy: []string{"item_id"}, Aggregate: []string{"sum(quantity) as total_quantity"}}

// ParseConfig reads a Config as YAML or JSON, also from values of the chart, which have it below
// processor. An unknown key is an error that names the nearest known one.
func ParseConfig(text []byte) (Config, error) {
	var c Config
	if len(bytes.TrimSpace(text)) == 0 {
		return c, nil
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return c, fmt.Errorf("no YAML: %s", oneLine(err))
	}
	if len(file.Docs) != 1 {
		return c, fmt.Errorf("%d YAML documents: expected one", len(file.Docs))
	}
	var raw struct {
		Spec     `yaml:",inline"`
		Datasets []ast.Node `yaml:"datasets"`
	}
	if err := decode(ofChart(file.Docs[0].Body), &raw); err != nil {
		return c, err
	}
	c.Spec = raw.Spec
	c.Datasets, err = datasets(c.Spec, raw.Datasets)
	return c, err
}

// ParseDatasets reads the list of datasets alone; what one leaves out is that of the Spec.
func ParseDatasets(outside Spec, text []byte) ([]Dataset, error) {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, fmt.Errorf("no YAML: %s", oneLine(err))
	}
	if len(file.Docs) != 1 {
		return nil, fmt.Errorf("%d YAML documents: expected one", len(file.Docs))
	}
	var nodes []ast.Node
	if err := decode(file.Docs[0].Body, &nodes); err != nil {
		return nil, err
	}
	return datasets(outside, nodes)
}

func datasets(outside Spec, nodes []ast.Node) (all []Dataset, err error) {
	for i, node := range nodes {
		var said Dataset
		if err := decode(node, &said); err != nil {
			return nil, fmt.Errorf("dataset %d: %w", i+1, err)
		}
		d := Dataset{Spec: outside.clone()}
		switch {
		case len(said.Select) > 0:
			d.GroupBy, d.Aggregate = nil, nil
		case len(said.GroupBy)+len(said.Aggregate) > 0:
			d.Select = nil
		}
		if !said.empty() {
			d.Having, d.OrderBy, d.Limit = "", nil, 0 // which are of the result of another question
		}
		if !said.empty() && len(said.Command.Words) == 0 {
			d.Command.Words = nil // the engine answers what it is asked here
		}
		if err := decode(node, &d); err != nil {
			return nil, fmt.Errorf("dataset %d: %w", i+1, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func (s Spec) clone() Spec {
	s.GroupBy, s.Aggregate, s.Select, s.OrderBy = slices.Clone(s.GroupBy), slices.Clone(s.Aggregate), slices.Clone(s.Select), slices.Clone(s.OrderBy)
	s.Command.Words, s.Command.Env = slices.Clone(s.Command.Words), slices.Clone(s.Command.Env)
	s.Input.MissingValues, s.Input.DateFormats, s.Input.Header.Lines = slices.Clone(s.Input.MissingValues), slices.Clone(s.Input.DateFormats), slices.Clone(s.Input.Header.Lines)
	return s
}

// decode reads a node strictly.
func decode(node ast.Node, to any) error {
	err := yaml.NodeToValue(node, to, yaml.Strict())
	if err == nil {
		return nil
	}
	text := oneLine(err)
	if m := unknownField.FindStringSubmatch(text); m != nil {
		text = fmt.Sprintf("no key %q", m[1])
		if like := expression.Nearest(m[1], keys); like != "" {
			text += fmt.Sprintf(": is %q meant?", like)
		} else if m[1] == "processor" {
			text += ": values of the chart have all of them below it, and other files have none"
		}
	} else if key := settingOf(err); key != "" {
		text = key + ": " + strings.Replace(text, "string was used where sequence is expected", "a text, expected a list such as [a, b]", 1)
	}
	return errors.New(text)
}

var excerptOf = regexp.MustCompile(`(?m)^\[\d+:(\d+)\].*(?:\n.*)*\n> *\d+ \| (.*)$`)

// settingOf is the key whose value an error of package yaml is about, by the place and the excerpt
// that it has; "" where these do not tell.
func settingOf(err error) string {
	m := excerptOf.FindStringSubmatch(err.Error())
	if m == nil {
		return ""
	}
	column, _ := strconv.Atoi(m[1])
	before := m[2][:min(max(column-1, 0), len(m[2]))]
	end := strings.LastIndexByte(before, ':')
	if end < 0 {
		return ""
	}
	return before[strings.LastIndexAny(before[:end], " {,")+1 : end]
}

var unknownField = regexp.MustCompile(`unknown field "([^"]*)"`)

// oneLine is the first line of an error, which package yaml follows by an excerpt.
func oneLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// keys are all that a Config may have, and what is within them.
var keys = append(slices.Clone(ofProcessor),
	"format", "name", "files",
	"delimiter", "quoteChar", "escapeChar", "encoding", "header", "skipRows", "skipRowsAfterHeader", "skipFooter", "commentPrefix",
	"raggedRows", "trim", "missingValues", "decimalChar", "groupChar", "bareNumber", "dateFormats", "timeZone", "lenient", "onBadRow", "maxBadShare", "maxExpansion",
)

// Questions are the queries of a Config.
type Questions struct {
	main     *Query
	datasets []dataset
}

type dataset struct {
	name  string
	globs []string
	query *Query
}

// Compile checks a Config. Its errors are sentences for the person who wrote it.
func (c Config) Compile() (*Questions, error) {
	if c.asksNothing() {
		c.GroupBy, c.Aggregate = Default.GroupBy, Default.Aggregate
	}
	main, err := Compile(c.Spec)
	if err != nil {
		return nil, err
	}
	q := &Questions{main: main}
	for i, d := range c.Datasets {
		name := d.Name
		if name == "" {
			name = fmt.Sprint(i + 1)
		}
		if len(d.Files) == 0 {
			return nil, fmt.Errorf("dataset %s: no files: expected globs such as bank-*.csv", name)
		}
		for _, glob := range d.Files {
			if _, err := path.Match(glob, ""); err != nil {
				return nil, fmt.Errorf("dataset %s: files %q: %w", name, glob, err)
			}
		}
		if d.empty() {
			d.GroupBy, d.Aggregate = c.GroupBy, c.Aggregate
		}
		if d.asksNothing() {
			d.GroupBy, d.Aggregate = Default.GroupBy, Default.Aggregate
		}
		query, err := Compile(d.Spec)
		var bad *PartError
		if errors.As(err, &bad) {
			bad.Dataset = name
			return nil, bad
		}
		if err != nil {
			return nil, fmt.Errorf("dataset %s: %w", name, err)
		}
		q.datasets = append(q.datasets, dataset{name: name, globs: d.Files, query: query})
	}
	return q, nil
}

func (s Spec) empty() bool { return len(s.GroupBy)+len(s.Aggregate)+len(s.Select) == 0 }

func (s Spec) asksNothing() bool { return s.empty() && len(s.Command.Words) == 0 }

// For is the query for a file, by its name below raw/, and the name of its dataset, which is
// "" where none has it.
func (q *Questions) For(name string) (query *Query, dataset string) {
	for _, d := range q.datasets {
		if matches(d.globs, name) {
			return d.query, d.name
		}
	}
	return q.main, ""
}

// ForPath is For of a file that need not be below raw/: any end of its path may be its name there.
func (q *Questions) ForPath(name string) (query *Query, dataset string) {
	name = strings.TrimPrefix(path.Clean(filepath.ToSlash(name)), "/")
	for _, d := range q.datasets {
		for end, found := name, true; found; _, end, found = strings.Cut(end, "/") {
			if matches(d.globs, end) {
				return d.query, d.name
			}
		}
	}
	return q.main, ""
}

// Asked is the question of the files of a dataset.
type Asked struct {
	Dataset string   // "": files of no dataset
	Files   []string // globs; none where Dataset is ""
	Query   *Query
}

// All are the questions of the datasets in their order, and last that of all other files.
func (q *Questions) All() []Asked {
	var all []Asked
	for _, d := range q.datasets {
		all = append(all, Asked{d.name, d.globs, d.query})
	}
	return append(all, Asked{Query: q.main})
}

// Datasets are the names of the datasets, in their order.
func (q *Questions) Datasets() []string {
	names := make([]string, len(q.datasets))
	for i, d := range q.datasets {
		names[i] = d.name
	}
	return names
}

// Of is the query of a dataset, and of the files of none where there is no such dataset.
func (q *Questions) Of(dataset string) *Query {
	for _, d := range q.datasets {
		if d.name == dataset {
			return d.query
		}
	}
	return q.main
}

// Skips says whether rows that cannot be read are skipped.
func (q *Query) Skips() bool { return q.program == nil && q.dialect.Skips() }

// Sample is a small input that suits the question of a file of that name, and its result as
// it has to be; ok is false where the settings of the input, a selection or a command allow none.
func (q *Questions) Sample(name string) (input, result string, ok bool) {
	query, _ := q.For(name)
	delimiter, plain := query.dialect.Plain()
	if query.plain == nil || query.plain.Computes() || query.shape != nil || !plain {
		return "", "", false
	}
	input, result = query.plain.Sample(delimiter)
	return input, result, true
}
