package query

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

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
		c = w.compareTexts(asString(x), asString(y))
	case w.isDate(a) || w.isDate(b):
		c = w.compareTexts(asString(x), asString(y))
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

func (w *world) isDate(t *tree) bool {
	if w.date == nil || t.op != "text" {
		return false
	}
	_, ok := w.date(t.text)
	return ok
}

// compareTexts compares two dates by time, where it is told how they are written.
func (w *world) compareTexts(a, b string) int {
	if w.date != nil {
		x, okX := w.date(a)
		y, okY := w.date(b)
		if okX && okY {
			return x.Compare(y)
		}
	}
	return strings.Compare(a, b)
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
