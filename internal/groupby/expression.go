package groupby

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// function is what stands before the parenthesis of an expression.
type function uint8

const (
	column function = iota // a bare column
	year
	month
	day
	hour
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
	keyFunctions       = map[string]function{"year": year, "month": month, "day": day, "hour": hour}
	aggregateFunctions = map[string]function{
		"count": count, "sum": sum, "min": minimum, "max": maximum, "avg": average,
		"median": quantile, "quantile": quantile, "variance": variance, "stddev": deviation, "first": firstCell, "last": lastCell,
	}
)

// columnRef names a column of the input: by header, or by number.
type columnRef struct {
	name   string
	number int // from 1; 0 where the column is meant by name
}

func (c columnRef) String() string {
	if c.number > 0 {
		return "column " + strconv.Itoa(c.number)
	}
	return c.name
}

// expression is one parsed item of GROUP BY or of the aggregates.
type expression struct {
	fn       function
	ref      columnRef
	star     bool // count(*)
	distinct bool
	fraction fraction // of a quantile
	name     string   // of the output column
}

// SplitList splits a comma-separated configuration value such as
// `sum(a) as x, count(*)` at its top-level commas: not within parentheses or
// double quotes. Blanks around the items are dropped. An empty value is no
// items; an empty item, an open parenthesis or an open quote is an error.
func SplitList(s string) ([]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var items []string
	depth, quoted, start := 0, false, 0
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
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth < 0 {
				return nil, fmt.Errorf("%q: a ) without its (", s)
			}
		case c == ',' && depth == 0:
			if err := add(s[start:i]); err != nil {
				return nil, err
			}
			start = i + 1
		}
	}
	if quoted {
		return nil, fmt.Errorf("%q: a quote is not closed", s)
	}
	if depth != 0 {
		return nil, fmt.Errorf("%q: a ( without its )", s)
	}
	if err := add(s[start:]); err != nil {
		return nil, err
	}
	return items, nil
}

// parseKey parses `item_id`, `"odd, name"`, `#2`, `day(timestamp) as date`.
func parseKey(s string) (expression, error) {
	const expected = "expected " + KeysInWords + `, such as item_id, #2, "odd, name" or day(timestamp)`
	e, err := parseExpression(s, keyFunctions)
	switch {
	case err != nil:
		return e, fmt.Errorf("group by %q: %w; %s", s, err, expected)
	case e.star, e.distinct:
		return e, fmt.Errorf("group by %q: no column; %s", s, expected)
	}
	return e, nil
}

// parseAggregate parses `sum(quantity) as total`, `count(*)`,
// `count(distinct x)`.
func parseAggregate(s string) (expression, error) {
	const expected = "expected " + AggregatesInWords + ", such as sum(quantity)"
	e, err := parseExpression(s, aggregateFunctions)
	switch {
	case err != nil:
		return e, fmt.Errorf("aggregate %q: %w; %s", s, err, expected)
	case e.fn == column:
		return e, fmt.Errorf("aggregate %q: no function; %s", s, expected)
	case (e.star || e.distinct) && e.fn != count:
		return e, fmt.Errorf("aggregate %q: * and distinct go with count only; %s", s, expected)
	}
	return e, nil
}

func parseExpression(s string, functions map[string]function) (expression, error) {
	var e expression
	var behind string // the column in the name
	body, alias, err := cutAlias(s)
	if err != nil {
		return e, err
	}
	fnName := ""
	if open := strings.IndexByte(body, '('); open >= 0 && !strings.HasPrefix(body, `"`) {
		fnName = strings.ToLower(strings.TrimSpace(body[:open]))
		var known bool
		if e.fn, known = functions[fnName]; !known {
			return e, fmt.Errorf("unknown function %q (a column whose name has parentheses is written in double quotes)", fnName)
		}
		if !strings.HasSuffix(body, ")") {
			return e, errors.New("a ( without its )")
		}
		body = strings.TrimSpace(body[open+1 : len(body)-1])
		if first, rest, ok := strings.Cut(body, " "); ok && strings.EqualFold(first, "distinct") {
			e.distinct, body = true, strings.TrimSpace(rest)
			fnName += "_distinct"
		}
		if e.fn == quantile && !e.distinct {
			if body, behind, err = e.parseQuantile(fnName, body); err != nil {
				return e, err
			}
		}
	}
	if body == "*" {
		e.star, e.name = true, fnName
	} else {
		if e.ref, err = parseColumn(body); err != nil {
			return e, err
		}
		e.name = strings.ReplaceAll(e.ref.String(), " ", "_")
		if e.ref.number == 0 {
			e.name = e.ref.name
		}
		if fnName != "" {
			e.name = fnName + "_" + e.name + behind
		}
	}
	if alias != "" {
		e.name = alias
	}
	return e, nil
}

// parseQuantile takes the fraction off what stands in the parentheses. behind is what the
// name of the output column has of it.
func (e *expression) parseQuantile(name, body string) (column, behind string, err error) {
	if name == "median" {
		e.fraction = half
		return body, "", nil
	}
	items, err := SplitList(body)
	if err == nil && len(items) != 2 {
		err = errors.New("quantile takes a column and a number from 0 to 1, such as quantile(price, 0.95)")
	}
	if err != nil {
		return body, "", err
	}
	e.fraction, err = parseFraction(items[1])
	return items[0], "_" + items[1], err
}

// cutAlias splits `expression as name`; name may be in double quotes.
func cutAlias(s string) (body, alias string, err error) {
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
		return "", "", errors.New("a quote is not closed")
	}
	if at < 0 {
		return s, "", nil
	}
	ref, err := parseName(strings.TrimSpace(s[at+4:]))
	if err != nil {
		return "", "", fmt.Errorf("name after as: %w", err)
	}
	return strings.TrimSpace(s[:at]), ref, nil
}

func parseColumn(s string) (columnRef, error) {
	if number, ok := strings.CutPrefix(s, "#"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxColumns {
			return columnRef{}, fmt.Errorf("%q is no column number: columns count from #1 to #%d", s, maxColumns)
		}
		return columnRef{number: n}, nil
	}
	name, err := parseName(s)
	return columnRef{name: name}, err
}

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
	if i := strings.IndexAny(s, `"(),*`); i >= 0 {
		return "", fmt.Errorf("%q within a name: such a name is written in double quotes", s[i])
	}
	return s, nil
}
