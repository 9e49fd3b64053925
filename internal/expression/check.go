package expression

import "fmt"

// check finds the type of an expression, and what cannot be.
func (p *parser) check(n *Node, within *Node) *SyntaxError {
	if n.Op == Aggregate {
		if within != nil {
			return p.fail(n.at, n.end, "an aggregate within an aggregate: expected columns there")
		}
		within = n
	}
	for _, a := range n.Args {
		if a == nil {
			continue
		}
		if err := p.check(a, within); err != nil {
			return err
		}
	}
	switch n.Op {
	case Column:
		n.Type = Cell
	case Literal:
		n.Type = [...]Type{NullValue: Null, TextValue: Text, NumberValue: Decimal, FloatValue: Double, BoolValue: Bool}[n.Value.Kind]
	case Add, Sub, Mul, Neg, Abs, Floor, Ceil, Round:
		n.Type = Decimal
		for _, a := range n.Args {
			if err := p.number(a); err != nil {
				return err
			}
			if a.Type == Double {
				n.Type = Double
			}
		}
		if n.Op == Round && len(n.Args) == 2 {
			if d := n.Args[1]; d.Op != Literal || d.Value.Kind != NumberValue || d.Value.Number.scale != 0 || d.Value.Number.big != nil || d.Value.Number.small > maxScale || d.Value.Number.small < -maxDigits {
				return p.fail(d.at, d.end, fmt.Sprintf("expected a number of digits, at most %d", maxScale))
			}
		}
	case Div:
		n.Type = Double
		for _, a := range n.Args {
			if err := p.number(a); err != nil {
				return err
			}
		}
	case ToNumber:
		if n.Type = Decimal; n.Args[0].Type == Double {
			n.Type = Double
		}
		return p.number(n.Args[0])
	case Equal, Unequal, Less, LessEqual, Greater, GreaterEqual:
		n.Type = Bool
		return p.comparable(n.Args[0], n.Args[1])
	case In:
		n.Type = Bool
		for _, a := range n.Args[1:] {
			if err := p.comparable(n.Args[0], a); err != nil {
				return err
			}
		}
	case And, Or, Not:
		n.Type = Bool
		for _, a := range n.Args {
			if err := p.condition(a); err != nil {
				return err
			}
		}
	case IsNull:
		n.Type = Bool
	case Like:
		n.Type = Bool
		return p.text(n.Args[0])
	case Case:
		var values []*Node
		for i, a := range n.Args {
			if i%2 == 1 || i == len(n.Args)-1 && i%2 == 0 {
				values = append(values, a)
			} else if err := p.condition(a); err != nil {
				return err
			}
		}
		return p.unify(n, values)
	case Coalesce:
		return p.unify(n, n.Args)
	case NullIf:
		n.Type = n.Args[0].Type
		return p.comparable(n.Args[0], n.Args[1])
	case Concat, ConcatAll, Lower, Upper, Trim, Replace:
		n.Type = Text
		for _, a := range n.Args {
			if err := p.text(a); err != nil {
				return err
			}
		}
	case Length:
		n.Type = Decimal
		return p.text(n.Args[0])
	case Substr:
		n.Type = Text
		if err := p.text(n.Args[0]); err != nil {
			return err
		}
		for _, a := range n.Args[1:] {
			if err := p.number(a); err != nil {
				return err
			}
		}
	case Year, Weekday:
		n.Type = Decimal
		return p.text(n.Args[0])
	case Quarter, Month, Week, Day, Hour:
		n.Type = Text
		return p.text(n.Args[0])
	case FileName:
		n.Type = Text
	case Aggregate:
		return p.checkAggregate(n)
	}
	return nil
}

func (p *parser) checkAggregate(n *Node) *SyntaxError {
	x := n.Args[0]
	switch n.Function {
	case Count:
		n.Type = Decimal
	case Min, Max, First, Last:
		n.Type = x.Type
	case Sum:
		n.Type = Decimal
		if x.Type == Double {
			n.Type = Double
		}
	default:
		n.Type = Double
	}
	if aggregates[n.Function].numbers {
		if err := p.number(x); err != nil {
			return err
		}
	}
	if len(n.Args) > 1 {
		return p.condition(n.Args[1])
	}
	return nil
}

// number checks that an expression may be a number, and makes one of a text that stands
// in the place of one.
func (p *parser) number(n *Node) *SyntaxError {
	problem := "a text in the place of a number"
	switch {
	case n.Type == Bool:
		problem = "a condition in the place of a number"
	case n.Op == Literal && n.Value.Kind == TextValue:
		if ParseValue(n.Value.Text, &n.Value) {
			return p.check(n, nil)
		}
	case n.Type != Text || !n.IsTime():
		return nil
	}
	return p.fail(n.at, n.end, problem+numberHint(n))
}

func (p *parser) text(n *Node) *SyntaxError {
	if n.Type == Bool {
		return p.fail(n.at, n.end, "a condition in the place of a text")
	}
	return nil
}

func (p *parser) condition(n *Node) *SyntaxError {
	if n.Type != Bool && n.Type != Null {
		return p.noTruth(n, nil, "no condition: expected one such as quantity > 0")
	}
	return nil
}

// comparable checks two expressions that are compared.
func (p *parser) comparable(a, b *Node) *SyntaxError {
	if (a.Type == Bool) != (b.Type == Bool) && a.Type != Null && b.Type != Null {
		if a.Type != Bool {
			a, b = b, a
		}
		return p.noTruth(a, b, "a condition in the place of a value")
	}
	if a.Type.Numeric() {
		return p.number(b)
	}
	if b.Type.Numeric() {
		return p.number(a)
	}
	return nil
}

// unify finds the type of values of which one is taken.
func (p *parser) unify(n *Node, values []*Node) *SyntaxError {
	for _, v := range values {
		switch t := v.Type; {
		case t == Null || t == n.Type:
		case n.Type == Null:
			n.Type = t
		case (t == Bool) != (n.Type == Bool):
			other := values[0]
			if v.Type != Bool {
				v, other = other, v
			}
			return p.noTruth(v, other, "a condition beside other values: expected either")
		case t == Text || n.Type == Text:
			n.Type = Text
		case t == Double || n.Type == Double:
			n.Type = Double
		default: // a cell and a decimal
			n.Type = Decimal
		}
	}
	return nil
}
