package expression

import (
	"math"
	"slices"

	"csv-pipeline/internal/cacheline"
)

// Program is an expression that is bound to the columns of a Row. It is immutable, and
// any number of rows may run it at once.
type Program struct {
	Type  Type
	run   eval
	slots int // values that it needs for its operands
}

// eval sets v to the value of an expression for a row.
type eval func(r *Row, v *Value) error

// Bind makes a program of an expression without aggregates. index tells which column of
// the row a Column is. dates may be nil.
func (n *Node) Bind(index func(column *Node) int, dates Dates) *Program {
	b := binder{index: index, dates: dates}
	run := b.bind(n)
	return &Program{n.Type, run, b.slots}
}

// BindNumber is Bind where a number is wanted.
func (n *Node) BindNumber(index func(column *Node) int, dates Dates) *Program {
	b := binder{index: index, dates: dates}
	run := b.number(n)
	return &Program{n.Type, run, b.slots}
}

// Run sets v to the program's value for a row. Its errors are *ValueError.
func (p *Program) Run(r *Row, v *Value) error {
	if len(r.slots) < p.slots {
		r.slots = cacheline.Slice[Value](p.slots)
	}
	return p.run(r, v)
}

type binder struct {
	index     func(*Node) int
	dates     Dates
	slots     int
	constants map[*Node]*Value // nil of what is none
	bound     map[*Node]eval
}

// bind binds a node once, also where several comparisons have it: in and between would otherwise take
// 2^n times as long for n of them within each other. They run one after the other, so they may share
// its slots.
func (b *binder) bind(n *Node) eval {
	x, known := b.bound[n]
	if !known {
		x = b.bindAnew(n)
		if b.bound == nil {
			b.bound = map[*Node]eval{}
		}
		b.bound[n] = x
	}
	return x
}

func (b *binder) bindAnew(n *Node) eval {
	if value := b.constant(n); value != nil {
		return func(_ *Row, v *Value) error { *v = *value; return nil }
	}
	switch n.Op {
	case Column:
		i := b.index(n)
		return func(r *Row, v *Value) error { *v = r.cells[i].value; return nil }
	case Add, Sub, Mul, Div:
		return b.arithmetic(n)
	case Neg, Abs, Floor, Ceil, Round:
		return b.unary(n)
	case ToNumber:
		return b.number(n.Args[0])
	case Equal, Unequal, Less, LessEqual, Greater, GreaterEqual:
		return b.comparison(n)
	case And, Or:
		return logic(n.Op == Or, b.bind(n.Args[0]), b.bind(n.Args[1]))
	case Not:
		x := b.bind(n.Args[0])
		return func(r *Row, v *Value) error {
			err := x(r, v)
			v.True = !v.True
			return err
		}
	case IsNull:
		x := b.bind(n.Args[0])
		return func(r *Row, v *Value) error {
			err := x(r, v)
			v.setBool(v.Kind == NullValue)
			return err
		}
	case In:
		return b.in(n)
	case Like:
		return b.like(n)
	case Case:
		return b.cases(n)
	case Coalesce:
		return b.coalesce(n)
	case NullIf:
		x, same := b.bind(n.Args[0]), b.comparison(&Node{Op: Equal, Args: n.Args})
		return func(r *Row, v *Value) error {
			if err := same(r, v); err != nil {
				return err
			}
			if v.IsTrue() {
				v.Kind = NullValue
				return nil
			}
			return x(r, v)
		}
	case Year, Quarter, Month, Week, Weekday, Day, Hour:
		return b.time(n)
	case FileName:
		return func(r *Row, v *Value) error { v.setText([]byte(r.env.FileName())); return nil }
	}
	return b.function(n)
}

// number is an expression in the place of a number.
func (b *binder) number(n *Node) eval {
	if n.Op == Column {
		x := b.operand(n, asNumbers)
		return func(r *Row, v *Value) error {
			number, err := x(r, v)
			if number != v {
				v.Kind, v.Number, v.Float = number.Kind, number.Number, number.Float
			}
			return err
		}
	}
	x := b.bind(n)
	if n.Type.Numeric() {
		return x
	}
	return func(r *Row, v *Value) error {
		if err := x(r, v); err != nil {
			return err
		}
		return r.asNumber(v)
	}
}

// text is an expression in the place of a text.
func (b *binder) text(n *Node) eval {
	x := b.bind(n)
	if n.Type == Text {
		return x
	}
	return func(r *Row, v *Value) error {
		err := x(r, v)
		r.asText(v)
		return err
	}
}

// divide sets v to x / by.
func divide(v, x, by *Value) error {
	if by.Kind == NumberValue && by.Number.sign() == 0 || by.Kind == FloatValue && by.Float == 0 {
		v.Kind = NullValue
		return nil
	}
	if x.Kind == NumberValue && by.Kind == NumberValue {
		return v.setFloat(quotient(x.Number, by.Number))
	}
	return v.setFloat(x.float() / by.float())
}

func (v *Value) setFloat(f float64) error {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return &ValueError{Column: -1, Problem: "a number beyond the range of doubles: expected one below 1.8e308"}
	}
	v.Kind, v.Float = FloatValue, f
	return nil
}

func (b *binder) unary(n *Node) eval {
	x, op, digits := b.number(n.Args[0]), n.Op, int32(0)
	if len(n.Args) == 2 {
		digits = int32(n.Args[1].Value.Number.small)
	}
	return func(r *Row, v *Value) error {
		if err := x(r, v); err != nil {
			return err
		}
		switch d := &v.Number; v.Kind {
		case NumberValue:
			switch {
			case op == Neg, op == Abs && d.sign() < 0:
				d.negate()
			case op == Floor:
				d.round(0, down)
			case op == Ceil:
				d.round(0, up)
			case op == Round:
				d.round(digits, halfAway)
			}
		case FloatValue:
			switch op {
			case Neg:
				v.Float = -v.Float
			case Abs:
				v.Float = math.Abs(v.Float)
			case Floor:
				v.Float = math.Floor(v.Float)
			case Ceil:
				v.Float = math.Ceil(v.Float)
			case Round:
				rounded := ofFloat(v.Float)
				rounded.round(digits, halfAway)
				v.Float = rounded.Float()
			}
		}
		return nil
	}
}

// Holds says what a comparison makes of an order: negative where the left side is less, 0 where
// both are equal.
func (op Op) Holds(order int) bool {
	switch op {
	case Equal:
		return order == 0
	case Unequal:
		return order != 0
	case Less:
		return order < 0
	case LessEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

// logic is SQL's and or or of three values.
func logic(or bool, left, right eval) eval {
	return func(r *Row, v *Value) error {
		if err := left(r, v); err != nil || v.Kind == BoolValue && v.True == or {
			return err
		}
		unknown := v.Kind == NullValue
		if err := right(r, v); err != nil || v.Kind == BoolValue && v.True == or {
			return err
		}
		if unknown {
			v.Kind = NullValue
		}
		return nil
	}
}

func (b *binder) in(n *Node) eval {
	texts := map[string]bool{}
	for _, a := range n.Args[1:] {
		if a.Op == Literal && a.Value.Kind == TextValue {
			texts[string(a.Value.Text)] = true
		}
	}
	if x := b.text(n.Args[0]); len(texts) > 0 && !slices.ContainsFunc(n.Args[1:], func(a *Node) bool {
		return a.Op != Literal || a.Value.Kind != TextValue || b.dates.IsDate(a)
	}) {
		return func(r *Row, v *Value) error {
			if err := x(r, v); err != nil || v.Kind == NullValue {
				return err
			}
			v.setBool(texts[string(v.Text)])
			return nil
		}
	}
	either := b.comparison(&Node{Op: Equal, Args: []*Node{n.Args[0], n.Args[1]}})
	for _, a := range n.Args[2:] {
		either = logic(true, either, b.comparison(&Node{Op: Equal, Args: []*Node{n.Args[0], a}}))
	}
	return either
}

func (b *binder) like(n *Node) eval {
	x, match := b.text(n.Args[0]), matcher(n.Args[1].Value.Text)
	return func(r *Row, v *Value) error {
		if err := x(r, v); err != nil || v.Kind == NullValue {
			return err
		}
		v.setBool(match(v.Text))
		return nil
	}
}

// valueOf is an expression that is one of several values of a type.
func (b *binder) valueOf(n *Node, t Type) eval {
	switch t {
	case Decimal:
		return b.number(n)
	case Double:
		x := b.number(n)
		return func(r *Row, v *Value) error {
			if err := x(r, v); err != nil || v.Kind == NullValue {
				return err
			}
			return v.setFloat(v.float())
		}
	case Text:
		return b.text(n)
	}
	return b.bind(n)
}

func (b *binder) cases(n *Node) eval {
	type branch struct{ condition, value eval }
	var branches []branch
	for i := 0; i+1 < len(n.Args); i += 2 {
		branches = append(branches, branch{b.bind(n.Args[i]), b.valueOf(n.Args[i+1], n.Type)})
	}
	otherwise := eval(func(_ *Row, v *Value) error { v.Kind = NullValue; return nil })
	if len(n.Args)%2 == 1 {
		otherwise = b.valueOf(n.Args[len(n.Args)-1], n.Type)
	}
	return b.scaled(n, func(r *Row, v *Value) error {
		for i := range branches {
			if err := branches[i].condition(r, v); err != nil {
				return err
			}
			if v.IsTrue() {
				return branches[i].value(r, v)
			}
		}
		return otherwise(r, v)
	})
}

func (b *binder) coalesce(n *Node) eval {
	values := make([]eval, len(n.Args))
	for i, a := range n.Args {
		values[i] = b.valueOf(a, n.Type)
	}
	return b.scaled(n, func(r *Row, v *Value) error {
		for _, value := range values {
			if err := value(r, v); err != nil || v.Kind != NullValue {
				return err
			}
		}
		return nil
	})
}

// scaled gives a value the most digits after the point of all that it could have been.
func (b *binder) scaled(n *Node, x eval) eval {
	if n.Type != Decimal {
		return x
	}
	scale := b.scale(n)
	return func(r *Row, v *Value) error {
		err := x(r, v)
		if err == nil && v.Kind == NumberValue {
			v.Number.rescale(int32(scale(r)))
		}
		return err
	}
}
