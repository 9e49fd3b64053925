package expression

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// parser reads one source by recursive descent, as SQL binds: or, and, not, comparisons,
// ||, + and -, * and /, unary minus.
type parser struct {
	source string
	tokens []token
	next   int
	depth  int
	nodes  int
	excess *SyntaxError // that there are more than mostNodes or mostWalked
}

// reserved are the words that no column goes by without quotes.
var reserved = strings.Fields("and or not in between like is null case when then else end as filter where distinct from true false")

func (p *parser) peek() *token { return &p.tokens[p.next] }

func (p *parser) take() *token {
	t := p.peek()
	if t.kind != endToken {
		p.next++
	}
	return t
}

func (p *parser) accept(symbol string) bool {
	if p.peek().is(symbol) {
		p.next++
		return true
	}
	return false
}

func (p *parser) acceptWord(word string) bool {
	if p.peek().isWord(word) {
		p.next++
		return true
	}
	return false
}

// unexpected is the error of the token that comes next.
func (p *parser) unexpected(expected string) *SyntaxError {
	t := p.peek()
	if habit := p.tokenHabit(); habit != "" {
		return p.fail(t.at, t.end, habit)
	}
	if t.kind == endToken {
		return p.fail(t.at, t.end, "it ends here: expected "+expected)
	}
	problem := fmt.Sprintf("unexpected %s: expected %s", p.source[t.at:t.end], expected)
	if t.kind == nameToken && slices.Contains(reserved, t.word) && strings.HasPrefix(expected, "a column") {
		problem += inQuotes(p.source[t.at:t.end])
	}
	return p.fail(t.at, t.end, problem)
}

func (p *parser) expect(symbol, where string) *SyntaxError {
	if p.accept(symbol) {
		return nil
	}
	return p.unexpected(symbol + where)
}

func (p *parser) expectWord(word string) *SyntaxError {
	if p.acceptWord(word) {
		return nil
	}
	return p.unexpected(word)
}

// node is a Node of the tokens from a place on.
func (p *parser) node(at int, op Op, args ...*Node) *Node {
	n := &Node{Op: op, Args: args, source: p.source, at: at, end: p.tokens[max(p.next-1, 0)].end}
	p.count(n)
	return n
}

func (p *parser) or() (*Node, *SyntaxError)  { return p.chain(p.and, map[string]Op{"or": Or}) }
func (p *parser) and() (*Node, *SyntaxError) { return p.chain(p.not, map[string]Op{"and": And}) }

// chain reads operands with operators between them, which bind to the left.
func (p *parser) chain(operand func() (*Node, *SyntaxError), operators map[string]Op) (*Node, *SyntaxError) {
	left, err := operand()
	for err == nil {
		t := p.peek()
		op, ok := operators[t.text]
		if t.kind == nameToken {
			op, ok = operators[t.word]
		} else if t.kind != symbolToken {
			ok = false
		}
		if !ok {
			return left, nil
		}
		p.next++
		var right *Node
		if right, err = operand(); err == nil {
			left = p.node(left.at, op, left, right)
		}
	}
	return nil, err
}

func (p *parser) not() (*Node, *SyntaxError) {
	if p.depth++; p.depth > mostDepth {
		return nil, p.fail(p.peek().at, p.peek().end, fmt.Sprintf("nested too deep: expected at most %d levels", mostDepth))
	}
	defer func() { p.depth-- }()
	t := p.peek()
	if !p.acceptWord("not") {
		return p.comparison()
	}
	x, err := p.not()
	if err != nil {
		return nil, err
	}
	return p.node(t.at, Not, x), nil
}

var comparisons = map[string]Op{"=": Equal, "==": Equal, "<>": Unequal, "!=": Unequal, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual}

func (p *parser) comparison() (*Node, *SyntaxError) {
	left, err := p.concat()
	for err == nil {
		t := p.peek()
		op, compares := comparisons[t.text]
		switch {
		case t.kind == symbolToken && compares:
			p.next++
			var right *Node
			if right, err = p.concat(); err == nil {
				left = p.node(left.at, op, left, right)
			}
		case t.isWord("is"):
			p.next++
			negative := p.acceptWord("not")
			if err = p.expectWord("null"); err == nil {
				left = p.negated(negative, p.node(left.at, IsNull, left))
			}
		case t.isWord("in"), t.isWord("between"), t.isWord("like"):
			left, err = p.membership(left, false)
		case t.isWord("not"):
			p.next++
			if n := p.peek(); !n.isWord("in") && !n.isWord("between") && !n.isWord("like") {
				return nil, p.unexpected("in, between or like")
			}
			left, err = p.membership(left, true)
		default:
			return left, nil
		}
	}
	return nil, err
}

func (p *parser) negated(negative bool, n *Node) *Node {
	if !negative {
		return n
	}
	return p.node(n.at, Not, n)
}

// membership reads in, between and like behind their left side.
func (p *parser) membership(left *Node, negative bool) (*Node, *SyntaxError) {
	switch t := p.take(); t.word {
	case "in":
		if err := p.expect("(", " after in"); err != nil {
			return nil, err
		}
		list, err := p.list()
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, p.fail(t.at, t.end, "in has no values: expected one or more")
		}
		return p.negated(negative, p.node(left.at, In, append([]*Node{left}, list...)...)), nil
	case "between":
		low, err := p.concat()
		if err != nil {
			return nil, err
		}
		if err := p.expectWord("and"); err != nil {
			return nil, err
		}
		high, err := p.concat()
		if err != nil {
			return nil, err
		}
		both := p.node(left.at, And, p.node(left.at, GreaterEqual, left, low), p.node(left.at, LessEqual, left, high))
		return p.negated(negative, both), nil
	default:
		pattern, err := p.concat()
		if err != nil {
			return nil, err
		}
		if pattern.Op != Literal || pattern.Value.Kind != TextValue {
			return nil, p.fail(pattern.at, pattern.end, "like takes a text such as 'AB%', in which % stands for any characters and _ for one")
		}
		return p.negated(negative, p.node(left.at, Like, left, pattern)), nil
	}
}

func (p *parser) concat() (*Node, *SyntaxError) { return p.chain(p.sum, map[string]Op{"||": Concat}) }
func (p *parser) sum() (*Node, *SyntaxError) {
	return p.chain(p.product, map[string]Op{"+": Add, "-": Sub})
}
func (p *parser) product() (*Node, *SyntaxError) {
	return p.chain(p.unary, map[string]Op{"*": Mul, "/": Div})
}

func (p *parser) unary() (*Node, *SyntaxError) {
	if p.depth++; p.depth > mostDepth {
		return nil, p.fail(p.peek().at, p.peek().end, fmt.Sprintf("nested too deep: expected at most %d levels", mostDepth))
	}
	defer func() { p.depth-- }()
	t := p.peek()
	switch {
	case p.accept("+"):
		return p.unary()
	case p.accept("-"):
		x, err := p.unary()
		if err != nil {
			return nil, err
		}
		if x.Op == Literal && x.Value.Kind == NumberValue {
			x.Value.Number.negate()
			x.at = t.at
			return x, nil
		}
		return p.node(t.at, Neg, x), nil
	}
	return p.primary()
}

func (p *parser) primary() (*Node, *SyntaxError) {
	t := p.take()
	switch t.kind {
	case numberToken:
		n := p.node(t.at, Literal)
		if !ParseValue([]byte(t.text), &n.Value) {
			return nil, p.fail(t.at, t.end, t.text+" is no number")
		}
		return n, nil
	case textToken:
		n := p.node(t.at, Literal)
		n.Value.setText([]byte(t.text))
		return n, nil
	case quotedToken:
		n := p.node(t.at, Column)
		n.Text = t.text
		return n, nil
	case columnToken:
		n := p.node(t.at, Column)
		var err error
		if n.Number, err = strconv.Atoi(t.text); err != nil || n.Number < 1 || n.Number > MaxColumns {
			return nil, p.fail(t.at, t.end, fmt.Sprintf("no column number: columns count from #1 to #%d", MaxColumns))
		}
		return n, nil
	case nameToken:
		return p.word(t)
	}
	if t.is("(") {
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		if err := p.expect(")", ""); err != nil {
			return nil, err
		}
		n.at, n.end = t.at, p.tokens[p.next-1].end
		return n, nil
	}
	p.next = max(0, slices.IndexFunc(p.tokens, func(o token) bool { return o.at == t.at && o.kind == t.kind }))
	return nil, p.unexpected("a column, a number, a 'text' or a function")
}

// MaxColumns bounds the number of columns of a file.
const MaxColumns = 1 << 16

// word reads what begins with a word: a constant, case, a function or a column.
func (p *parser) word(t *token) (*Node, *SyntaxError) {
	n := p.node(t.at, Literal)
	switch t.word {
	case "null":
		return n, nil
	case "true", "false":
		n.Value.setBool(t.word == "true")
		return n, nil
	case "case":
		return p.cases(t)
	}
	if p.peek().is("(") {
		if f, ok := aggregateNamed(t.word); ok {
			p.next++
			return p.aggregate(t, f)
		}
		f, ok := functions[t.word]
		if !ok {
			return nil, p.fail(t.at, t.end, p.unknownFunction(t))
		}
		p.next++
		args, err := p.list()
		if err != nil {
			return nil, err
		}
		if len(args) < f.least || len(args) > f.most {
			return nil, p.fail(t.at, t.end, fmt.Sprintf("%s with %d arguments: expected %s", t.word, len(args), f.usage))
		}
		return p.node(t.at, f.op, args...), nil
	}
	if slices.Contains(reserved, t.word) {
		p.next--
		return nil, p.unexpected("a column, a number, a 'text' or a function")
	}
	n.Op, n.Text = Column, t.text
	return n, nil
}

// inQuotes says how the name of a column is written that has signs of the grammar.
func inQuotes(name string) string {
	quoted := QuoteName(name)
	if strings.Contains(name, "'") { // which a shell has otherwise
		return "; a column of this name stands in double quotes, " + quoted
	}
	return fmt.Sprintf("; a column of this name stands in double quotes, %s, and in a shell in single ones around them, '%s'", quoted, quoted)
}

// closing is where the parenthesis that opens at a place is closed; 0 where it is not.
func closing(s string, at int) int {
	depth := 0
	for i := at; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// list reads expressions up to the parenthesis that closes.
func (p *parser) list() (list []*Node, err *SyntaxError) {
	if p.accept(")") {
		return nil, nil
	}
	for {
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		list = append(list, n)
		if p.accept(")") {
			return list, nil
		}
		if err := p.expect(",", " or )"); err != nil {
			return nil, err
		}
	}
}

func (p *parser) cases(t *token) (*Node, *SyntaxError) {
	var subject *Node
	var err *SyntaxError
	if !p.peek().isWord("when") {
		if subject, err = p.or(); err != nil {
			return nil, err
		}
	}
	var args []*Node
	for p.acceptWord("when") {
		condition, err := p.or()
		if err != nil {
			return nil, err
		}
		if subject != nil {
			condition = p.node(condition.at, Equal, subject, condition)
		}
		if err := p.expectWord("then"); err != nil {
			return nil, err
		}
		value, err := p.or()
		if err != nil {
			return nil, err
		}
		args = append(args, condition, value)
	}
	if len(args) == 0 {
		return nil, p.unexpected("when")
	}
	if p.acceptWord("else") {
		value, err := p.or()
		if err != nil {
			return nil, err
		}
		args = append(args, value)
	}
	if err := p.expectWord("end"); err != nil {
		return nil, err
	}
	return p.node(t.at, Case, args...), nil
}

// aggregate reads an aggregate behind its opening parenthesis.
func (p *parser) aggregate(t *token, f Function) (*Node, *SyntaxError) {
	var n Node
	n.Op, n.Function, n.source, n.at = Aggregate, f, p.source, t.at
	n.Args = make([]*Node, 1, 2)
	star := p.peek()
	switch {
	case p.accept("*"):
		if f != Count {
			return nil, p.fail(star.at, star.end, "* goes with count only")
		}
	default:
		word := p.peek()
		if word.isWord("distinct") {
			p.next++
			if n.Distinct = true; f != Count {
				return nil, p.fail(word.at, word.end, "distinct goes with count only")
			}
		}
		first := p.peek()
		start := p.next
		var err *SyntaxError
		if n.Args[0], err = p.or(); err != nil {
			return nil, err
		}
		if x := n.Args[0]; p.next == start+1 && x.Op == Literal && x.Value.Kind != TextValue && !n.countsRows() {
			x.Op, x.Text, x.Value = Column, p.source[first.at:first.end], Value{} // such as a year
		}
	}
	if f == Quantile {
		if err := p.expect(",", " and a share, such as quantile(price, 0.95)"); err != nil {
			return nil, err
		}
		share, err := p.unary()
		if err != nil {
			return nil, err
		}
		if n.Fraction = math.NaN(); share.Op == Literal && (share.Value.Kind == NumberValue || share.Value.Kind == FloatValue) {
			n.Fraction = share.Value.float()
		}
		if !(n.Fraction >= 0 && n.Fraction <= 1) {
			return nil, p.fail(share.at, share.end, "expected a share from 0 to 1, such as 0.95")
		}
	}
	if err := p.expect(")", " after the argument of "+t.word); err != nil {
		return nil, err
	}
	if p.acceptWord("filter") {
		if err := p.expect("(", "where …)"); err != nil {
			return nil, err
		}
		if err := p.expectWord("where"); err != nil {
			return nil, err
		}
		condition, err := p.or()
		if err != nil {
			return nil, err
		}
		if err := p.expect(")", " after the condition"); err != nil {
			return nil, err
		}
		n.Args = append(n.Args, condition)
	}
	n.end = p.tokens[p.next-1].end
	p.count(&n)
	return &n, nil
}
