package query

import (
	"errors"
	"fmt"
	"slices"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/resultformat"
)

// Spec is a question as users write it.
type Spec struct {
	Input     dialect.Settings `yaml:"input"`
	GroupBy   []string         `yaml:"groupBy"`
	Aggregate []string         `yaml:"aggregate"`
	Select    []string         `yaml:"select"` // instead of the two above
	Where     string           `yaml:"where"`
	Having    string           `yaml:"having"`
	OrderBy   []string         `yaml:"orderBy"`
	Limit     int              `yaml:"limit"` // 0: none
	Command   Command          `yaml:",inline"`
	Output    Output           `yaml:"output"`
}

// Output is how a result is written.
type Output struct {
	Format filestore.Format `yaml:"format"` // "": CSV
}

// Query is a Spec that was checked. It is immutable and safe for concurrent use.
type Query struct {
	spec    Spec
	dialect *dialect.Dialect
	columns []groupby.Column // of the file that the question names
	dated   []datedComparison
	numbers []numberOf

	plain     *groupby.Plan // of the file as it is; nil where the engine does not take that
	rewritten *groupby.Plan // of the rewritten file; nil for a selection
	wants     []dialect.Want
	where     *expression.Node
	names     []string // of what a selection wants
	shape     *shape   // nil where the result is what the engine gives
	told      resultformat.Columns

	program *program // nil: the engine answers

	// named is the question with names in the place of expressions that may be some, as
	// unit-price may: for files without columns unit and price.
	named     *Query
	nameFirst bool // where the header has all its columns

	resultSettings, allSettings string // fingerprints
}

// Compile checks a Spec. Its errors are sentences for the person who wrote it, in which the
// place of a mistake in an expression is marked on lines of their own.
func Compile(spec Spec) (*Query, error) {
	q, err := compile(spec)
	if err != nil {
		return q, err
	}
	return q.withFingerprints(), nil
}

func compile(spec Spec) (*Query, error) {
	d, err := spec.Input.Compile()
	if err != nil {
		return nil, err
	}
	if len(spec.Command.Words) > 0 {
		q := &Query{spec: spec, dialect: d}
		q.program, err = compileCommand(spec)
		return q, err
	}
	c := compiler{spec: spec, dialect: d}
	q, err := c.compile()
	if err != nil || !c.ambiguous {
		return q, err
	}
	c.named = true
	q.nameFirst = c.nameFirst
	if q.named, err = c.compile(); err != nil {
		q.named = nil
	}
	return q, nil
}

// PartError is what is wrong with a part of a question.
type PartError struct {
	Dataset string // whose question it is; "" where that is the main one
	Part    string // its key
	Err     error
}

func (e *PartError) Error() string {
	if e.Dataset != "" {
		return "dataset " + e.Dataset + ": " + e.Part + ": " + e.Err.Error()
	}
	return e.Part + ": " + e.Err.Error()
}

func (e *PartError) Unwrap() error { return e.Err }

func part(name, format string, args ...any) error {
	return &PartError{Part: name, Err: fmt.Errorf(format, args...)}
}

type compiler struct {
	spec      Spec
	dialect   *dialect.Dialect
	named     bool // names are preferred
	ambiguous bool
	nameFirst bool
	asked     []askedColumn
	nodes     []*expression.Node // of the items
	dated     []datedComparison
	numbers   []numberOf
}

// askedColumn is a column with the part of the question that names it.
type askedColumn struct {
	*expression.Node
	part      string
	mayBeText bool
}

// variables are those of the environment that have the parts of a question.
var variables = map[string]string{"groupBy": "GROUP_BY", "aggregate": "AGGREGATE", "select": "SELECT", "where": "WHERE", "having": "HAVING"}

func (c *compiler) ask(part string, n *expression.Node) {
	texts := n.MayBeTexts()
	for _, column := range n.Columns() {
		c.asked = append(c.asked, askedColumn{column, part, texts[column]})
	}
	c.dated = append(c.dated, datedComparisons(part, n)...)
	n.Walk(func(n *expression.Node) bool {
		if n.Op == expression.Literal && n.Value.Kind == expression.NumberValue {
			c.numbers = append(c.numbers, numberOf{part, string(n.Value.Append(nil))})
		}
		return true
	})
}

// parts are columns with the parts of the question that name them first.
func (c *compiler) parts(columns []groupby.Column) []groupby.Column {
	for i := range columns {
		if at := slices.IndexFunc(c.asked, func(a askedColumn) bool { return a.Text == columns[i].Name && a.Number == columns[i].Number }); at >= 0 {
			part := c.asked[at].part
			columns[i].Part = part + " (" + variables[part] + ")"
			columns[i].MayBeText = c.asked[at].mayBeText
		}
	}
	return columns
}

func (c *compiler) compile() (*Query, error) {
	c.asked, c.nodes, c.dated, c.numbers = nil, nil, nil, nil
	s := c.spec
	if len(s.Select) > 0 {
		if len(s.GroupBy)+len(s.Aggregate) > 0 {
			return nil, part("select", "it stands instead of groupBy and aggregate: expected one or the other")
		}
		if s.Having != "" {
			return nil, part("having", "it is asked of groups, and a selection has none: expected where")
		}
		return c.selection()
	}
	if len(s.GroupBy)+len(s.Aggregate) == 0 {
		return nil, part("aggregate", "nothing to do: expected a column to group by or an aggregate such as sum(quantity)")
	}
	return c.groups()
}

// items parses the items of a list.
func (c *compiler) items(list string, texts []string, names *[]string) (items []expression.Item, err error) {
	for _, text := range texts {
		item, err := expression.ParseItem(text)
		if err != nil {
			return nil, part(list, "%w", err)
		}
		if item.Op == expression.Literal && item.Named != nil && list != "select" {
			item = *item.Named
		}
		if item.Named != nil {
			c.ambiguous = true
			c.nameFirst = c.nameFirst || item.NameFirst
			if c.named {
				item = *item.Named
			}
		}
		if list == "groupBy" && item.Op == expression.Literal && text[0] == '\'' && item.Name == text {
			return nil, part(list, "%s is a text: a column stands in double quotes", text)
		}
		if slices.Contains(*names, item.Name) {
			return nil, part(list, "%q: the result would have two columns named %q: expected `as` with another name", text, item.Name)
		}
		if err := c.numbered(item.Node); err != nil {
			return nil, part(list, "%q: %w", text, err)
		}
		c.ask(list, item.Node)
		c.nodes = append(c.nodes, item.Node)
		*names = append(*names, item.Name)
		items = append(items, item)
	}
	return items, nil
}

// numbered checks that columns go by number where no file has a header.
func (c *compiler) numbered(n *expression.Node) error {
	if c.dialect.HasHeader() {
		return nil
	}
	for _, column := range n.Columns() {
		if column.Number == 0 {
			return fmt.Errorf("a file without header has no column named %q: expected a number such as #1", column.Text)
		}
	}
	return nil
}

func (c *compiler) condition(name, text string, aggregates bool) (*expression.Node, error) {
	if text == "" {
		return nil, nil
	}
	n, err := expression.ParseCondition(text)
	if err != nil {
		return nil, part(name, "%w", err)
	}
	if n.HasAggregate() && !aggregates {
		return nil, part(name, "%q: it is asked of each row, and an aggregate is of many: expected having", text)
	}
	c.ask(name, n)
	return n, nil
}

func (c *compiler) groups() (*Query, error) {
	var names []string
	keys, err := c.items("groupBy", c.spec.GroupBy, &names)
	if err != nil {
		return nil, err
	}
	aggregates, err := c.items("aggregate", c.spec.Aggregate, &names)
	if err != nil {
		return nil, err
	}
	b := base{}
	if b.where, err = c.condition("where", c.spec.Where, false); err != nil {
		return nil, err
	}
	if b.where != nil {
		if err := c.numbered(b.where); err != nil {
			return nil, part("where", "%w", err)
		}
	}
	for _, k := range keys {
		if k.HasAggregate() {
			return nil, part("groupBy", "%q: an aggregate is of a group, and cannot make one: expected a column or an expression of columns", k.Source)
		}
		b.keys = append(b.keys, k.Node)
	}
	s := shape{names: names, limit: c.spec.Limit, dates: c.dialect.OtherDates()}
	for i, k := range b.keys {
		s.columns = append(s.columns, &outColumn{node: resultColumn(i, k.Type), from: i})
	}
	keyNames := names[:len(keys)]
	for _, a := range aggregates {
		if !a.HasAggregate() && len(keys) == 0 {
			return nil, part("aggregate", "%q: no aggregate: expected one such as sum(quantity)", a.Source)
		}
		n, err := b.onResult(a.Node, keyNames, nil)
		if err != nil {
			return nil, part("aggregate", "%q: %w", a.Source, err)
		}
		out := &outColumn{node: n, from: -1}
		if n.Op == expression.Column {
			out.from = n.Number - 1
		}
		s.columns = append(s.columns, out)
	}
	if err := c.having(&b, &s, keyNames); err != nil {
		return nil, err
	}
	if s.order, err = c.order(names); err != nil {
		return nil, err
	}
	q := &Query{spec: c.spec, dialect: c.dialect}
	for _, item := range append(slices.Clone(keys), aggregates...) {
		q.told.First = append(q.told.First, told(item.Node))
	}
	baseNames := slices.Clone(names)
	if s.shapes(&b) {
		q.shape = &s
		baseNames = nil
		for i := range len(b.keys) + len(b.aggregates) {
			baseNames = append(baseNames, fmt.Sprint("c", i))
		}
		s.complete(&b, c.dialect.Dates())
	}
	q.plain, err = b.plain(baseNames, c.dialect)
	q.dated, q.numbers = c.dated, c.numbers
	switch {
	case errors.Is(err, groupby.ErrUnsupported):
		q.plain = nil
		q.columns = c.parts(columnsOf(append(append(slices.Clone(b.keys), b.aggregates...), b.where)...))
	case err != nil:
		return nil, err
	default:
		q.columns = c.parts(q.plain.Columns())
	}
	if b.bare() && c.dialect.Times() == nil { // what a file is rewritten into has times in ISO 8601
		q.rewritten, q.wants = q.plain, dialect.Cells(q.columns)
		return q, nil
	}
	q.where = b.where
	q.rewritten, q.wants, err = b.rewritten(baseNames, q.columns)
	return q, err
}

// having has the result's rows filtered.
func (c *compiler) having(b *base, s *shape, keyNames []string) error {
	n, err := c.condition("having", c.spec.Having, true)
	if n == nil {
		return err
	}
	n, err = b.onResult(n, keyNames, s)
	if err != nil {
		return part("having", "%q: %w", c.spec.Having, err)
	}
	s.having = n.Bind(baseIndex, c.dialect.Dates())
	return nil
}

func baseIndex(n *expression.Node) int { return n.Number - 1 }

// order is by which columns of the result rows are ordered. names are those of the result,
// nil where they are not yet known.
func (c *compiler) order(names []string) (by []orderColumn, err error) {
	if c.spec.Limit < 0 {
		return nil, part("limit", "%d: expected 0, which is none, or more", c.spec.Limit)
	}
	for _, text := range c.spec.OrderBy {
		o, err := expression.ParseOrder(text)
		if err != nil {
			return nil, part("orderBy", "%w", err)
		}
		column := orderColumn{name: o.Name, desc: o.Desc}
		if names != nil {
			if err := column.find(names); err != nil {
				if !column.findExpression(names, c.nodes) {
					return nil, err
				}
			}
		}
		by = append(by, column)
	}
	return by, nil
}

func (c *compiler) selection() (*Query, error) {
	q := &Query{spec: c.spec, dialect: c.dialect}
	var err error
	if q.where, err = c.condition("where", c.spec.Where, false); err != nil {
		return nil, err
	}
	var nodes []*expression.Node
	all := false
	for _, text := range c.spec.Select {
		if text == "*" {
			if all {
				return nil, part("select", "* stands there twice")
			}
			all = true
			q.told.Rest = []resultformat.Column{}
			q.names, q.wants = append(q.names, text), append(q.wants, dialect.Want{All: true})
			continue
		}
		items, err := c.items("select", []string{text}, &q.names)
		if err != nil {
			return nil, err
		}
		item := items[0]
		if item.HasAggregate() {
			return nil, part("select", "%q: an aggregate is of many rows, and each is written: expected it in aggregate", item.Source)
		}
		nodes = append(nodes, item.Node)
		if all {
			q.told.Rest = append(q.told.Rest, told(item.Node))
		} else {
			q.told.First = append(q.told.First, told(item.Node))
		}
		q.wants = append(q.wants, dialect.Want{Expression: item.Node, Role: groupby.Text, Source: item.Name})
	}
	q.dated, q.numbers = c.dated, c.numbers
	q.columns = c.parts(columnsOf(append(slices.Clone(nodes), q.where)...))
	for i, w := range q.wants {
		if w.Expression != nil && w.Expression.Op == expression.Column {
			q.wants[i] = dialect.Want{Column: indexOf(q.columns, w.Expression), Role: groupby.Text}
		}
	}
	names := q.names
	if all {
		names = nil // which are those of the file
	}
	order, err := c.order(names)
	if err != nil {
		return nil, err
	}
	q.told.Headless = !c.dialect.HasHeader() && len(q.wants) == 1 && all
	if len(order) > 0 || c.spec.Limit > 0 {
		q.shape = &shape{order: order, limit: c.spec.Limit, rows: true, headless: q.told.Headless, dates: c.dialect.OtherDates(), all: -1}
		for i, w := range q.wants {
			q.shape.computed = append(q.shape.computed, w.Expression != nil && w.Expression.Type.Numeric())
			if w.All {
				q.shape.all = i
			}
		}
	}
	return q, nil
}
