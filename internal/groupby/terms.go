package groupby

import (
	"errors"
	"fmt"
	"strconv"

	"csv-pipeline/internal/expression"
)

// function is what is made of a column.
type function uint8

const (
	column function = iota // a bare column
	year
	month
	day
	hour
	computed // an expression
	count
	sum
	minimum
	maximum
	average
	quantile
	variance
	deviation
	firstCell
	lastCell
)

var (
	keyFunctions = map[expression.Op]function{
		expression.Column: column, expression.Year: year, expression.Month: month, expression.Day: day, expression.Hour: hour,
	}
	aggregateFunctions = map[expression.Function]function{
		expression.Count: count, expression.Sum: sum, expression.Min: minimum, expression.Max: maximum, expression.Avg: average,
		expression.Median: quantile, expression.Quantile: quantile, expression.Variance: variance, expression.StdDev: deviation,
		expression.First: firstCell, expression.Last: lastCell,
	}
)

// ErrUnsupported is wrapped by the error of a question that is right, and that the engine
// does not answer: expressions of several texts, and numbers as keys.
var ErrUnsupported = errors.New("the engine does not compute it")

// columnRef names a column of the input: by header, or by number.
type columnRef struct {
	name   string
	number int // from 1; 0 where the column goes by name
}

func (c columnRef) String() string {
	if c.number > 0 {
		return "column " + strconv.Itoa(c.number)
	}
	return c.name
}

func refOf(n *expression.Node) columnRef { return columnRef{name: n.Text, number: n.Number} }

// addKey enters an item of GROUP BY.
func (p *Plan) addKey(source string) error {
	item, err := expression.ParseItem(source)
	if err == nil && item.Op == expression.Literal && item.Named != nil {
		item = *item.Named
	}
	if err == nil && item.HasAggregate() {
		err = errors.New("an aggregate is of a group, and cannot make one")
	}
	if err != nil {
		return fmt.Errorf("group by %q: %w", source, err)
	}
	if err := p.addName(source, item); err != nil {
		return err
	}
	at := item.Node
	if at.Op != expression.Column && len(at.Args) == 1 {
		at = at.Args[0]
	}
	if fn, ok := keyFunctions[item.Op]; ok && at.Op == expression.Column && (fn == column || p.times == nil) {
		role := Time
		if fn == column {
			role = Text
		}
		p.keys = append(p.keys, keyColumn{fn: fn, column: p.enter(refOf(at), role)})
		return nil
	}
	v := vectorizer{plan: p}
	if _, ok := v.text(item.Node); !ok {
		return fmt.Errorf("group by %q: %w", source, ErrUnsupported)
	}
	p.keys = append(p.keys, keyColumn{fn: computed, column: -1, node: item.Node})
	return nil
}

// addAggregate enters an aggregate.
func (p *Plan) addAggregate(source string) error {
	item, err := expression.ParseItem(source)
	if err == nil && item.Op != expression.Aggregate {
		if err = errors.New("no aggregate: expected one such as sum(quantity)"); item.HasAggregate() {
			err = ErrUnsupported
		}
	}
	if err != nil {
		return fmt.Errorf("aggregate %q: %w", source, err)
	}
	if err := p.addName(source, item); err != nil {
		return err
	}
	a := aggregateColumn{fn: aggregateFunctions[item.Function], column: -1, distinct: item.Distinct}
	switch item.Function {
	case expression.Median:
		a.fraction = half
	case expression.Quantile:
		if a.fraction, err = parseFraction(strconv.FormatFloat(item.Fraction, 'f', -1, 64)); err != nil {
			return fmt.Errorf("aggregate %q: %w", source, err)
		}
	}
	x := item.Args[0]
	if len(item.Args) > 1 {
		if x == nil {
			x = expression.One
		}
		x = x.If(item.Args[1])
	}
	switch {
	case x == nil:
	case x.Op == expression.Column:
		a.column = p.enter(refOf(x), a.role())
	default:
		if a.column, err = p.addComputed(x, &a); err != nil {
			return fmt.Errorf("aggregate %q: %w", source, err)
		}
	}
	p.aggregates = append(p.aggregates, a)
	return nil
}

// role is that of the column of an aggregate.
func (a *aggregateColumn) role() Role {
	switch {
	case a.distinct, a.fn == firstCell, a.fn == lastCell:
		return Text
	case a.fn == count:
		return Presence
	case a.fn == minimum || a.fn == maximum:
		return Extreme
	}
	return Number
}

// computedColumn is an expression in the place of a column.
type computedColumn struct {
	node    *expression.Node
	present bool // it is only counted
}

// firstComputed is where computed columns are numbered from while columns are still entered.
const firstComputed = 1 << 20

// addComputed enters the expression of an aggregate.
func (p *Plan) addComputed(n *expression.Node, a *aggregateColumn) (int, error) {
	v := vectorizer{plan: p}
	c := computedColumn{node: n, present: a.role() == Presence}
	ok := false
	switch {
	case c.present:
		_, ok = v.presence(n)
	case a.role() == Number, a.role() == Extreme && n.Type == expression.Decimal:
		_, ok = v.number(n)
	}
	if !ok {
		return 0, ErrUnsupported
	}
	for i, have := range p.computed {
		if have.present == c.present && have.node.Same(n) {
			return firstComputed + i, nil
		}
	}
	p.computed = append(p.computed, c)
	return firstComputed + len(p.computed) - 1, nil
}

// addWhere enters the condition.
func (p *Plan) addWhere(source string) error {
	n, err := expression.ParseCondition(source)
	if err == nil && n.HasAggregate() {
		err = errors.New("an aggregate is of many rows: expected columns")
	}
	if err == nil {
		for _, c := range n.Columns() {
			if p.noHeader && c.Number == 0 {
				err = fmt.Errorf("a file without header has no column named %q: expected a number such as #1", c.Text)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("where %q: %w", source, err)
	}
	v := vectorizer{plan: p}
	before := p.memoized
	p.memoized = nil
	if _, ok := v.mask(n); !ok {
		return fmt.Errorf("where %q: %w", source, ErrUnsupported)
	}
	p.asked = p.memoized
	p.memoized = append(before, p.asked...)
	p.where = n
	return nil
}

// addName enters the name of a column of the result.
func (p *Plan) addName(source string, item expression.Item) error {
	for _, name := range p.header {
		if name == item.Name {
			return fmt.Errorf("%q: the result would have two columns named %q: expected `as` with another name", source, item.Name)
		}
	}
	p.header = append(p.header, item.Name)
	for _, c := range item.Columns() {
		if p.noHeader && c.Number == 0 {
			return fmt.Errorf("%q: a file without header has no column named %q: expected a number such as #1", source, c.Text)
		}
	}
	return nil
}

// enter is the index of a column that is read in a role.
func (p *Plan) enter(ref columnRef, role Role) int {
	for i, have := range p.columns {
		if both, ok := p.roles[i].with(role); ok && have == ref {
			if both != p.roles[i] {
				p.roles[i] = both
			}
			return i
		}
	}
	p.columns, p.roles = append(p.columns, ref), append(p.roles, role)
	return len(p.columns) - 1
}
