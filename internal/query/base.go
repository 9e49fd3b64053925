package query

import (
	"fmt"
	"slices"
	"strconv"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// base is what the engine is asked: keys, and the aggregates that the result is made of,
// each once.
type base struct {
	keys       []*expression.Node
	aggregates []*expression.Node
	where      *expression.Node
}

// bare says whether the engine takes a key as it is: a column, or a part of a time.
func bareKey(n *expression.Node) bool {
	return n.Op == expression.Column || timeFunctions[n.Op] != "" && n.Args[0].Op == expression.Column
}

func bareAggregate(n *expression.Node) bool {
	return len(n.Args) == 1 && (n.Args[0] == nil || n.Args[0].Op == expression.Column)
}

// bare says whether the engine takes the whole question as it is.
func (b *base) bare() bool {
	return b.where == nil && !slices.ContainsFunc(b.keys, func(n *expression.Node) bool { return !bareKey(n) }) &&
		!slices.ContainsFunc(b.aggregates, func(n *expression.Node) bool { return !bareAggregate(n) })
}

var timeFunctions = map[expression.Op]string{expression.Year: "year", expression.Month: "month", expression.Day: "day", expression.Hour: "hour"}

// columnText is a column as the engine's language has it.
func columnText(n *expression.Node) string {
	if n.Number > 0 {
		return "#" + strconv.Itoa(n.Number)
	}
	return expression.QuoteName(n.Text)
}

// keyText is a bare key as the engine's language has it.
func keyText(n *expression.Node, column func(*expression.Node) string) string {
	if n.Op == expression.Column {
		return column(n)
	}
	return timeFunctions[n.Op] + "(" + column(n.Args[0]) + ")"
}

// aggregateText is an aggregate of a column, or of all rows.
func aggregateText(n *expression.Node, column string) string {
	text := n.Function.String() + "("
	if n.Distinct {
		text += "distinct "
	}
	if text += column; n.Function == expression.Quantile {
		text += ", " + strconv.FormatFloat(n.Fraction, 'f', -1, 64)
	}
	return text + ")"
}

// plain is the question as the engine asks it of a file itself. Its error wraps
// groupby.ErrUnsupported where the engine does not compute its expressions.
func (b *base) plain(names []string, d *dialect.Dialect) (*groupby.Plan, error) {
	spec := groupby.Spec{NoHeader: !d.HasHeader(), Times: d.Times(), Dates: d.Dates()}
	if b.where != nil {
		spec.Where = b.where.String()
	}
	for i, k := range b.keys {
		text := k.String()
		if bareKey(k) {
			text = keyText(k, columnText)
		}
		spec.GroupBy = append(spec.GroupBy, text+" as "+expression.QuoteName(names[i]))
	}
	for i, a := range b.aggregates {
		text := a.String()
		switch {
		case !bareAggregate(a):
		case a.Args[0] == nil:
			text = aggregateText(a, "*")
		default:
			text = aggregateText(a, columnText(a.Args[0]))
		}
		spec.Aggregates = append(spec.Aggregates, text+" as "+expression.QuoteName(names[len(b.keys)+i]))
	}
	return groupby.Compile(spec)
}

// slot is a column of what a file is rewritten into.
type slot struct {
	node     *expression.Node
	distinct bool
}

// rewritten is the question as the engine asks it of the rewritten file, and what that has
// for each of the plan's columns.
func (b *base) rewritten(names []string, columns []groupby.Column) (*groupby.Plan, []dialect.Want, error) {
	var slots []slot
	use := func(n *expression.Node, distinct bool) string {
		distinct = distinct && n.Op != expression.Column
		i := slices.IndexFunc(slots, func(s slot) bool { return s.distinct == distinct && s.node.Same(n) })
		if i < 0 {
			i = len(slots)
			slots = append(slots, slot{n, distinct})
		}
		return "#" + strconv.Itoa(i+1)
	}
	spec := groupby.Spec{NoHeader: true}
	for i, k := range b.keys {
		text := ""
		if bareKey(k) {
			text = keyText(k, func(c *expression.Node) string { return use(c, false) })
		} else {
			text = use(k, true)
		}
		spec.GroupBy = append(spec.GroupBy, text+" as "+expression.QuoteName(names[i]))
	}
	for i, a := range b.aggregates {
		x := a.Args[0]
		column := "*"
		if len(a.Args) > 1 {
			if x == nil {
				x = expression.One
			}
			x = x.If(a.Args[1])
		}
		if x != nil {
			column = use(x, a.Distinct)
		}
		spec.Aggregates = append(spec.Aggregates, aggregateText(a, column)+" as "+expression.QuoteName(names[len(b.keys)+i]))
	}
	plan, err := groupby.Compile(spec)
	if err != nil {
		return nil, nil, err
	}
	var wants []dialect.Want
	var doubles []int
	for i, c := range plan.Columns() {
		s := slots[c.Number-1]
		if s.node.Op == expression.Column {
			wants = append(wants, dialect.Want{Column: indexOf(columns, s.node), Role: c.Role})
			continue
		}
		wants = append(wants, dialect.Want{Expression: s.node, Role: c.Role, Distinct: s.distinct, Source: s.node.String()})
		if s.node.Type == expression.Double && (c.Role == groupby.Number || c.Role == groupby.Extreme) {
			doubles = append(doubles, i)
		}
	}
	if len(doubles) > 0 {
		plan = plan.InDoubles(doubles...)
	}
	return plan, wants, nil
}

// scales are the digits after the point that each of the plan's columns has, given those of
// the file's.
func scales(wants []dialect.Want, columns []groupby.Column, of []int) []uint8 {
	scales := make([]uint8, len(wants))
	for i, w := range wants {
		n := 0
		if w.Expression == nil {
			n = of[w.Column]
		} else {
			n = scaleOf(w.Expression, columns, of)
		}
		scales[i] = uint8(min(n, groupby.MaxScale))
	}
	return scales
}

func scaleOf(n *expression.Node, columns []groupby.Column, of []int) int {
	return n.Scale(func(c *expression.Node) int { return of[indexOf(columns, c)] })
}

func indexOf(columns []groupby.Column, n *expression.Node) int {
	return slices.IndexFunc(columns, func(c groupby.Column) bool { return c.Name == n.Text && c.Number == n.Number })
}

// columnsOf are the columns of expressions, each once, in the role that asks most of it.
func columnsOf(nodes ...*expression.Node) (columns []groupby.Column) {
	use := func(role groupby.Role, nodes ...*expression.Node) {
		for _, c := range nodes {
			i := indexOf(columns, c)
			if i < 0 {
				i = len(columns)
				columns = append(columns, groupby.Column{Name: c.Text, Number: c.Number, Role: groupby.Text})
			}
			if role != groupby.Text {
				columns[i].Role = role
			}
		}
	}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		use(groupby.Text, n.Columns()...)
		use(groupby.Number, n.NumericColumns(false)...)
		n.Walk(func(n *expression.Node) bool {
			if n.IsTime() && n.Args[0].Op == expression.Column {
				use(groupby.Time, n.Args[0])
			}
			return true
		})
	}
	return columns
}

// resultColumn is a Column of what the engine gives, counted from 0.
func resultColumn(i int, t expression.Type) *expression.Node {
	return &expression.Node{Op: expression.Column, Text: ofResult, Number: i + 1, Type: t}
}

const ofResult = "\x00result"

// onResult is an expression over what the engine gives, whose aggregates and keys the base
// gets. of is the result whose names the expression may have, too; nil where it has none yet.
func (b *base) onResult(n *expression.Node, keyNames []string, of *shape) (*expression.Node, error) {
	names := keyNames
	if of != nil {
		names = of.names
	}
	var lost *expression.Node
	out := n.Replace(func(n *expression.Node) *expression.Node {
		if n.Op == expression.Column && n.Text == ofResult {
			return n
		}
		if n.Op == expression.Aggregate {
			i := slices.IndexFunc(b.aggregates, n.Same)
			if i < 0 {
				i = len(b.aggregates)
				b.aggregates = append(b.aggregates, n)
			}
			return resultColumn(len(b.keys)+i, n.Type)
		}
		isColumn := n.Op == expression.Column
		i := 0
		for i < len(b.keys) && !b.keys[i].Same(n) && !(isColumn && n.Number == 0 && n.Text == keyNames[i]) {
			i++
		}
		switch {
		case i < len(b.keys):
			other := resultColumn(i, b.keys[i].Type)
			if isColumn {
				return cellOf(other)
			}
			return other
		case !isColumn:
			return nil
		}
		if i = slices.Index(names, n.Text); i < 0 || of == nil || n.Number > 0 {
			lost = n
			return n
		}
		return cellOf(of.columns[i].node)
	})
	if lost == nil {
		return out, nil
	}
	hint := ""
	if near := expression.Nearest(lost.Text, names); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return nil, fmt.Errorf("%s is in no aggregate and not in groupBy: expected one such as sum(%s)%s", lost, lost, hint)
}

// cellOf is what a name of the result stands for. An expression was checked with a cell in the
// place of the name, and so compares a condition with the texts true and false.
func cellOf(n *expression.Node) *expression.Node {
	if n.Type != expression.Bool {
		return n
	}
	return &expression.Node{Op: expression.Coalesce, Type: expression.Text, Args: []*expression.Node{n}}
}
