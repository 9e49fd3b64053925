package query

import (
	"errors"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The simple twin of the language: each expression is a tree that is written in the
// language, and evaluated with big.Rat and strings as docs/questions.md says.

// tree is an expression. Its op is "column", "number", "text" or "null", an operator, or the
// name of a function.
type tree struct {
	op   string
	args []*tree
	text string // of a column its name, of a number or a text what it is
}

func node(op string, args ...*tree) *tree { return &tree{op: op, args: args} }
func num(text string) *tree               { return &tree{op: "number", text: text} }
func str(text string) *tree               { return &tree{op: "text", text: text} }

// binds is how close operators bind, from or to the minus before a value.
var binds = map[string]int{
	"or": 1, "and": 2, "not": 3,
	"=": 4, "<>": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "not in": 4, "between": 4, "not between": 4, "like": 4, "not like": 4, "is null": 4, "is not null": 4,
	"||": 5, "+": 6, "-": 6, "*": 7, "/": 7, "minus": 8,
}

func (t *tree) String() string {
	// part is an operand: in parentheses where it does not bind closer than it has to.
	part := func(i, least int) string {
		if b := binds[t.args[i].op]; b > 0 && b < least {
			return "(" + t.args[i].String() + ")"
		}
		return t.args[i].String()
	}
	list := func(from int) string {
		var texts []string
		for _, a := range t.args[from:] {
			texts = append(texts, a.String())
		}
		return strings.Join(texts, ", ")
	}
	b := binds[t.op]
	switch t.op {
	case "column", "number":
		return t.text
	case "text":
		return "'" + strings.ReplaceAll(t.text, "'", "''") + "'"
	case "null":
		return "null"
	case "or", "and", "||", "+", "-", "*", "/":
		return part(0, b) + " " + t.op + " " + part(1, b+1)
	case "=", "<>", "<", "<=", ">", ">=", "like", "not like":
		return part(0, b+1) + " " + t.op + " " + part(1, b+1)
	case "not":
		return "not " + part(0, b)
	case "minus":
		return "-" + part(0, b+1)
	case "is null", "is not null":
		return part(0, b+1) + " " + t.op
	case "in", "not in":
		return part(0, b+1) + " " + t.op + " (" + list(1) + ")"
	case "between", "not between":
		return part(0, b+1) + " " + t.op + " " + part(1, b+1) + " and " + part(2, b+1)
	case "case":
		s := "case"
		for i := 0; i+1 < len(t.args); i += 2 {
			s += " when " + t.args[i].String() + " then " + t.args[i+1].String()
		}
		if len(t.args)%2 == 1 {
			s += " else " + t.args[len(t.args)-1].String()
		}
		return s + " end"
	}
	return strings.TrimSuffix(t.op, "()") + "(" + list(0) + ")"
}

// What the values of a tree are.
const (
	isNull = iota
	isCell
	isText
	isDecimal
	isDouble
	isCondition
)

func (t *tree) kind() int {
	switch t.op {
	case "null":
		return isNull
	case "column":
		return isCell
	case "number", "number()", "abs", "floor", "ceil", "round", "+", "-", "*", "minus", "length", "year", "weekday":
		for _, a := range t.args {
			if a.kind() == isDouble && t.op != "length" {
				return isDouble
			}
		}
		return isDecimal
	case "/":
		return isDouble
	case "case":
		return oneOf(t.values())
	case "coalesce":
		return oneOf(t.args)
	case "nullif":
		return t.args[0].kind()
	}
	if binds[t.op] > 0 && t.op != "||" {
		return isCondition
	}
	return isText
}

// values are what a case may be.
func (t *tree) values() (values []*tree) {
	for i, a := range t.args {
		if i%2 == 1 || i == len(t.args)-1 {
			values = append(values, a)
		}
	}
	return values
}

func oneOf(values []*tree) int {
	var kinds []int
	for _, v := range values {
		kinds = append(kinds, v.kind())
	}
	for _, k := range []int{isText, isDouble, isDecimal, isCell, isCondition} {
		if slices.Contains(kinds, k) {
			return k
		}
	}
	return isNull
}

// decimal is an exact number and how many digits it is written with.
type decimal struct {
	*big.Rat
	digits int
}

var errBadCell = errors.New("a cell that is not what is needed")

// world is what the settings make of cells, and a row: NULL is missing.
type world struct {
	number func(string) (decimal, bool)
	time   func(string) (time.Time, bool)
	date   func(string) (time.Time, bool) // as it is compared; nil: as text
	row    map[string]string
}

// asNumber is a value in the place of a number: nil, a decimal or a float64.
func (w *world) asNumber(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return v, nil
	}
	if d, ok := w.number(s); ok {
		return d, nil
	}
	return nil, errBadCell
}

func asString(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case decimal:
		return v.FloatString(v.digits)
	case float64:
		return shortest(v)
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

func shortest(f float64) string {
	if f == 0 {
		return "0"
	}
	if a := math.Abs(f); a >= 1e-7 && a < 1e21 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return regexp.MustCompile(`e([+-])0`).ReplaceAllString(strconv.FormatFloat(f, 'e', -1, 64), "e$1")
}

func float(v any) float64 {
	if d, ok := v.(decimal); ok {
		f, _ := d.Float64()
		return f
	}
	return v.(float64)
}

// order compares two numbers.
func order(a, b any) int {
	x, okX := a.(decimal)
	y, okY := b.(decimal)
	if okX && okY {
		return x.Cmp(y.Rat)
	}
	switch f, g := float(a), float(b); {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}

// numbers are the values of all arguments as numbers; ok is false where one is NULL.
func (w *world) numbers(args []*tree) (values []any, ok bool, err error) {
	for _, a := range args {
		v, err := w.eval(a)
		if err == nil {
			v, err = w.asNumber(v)
		}
		if err != nil || v == nil {
			return nil, false, err
		}
		values = append(values, v)
	}
	return values, true, nil
}

func (w *world) texts(args []*tree) (values []string, ok bool, err error) {
	for _, a := range args {
		v, err := w.eval(a)
		if err != nil || v == nil {
			return nil, false, err
		}
		values = append(values, asString(v))
	}
	return values, true, nil
}

// digits is how many a decimal is written with in this row.
func (w *world) digits(t *tree) int {
	most := func(args []*tree) (n int) {
		for _, a := range args {
			n = max(n, w.digits(a))
		}
		return n
	}
	switch t.op {
	case "column":
		if s, ok := w.row[t.text]; ok {
			if d, ok := w.number(s); ok {
				return d.digits
			}
		}
	case "number":
		d, _ := plainNumber(t.text)
		return d.digits
	case "+", "-", "coalesce":
		return most(t.args)
	case "*":
		return w.digits(t.args[0]) + w.digits(t.args[1])
	case "minus", "abs", "number()", "nullif":
		return w.digits(t.args[0])
	case "round":
		if len(t.args) > 1 {
			n, _ := strconv.Atoi(t.args[1].text)
			return n
		}
	case "case":
		return most(t.values())
	}
	return 0
}

var numeral = regexp.MustCompile(`^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$`)

func plainNumber(s string) (d decimal, ok bool) {
	m := numeral.FindStringSubmatch(s)
	if m == nil || m[2]+m[3] == "" {
		return d, false
	}
	d.Rat, ok = new(big.Rat).SetString(strings.TrimPrefix(s, "+"))
	exponent, _ := strconv.Atoi(m[4])
	d.digits = max(0, len(m[3])-exponent)
	return d, ok
}

var ten = big.NewInt(10)

// rounded has at most so many digits after the point: away is what becomes of half a unit,
// and of less.
func rounded(r *big.Rat, digits int, how string) *big.Rat {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(ten, big.NewInt(int64(digits)), nil))
	scaled := new(big.Rat).Mul(r, unit)
	if how == "round" {
		half := big.NewRat(1, 2)
		if scaled.Sign() < 0 {
			scaled.Sub(scaled, half)
		} else {
			scaled.Add(scaled, half)
		}
	}
	whole := new(big.Int).Quo(scaled.Num(), scaled.Denom()) // towards zero
	if exact := new(big.Rat).SetInt(whole); how == "floor" && scaled.Cmp(exact) < 0 {
		whole.Sub(whole, big.NewInt(1))
	} else if how == "ceil" && scaled.Cmp(exact) > 0 {
		whole.Add(whole, big.NewInt(1))
	}
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), unit)
}
