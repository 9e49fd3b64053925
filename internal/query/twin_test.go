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
	"unicode/utf8"
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
func col(name string) *tree               { return &tree{op: "column", text: name} }
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

// eval is nil for NULL, or a string, decimal, float64 or bool.
func (w *world) eval(t *tree) (any, error) {
	switch t.op {
	case "null":
		return nil, nil
	case "column":
		if s, ok := w.row[t.text]; ok {
			return s, nil
		}
		return nil, nil
	case "number":
		d, _ := plainNumber(t.text)
		return d, nil
	case "text":
		return t.text, nil
	case "+", "-", "*", "/", "minus", "abs", "number()", "floor", "ceil", "round":
		return w.arithmetic(t)
	case "=", "<>", "<", "<=", ">", ">=":
		return w.compare(t.op, t.args[0], t.args[1])
	case "in":
		any_ := node("=", t.args[0], t.args[1])
		for _, a := range t.args[2:] {
			any_ = node("or", any_, node("=", t.args[0], a))
		}
		return w.eval(any_)
	case "between":
		return w.eval(node("and", node(">=", t.args[0], t.args[1]), node("<=", t.args[0], t.args[2])))
	case "not in", "not between", "not like":
		return w.eval(node("not", node(strings.TrimPrefix(t.op, "not "), t.args...)))
	case "is null", "is not null":
		v, err := w.eval(t.args[0])
		return (v == nil) == (t.op == "is null"), err
	case "not":
		v, err := w.eval(t.args[0])
		if b, ok := v.(bool); ok {
			return !b, err
		}
		return nil, err
	case "and", "or":
		decided := t.op == "or"
		left, err := w.eval(t.args[0])
		if err != nil || left == decided {
			return left, err
		}
		right, err := w.eval(t.args[1])
		if err != nil || right == decided || left != nil {
			return right, err
		}
		return nil, nil
	case "case":
		for i := 0; i+1 < len(t.args); i += 2 {
			is, err := w.eval(t.args[i])
			if err != nil {
				return nil, err
			}
			if is == true {
				return w.as(t, t.args[i+1])
			}
		}
		if len(t.args)%2 == 1 {
			return w.as(t, t.args[len(t.args)-1])
		}
		return nil, nil
	case "coalesce":
		for _, a := range t.args {
			if v, err := w.as(t, a); v != nil || err != nil {
				return v, err
			}
		}
		return nil, nil
	case "nullif":
		if same, err := w.compare("=", t.args[0], t.args[1]); err != nil || same == true {
			return nil, err
		}
		return w.eval(t.args[0])
	case "concat":
		s := ""
		for _, a := range t.args {
			v, err := w.eval(a)
			if err != nil {
				return nil, err
			}
			s += asString(v)
		}
		return s, nil
	}
	return w.function(t)
}

// as is a value of several that are alike.
func (w *world) as(of, t *tree) (any, error) {
	v, err := w.eval(t)
	if err != nil || v == nil {
		return nil, err
	}
	switch of.kind() {
	case isText:
		return asString(v), nil
	case isDouble:
		if v, err = w.asNumber(v); err != nil {
			return nil, err
		}
		return float(v), nil
	case isDecimal:
		if v, err = w.asNumber(v); err != nil {
			return nil, err
		}
		d := v.(decimal)
		d.digits = max(d.digits, w.digits(of))
		return d, nil
	}
	return v, nil
}

func (w *world) compare(op string, a, b *tree) (any, error) {
	x, err := w.eval(a)
	numbers := slices.ContainsFunc([]int{a.kind(), b.kind()}, func(k int) bool { return k == isDecimal || k == isDouble })
	if err == nil && numbers {
		x, err = w.asNumber(x)
	}
	if err != nil || x == nil {
		return nil, err
	}
	y, err := w.eval(b)
	if err == nil && numbers {
		y, err = w.asNumber(y)
	}
	if err != nil || y == nil {
		return nil, err
	}
	c := 0
	switch {
	case numbers:
		c = order(x, y)
	case a.kind() == isCell && b.kind() == isCell:
		n, errN := w.asNumber(x)
		m, errM := w.asNumber(y)
		if errN == nil && errM == nil {
			c = order(n, m)
			break
		}
		fallthrough
	default:
		c = strings.Compare(asString(x), asString(y))
	}
	switch op {
	case "=":
		return c == 0, nil
	case "<>":
		return c != 0, nil
	case "<":
		return c < 0, nil
	case "<=":
		return c <= 0, nil
	case ">":
		return c > 0, nil
	}
	return c >= 0, nil
}

func (w *world) arithmetic(t *tree) (any, error) {
	args := t.args
	if t.op == "round" {
		args = args[:1]
	}
	v, ok, err := w.numbers(args)
	if !ok {
		return nil, err
	}
	x, exact := v[0].(decimal)
	if len(v) == 2 {
		y, also := v[1].(decimal)
		if t.op == "/" {
			switch {
			case float(v[1]) == 0:
				return nil, nil
			case exact && also:
				f, _ := new(big.Rat).Quo(x.Rat, y.Rat).Float64()
				return f, nil
			}
			return float(v[0]) / float(v[1]), nil
		}
		if exact && also {
			switch r := new(big.Rat); t.op {
			case "+":
				return decimal{r.Add(x.Rat, y.Rat), max(x.digits, y.digits)}, nil
			case "-":
				return decimal{r.Sub(x.Rat, y.Rat), max(x.digits, y.digits)}, nil
			default:
				return decimal{r.Mul(x.Rat, y.Rat), x.digits + y.digits}, nil
			}
		}
		f, g := float(v[0]), float(v[1])
		switch t.op {
		case "+":
			return f + g, nil
		case "-":
			return f - g, nil
		}
		return f * g, nil
	}
	digits := 0
	if len(t.args) == 2 {
		digits, _ = strconv.Atoi(t.args[1].text)
	}
	if !exact {
		switch f := v[0].(float64); t.op {
		case "minus":
			return -f, nil
		case "abs":
			return math.Abs(f), nil
		case "number()":
			return f, nil
		case "floor":
			return math.Floor(f), nil
		case "ceil":
			return math.Ceil(f), nil
		default:
			r, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
			f, _ = rounded(r, digits, "round").Float64()
			return f, nil
		}
	}
	switch t.op {
	case "minus":
		return decimal{new(big.Rat).Neg(x.Rat), x.digits}, nil
	case "abs":
		return decimal{new(big.Rat).Abs(x.Rat), x.digits}, nil
	case "number()":
		return x, nil
	}
	return decimal{rounded(x.Rat, digits, t.op), digits}, nil
}

func (w *world) function(t *tree) (any, error) {
	whole := func(n int) any { return decimal{big.NewRat(int64(n), 1), 0} }
	if t.op == "substr" {
		s, ok, err := w.texts(t.args[:1])
		if !ok {
			return nil, err
		}
		runes := []rune(s[0])
		from, _ := strconv.Atoi(t.args[1].text)
		to := len(runes) + 1
		if len(t.args) > 2 {
			n, _ := strconv.Atoi(t.args[2].text)
			to = min(to, from+n)
		}
		if from = max(from, 1); from >= to {
			return "", nil
		}
		return string(runes[from-1 : to-1]), nil
	}
	s, ok, err := w.texts(t.args)
	if !ok {
		return nil, err
	}
	switch t.op {
	case "||":
		return s[0] + s[1], nil
	case "lower":
		return strings.ToLower(s[0]), nil
	case "upper":
		return strings.ToUpper(s[0]), nil
	case "trim":
		return strings.TrimSpace(s[0]), nil
	case "length":
		return whole(utf8.RuneCountInString(s[0])), nil
	case "replace":
		return strings.ReplaceAll(s[0], s[1], s[2]), nil
	case "like":
		pattern := strings.NewReplacer("%", "(?s:.*)", "_", "(?s:.)").Replace(regexp.QuoteMeta(s[1]))
		return regexp.MustCompile("^" + pattern + "$").MatchString(s[0]), nil
	}
	at, ok := w.time(s[0])
	if !ok {
		return nil, errBadCell
	}
	year, week := at.ISOWeek()
	switch t.op {
	case "year":
		return whole(at.Year()), nil
	case "weekday":
		return whole((int(at.Weekday())+6)%7 + 1), nil
	case "quarter":
		return at.Format("2006-Q") + strconv.Itoa((int(at.Month())+2)/3), nil
	case "month":
		return at.Format("2006-01"), nil
	case "week":
		return strconv.Itoa(year) + "-W" + strconv.Itoa(week/10) + strconv.Itoa(week%10), nil
	case "day", "date":
		return at.Format("2006-01-02"), nil
	}
	return at.Format("2006-01-02T15"), nil
}
