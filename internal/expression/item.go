package expression

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Item is an expression with the name that it has in the result.
type Item struct {
	*Node
	Name   string
	Source string

	// Named is the same source read as a name, where it may be one, as in unit-price: it
	// counts where the file has no columns unit and price.
	Named *Item
	// NameFirst: Named counts where the header has such a column, as 1 in count(1), and null
	// alone.
	NameFirst bool
}

// ParseItem reads an expression, and the name after `as` where there is one. Its errors
// are *SyntaxError.
func ParseItem(source string) (Item, error) {
	p := parser{source: source}
	item, err := p.item()
	if p.excess != nil {
		return Item{}, err
	}
	named, isName := nameItem(source)
	switch {
	case err == nil && !isName, err == nil && item.Same(named.Node):
		return item, nil
	case err == nil && len(item.Columns()) > 0:
		item.Named = &named
		return item, nil
	case err == nil && (item.Op == Literal || item.countsRows()):
		item.Named, item.NameFirst = &named, true
		return item, nil
	case err == nil && !(item.Op == Aggregate && item.Args[0] != nil && item.Args[0].Op == Literal):
		return item, nil
	case err == nil, isName && (len(strings.Fields(named.Columns()[0].Text)) == 1 || p.worded()):
		return named, nil
	}
	return Item{}, err
}

// countsRows says whether an aggregate is the count(1) or sum(1) that in SQL counts rows. What
// else is made of a number alone means the column of that name, such as a year.
func (n *Node) countsRows() bool {
	if n.Op != Aggregate || n.Function != Count && n.Function != Sum || n.Distinct || n.Args[0] == nil || n.Args[0].Op != Literal {
		return false
	}
	v := n.Args[0].Value
	return v.Kind == NumberValue && v.Number == Integer(1)
}

// worded says whether a source that is no expression may be a name of several words.
func (p *parser) worded() bool {
	return len(p.tokens) == 2 || !slices.ContainsFunc(p.tokens, func(t token) bool {
		return t.kind == textToken || t.kind == nameToken && slices.Contains(reserved, t.word) && t.word != "distinct" && t.word != "as"
	})
}

func (p *parser) item() (Item, *SyntaxError) {
	if err := p.lex(); err != nil {
		return Item{}, err
	}
	n, err := p.expression()
	if err != nil {
		return Item{}, err
	}
	item := Item{Node: n, Source: p.source}
	text := strings.TrimSpace(p.source[:p.tokens[p.next-1].end])
	if t := p.peek(); p.acceptWord("as") {
		name, err := parseName(strings.TrimSpace(p.source[t.end:]))
		if err != nil {
			return Item{}, p.fail(t.at, t.end, "the name after as: "+err.Error())
		}
		item.Name = name
	} else if t.kind != endToken {
		err := p.unexpected("an operator, or as and a name")
		if body, _, ok := cutAlias(p.source); ok && n.Op == Column && n.Number == 0 && p.tokenHabit() == "" {
			err.Problem += inQuotes(body)
		}
		return Item{}, err
	}
	if err := p.check(n, nil); err != nil {
		return Item{}, err
	}
	if item.Name == "" {
		item.Name = n.defaultName(text)
	}
	return item, nil
}

// defaultName heads a column that has no other name: that of a column, that of a function
// and its column, or the expression as it is written.
func (n *Node) defaultName(text string) string {
	if n.Op == Column {
		if n.Number > 0 {
			return "column_" + strconv.Itoa(n.Number)
		}
		return n.Text
	}
	open := strings.IndexByte(text, '(')
	if open < 0 || n.Op != Aggregate && (n.Op < Abs || len(n.Args) != 1) || len(n.Args) > 1 {
		return text
	}
	name := strings.ToLower(strings.TrimSpace(text[:open]))
	switch {
	case len(n.Args) == 0:
		return text
	case n.Args[0] == nil:
		return name
	case n.Args[0].Op != Column:
		return text
	case n.Distinct:
		name += "_distinct"
	}
	name += "_" + n.Args[0].defaultName("")
	if n.Function == Quantile {
		name += "_" + strconv.FormatFloat(n.Fraction, 'f', -1, 64)
	}
	return name
}

// ParseCondition reads a condition, as of where and having.
func ParseCondition(source string) (*Node, error) {
	p := parser{source: source}
	n, err := p.whole()
	if err == nil {
		err = p.condition(n)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (p *parser) whole() (*Node, *SyntaxError) {
	if err := p.lex(); err != nil {
		return nil, err
	}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.peek().kind != endToken {
		return nil, p.unexpected("an operator or the end")
	}
	return n, p.check(n, nil)
}

// Order is a column of the result to order by.
type Order struct {
	Name string
	Desc bool
}

// ParseOrder reads the name of a column with desc or asc behind it.
func ParseOrder(source string) (Order, error) {
	s := strings.TrimSpace(source)
	var o Order
	if i := strings.LastIndexAny(s, " \t\""); i > 0 && i < len(s)-1 && s[i] != '"' || i == len(s)-1 {
		switch strings.ToLower(s[i+1:]) {
		case "desc":
			o.Desc = true
			fallthrough
		case "asc":
			s = strings.TrimSpace(s[:i])
		}
	}
	var err error
	if strings.HasPrefix(s, "#") || strings.HasPrefix(s, `"`) {
		o.Name, err = parseName(s)
	} else if o.Name = s; s == "" {
		err = errors.New("the name is missing")
	}
	if err != nil {
		err = fmt.Errorf("%q: %w; expected a column of the result, with desc if wanted", source, err)
	}
	return o, err
}

// nameItem reads what is a name without quotes though it has signs of the grammar or
// blanks, alone or in a function: unit-price, sum(unit price) as total.
func nameItem(source string) (Item, bool) {
	body, alias, ok := cutAlias(source)
	if !ok {
		return Item{}, false
	}
	text, before, after := body, "", ""
	if open := strings.IndexByte(body, '('); open >= 0 && strings.HasSuffix(body, ")") {
		name := strings.ToLower(strings.TrimSpace(body[:open]))
		if _, known := aggregateNamed(name); !known && functions[name].least != 1 {
			return Item{}, false
		}
		before, after, body = name+"(", ")", strings.TrimSpace(body[open+1:len(body)-1])
		if first, rest, ok := strings.Cut(body, " "); ok && strings.EqualFold(first, "distinct") {
			before, body = before+"distinct ", strings.TrimSpace(rest)
		}
	}
	name, err := parseName(body)
	if err != nil || strings.ContainsAny(name, "+=<>|'") || strings.HasPrefix(body, `"`) || strings.HasPrefix(body, "#") {
		return Item{}, false
	}
	p := parser{source: before + `"` + strings.ReplaceAll(name, `"`, `""`) + `"` + after}
	item, bad := p.item()
	if bad != nil {
		return Item{}, false
	}
	item.Source = source
	if item.Name = alias; alias == "" {
		item.Name = item.defaultName(text)
	}
	return item, true
}

// cutAlias splits `expression as name`; name may be in double quotes.
func cutAlias(s string) (body, alias string, ok bool) {
	s = strings.TrimSpace(s)
	quoted, at := false, -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case !quoted && i+4 <= len(s) && strings.EqualFold(s[i:i+4], " as "):
			at = i
		}
	}
	if quoted {
		return "", "", false
	}
	if at < 0 {
		return s, "", true
	}
	alias, err := parseName(strings.TrimSpace(s[at+4:]))
	return strings.TrimSpace(s[:at]), alias, err == nil
}

// parseName reads a name, which is in double quotes where it has one of their kind, a
// parenthesis, a comma or an asterisk.
func parseName(s string) (string, error) {
	if s == "" {
		return "", errors.New("the name is missing")
	}
	if s[0] == '"' {
		if len(s) < 3 || s[len(s)-1] != '"' {
			return "", fmt.Errorf("%s is not a quoted name", s)
		}
		inner := s[1 : len(s)-1]
		name := strings.ReplaceAll(inner, `""`, `"`)
		if strings.Contains(strings.ReplaceAll(inner, `""`, ""), `"`) {
			return "", fmt.Errorf("%s: a quote within a quoted name is doubled", s)
		}
		return name, nil
	}
	if s[0] == '\'' {
		return "", fmt.Errorf("%s is a text: a name stands in double quotes", s)
	}
	if i := strings.IndexAny(s, `"(),*`); i >= 0 {
		return "", fmt.Errorf("%q within a name: such a name is written in double quotes", s[i])
	}
	return s, nil
}

// SplitList splits a comma-separated configuration value such as
// `sum(a) as x, count(*)` at its top-level commas: not within parentheses or
// quotes. Blanks around the items are dropped. An empty value is no items; an
// empty item is an error. A parenthesis or a quote that is not closed goes on to
// the end, for ParseItem to say so.
func SplitList(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var items []string
	depth, start := 0, 0
	quote := byte(0)
	add := func(item string) error {
		item = strings.TrimSpace(item)
		if item == "" {
			return fmt.Errorf("%q: item %d is empty", s, len(items)+1)
		}
		items = append(items, item)
		return nil
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"', c == '\'' && strings.IndexByte(s[i+1:], '\'') >= 0:
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth = max(depth-1, 0)
		case c == ',' && depth == 0:
			if err := add(s[start:i]); err != nil {
				return nil, err
			}
			start = i + 1
		}
	}
	if err := add(s[start:]); err != nil {
		return nil, err
	}
	return items, nil
}
