package expression

import (
	"slices"
	"strconv"
)

// Op is what a Node does with its arguments.
type Op uint8

// What a Node does. Those without a comment do what SQL calls so.
const (
	Column  Op = iota // a cell of the row: Text is its name, or Number its number from 1
	Literal           // Value
	Add
	Sub
	Mul
	Div
	Neg
	Concat // ||: NULL if one side is
	Equal
	Unequal
	Less
	LessEqual
	Greater
	GreaterEqual
	And
	Or
	Not
	IsNull
	In   // the first argument among the others
	Like // the second argument is a Literal
	Case // condition, value, condition, value, …, and the value of else, where there is one
	Coalesce
	NullIf
	Abs
	Round // the second argument, where there is one, is an integer Literal
	Floor
	Ceil
	Lower
	Upper
	Trim
	Length
	Substr
	Replace
	ConcatAll // concat(): passes over NULL
	Year
	Quarter
	Month
	Week
	Weekday
	Day
	Hour
	ToNumber
	FileName
	Aggregate // Function of Args[0], or of * where there is none; Args[1] is the filter, where there is one
)

// Function is that of an Aggregate.
type Function uint8

// The functions of aggregates.
const (
	Count Function = iota
	Sum
	Avg
	Min
	Max
	Median
	Quantile
	StdDev
	Variance
	First
	Last
)

// Type is what is known of the values of a Node before there are any.
type Type uint8

// The types.
const (
	Null    Type = iota // NULL and nothing else
	Cell                // as in the file: a text, or a number where one is wanted
	Text                //
	Decimal             // exact
	Double              // IEEE 754
	Bool                //
)

// Numeric says whether values are numbers.
func (t Type) Numeric() bool { return t == Decimal || t == Double }

// Node is a checked expression. It is not to be changed.
type Node struct {
	Op   Op
	Type Type
	Args []*Node

	Text   string // of a Column
	Number int    // of a Column, from 1; 0 where it goes by its name
	Value  Value  // of a Literal

	Function Function
	Distinct bool    // of count
	Fraction float64 // of quantile

	source  string // all of it
	at, end int    // its place there
	size    int    // nodes that a walk passes: see mostWalked
}

// Walk calls f with a node and all below it, until f says false for one, whose
// arguments are then passed over.
func (n *Node) Walk(f func(*Node) bool) {
	if !f(n) {
		return
	}
	for _, a := range n.Args {
		if a != nil {
			a.Walk(f)
		}
	}
}

// Columns are the columns of an expression, in order.
func (n *Node) Columns() (columns []*Node) {
	n.Walk(func(c *Node) bool {
		if c.Op == Column {
			columns = append(columns, c)
		}
		return true
	})
	return columns
}

// HasAggregate says whether an aggregate is in an expression.
func (n *Node) HasAggregate() bool {
	found := false
	n.Walk(func(c *Node) bool {
		found = found || c.Op == Aggregate
		return !found
	})
	return found
}

// IsTime says whether an expression is a part of a time.
func (n *Node) IsTime() bool { return n.Op >= Year && n.Op <= Hour }

// Replace is the expression with what f gives in place of its nodes; nil leaves a node,
// and has its arguments replaced.
func (n *Node) Replace(f func(*Node) *Node) *Node {
	if other := f(n); other != nil {
		return other
	}
	if len(n.Args) == 0 {
		return n
	}
	next := *n
	next.Args = make([]*Node, len(n.Args))
	for i, a := range n.Args {
		if a != nil {
			next.Args[i] = a.Replace(f)
		}
	}
	return &next
}

// Same says whether two expressions are one.
func (n *Node) Same(other *Node) bool {
	if n == nil || other == nil {
		return n == other
	}
	return n.Op == other.Op && n.Text == other.Text && n.Number == other.Number && n.Function == other.Function &&
		n.Distinct == other.Distinct && n.Fraction == other.Fraction && n.Value.same(&other.Value) &&
		slices.EqualFunc(n.Args, other.Args, (*Node).Same)
}

// If is the expression where a condition holds, and NULL elsewhere.
func (n *Node) If(condition *Node) *Node {
	return &Node{Op: Case, Type: n.Type, Args: []*Node{condition, n}, source: n.source, at: n.at, end: n.end}
}

// NumericColumns are the columns whose cells an expression takes as numbers; numeric says
// that its own value is taken as one.
func (n *Node) NumericColumns(numeric bool) (columns []*Node) {
	of := func(numeric bool, nodes ...*Node) {
		for _, a := range nodes {
			if a != nil {
				columns = append(columns, a.NumericColumns(numeric)...)
			}
		}
	}
	switch n.Op {
	case Column:
		if numeric {
			return []*Node{n}
		}
	case Add, Sub, Mul, Div, Neg, Abs, Round, Floor, Ceil, ToNumber:
		of(true, n.Args...)
	case Equal, Unequal, Less, LessEqual, Greater, GreaterEqual, In, NullIf:
		byValue := false
		for _, a := range n.Args {
			byValue = byValue || a.Type.Numeric()
		}
		of(byValue || numeric && n.Op == NullIf, n.Args[0])
		of(byValue, n.Args[1:]...)
	case Case:
		for _, a := range n.Args {
			of((numeric || n.Type.Numeric()) && a.Type != Bool, a)
		}
	case Coalesce:
		of(numeric || n.Type.Numeric(), n.Args...)
	case Substr:
		of(false, n.Args[0])
		of(true, n.Args[1:]...)
	case Aggregate:
		of(aggregates[n.Function].numbers || n.Args[0] != nil && n.Args[0].Type.Numeric(), n.Args[0])
		of(false, n.Args[1:]...)
	default:
		of(false, n.Args...)
	}
	return columns
}

// One is the number 1.
var One = &Node{Op: Literal, Type: Decimal, Value: Value{Kind: NumberValue, Number: Integer(1)}}

// String is an expression for messages.
func (n *Node) String() string {
	switch {
	case n.source != "":
		return n.source[n.at:n.end]
	case n.Number > 0:
		return "#" + strconv.Itoa(n.Number)
	case n.Op == Column:
		return n.Text
	}
	return string(n.Value.Append(nil))
}
