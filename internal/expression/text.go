package expression

import (
	"bytes"
	"time"
	"unicode/utf8"
)

// function binds the functions of texts.
func (b *binder) function(n *Node) eval {
	args := make([]eval, len(n.Args))
	for i, a := range n.Args {
		if n.Op == Substr && i > 0 {
			args[i] = b.number(a)
		} else {
			args[i] = b.text(a)
		}
	}
	switch n.Op {
	case Concat:
		return concat(args, true)
	case ConcatAll:
		return concat(args, false)
	case Substr:
		return substr(args)
	case Replace:
		return ofTexts(args, func(r *Row, v *Value, t [][]byte) {
			if len(t[1]) == 0 {
				v.setText(t[0])
				return
			}
			v.setText(r.kept(append(r.keep(), bytes.ReplaceAll(t[0], t[1], t[2])...)))
		})
	case Length:
		return ofTexts(args, func(_ *Row, v *Value, t [][]byte) { v.setInteger(int64(utf8.RuneCount(t[0]))) })
	case Trim:
		return ofTexts(args, func(_ *Row, v *Value, t [][]byte) { v.setText(bytes.TrimSpace(t[0])) })
	case Lower:
		return ofTexts(args, func(_ *Row, v *Value, t [][]byte) { v.setText(bytes.ToLower(t[0])) })
	case Upper:
		return ofTexts(args, func(_ *Row, v *Value, t [][]byte) { v.setText(bytes.ToUpper(t[0])) })
	}
	panic("an operation that nothing binds")
}

// ofTexts is a function that is NULL where one of its arguments is.
func ofTexts(args []eval, f func(r *Row, v *Value, texts [][]byte)) eval {
	return func(r *Row, v *Value) error {
		var room [3][]byte
		texts := room[:0]
		for _, a := range args {
			if err := a(r, v); err != nil || v.Kind == NullValue {
				return err
			}
			texts = append(texts, v.Text)
		}
		f(r, v, texts)
		return nil
	}
}

func concat(args []eval, strict bool) eval {
	return func(r *Row, v *Value) error {
		var texts [][]byte
		for _, a := range args {
			if err := a(r, v); err != nil {
				return err
			}
			if v.Kind == NullValue && strict {
				return nil
			}
			if v.Kind != NullValue {
				texts = append(texts, v.Text)
			}
		}
		dst := r.keep()
		for _, t := range texts {
			dst = append(dst, t...)
		}
		v.setText(r.kept(dst))
		return nil
	}
}

// substr is the characters of a text from one on, counted from 1, and as many as said or
// all. What lies before the first is counted though there is nothing, as in SQL.
func substr(args []eval) eval {
	return func(r *Row, v *Value) error {
		if err := args[0](r, v); err != nil || v.Kind == NullValue {
			return err
		}
		text := v.Text
		integer := func(arg eval) (int64, bool, error) {
			if err := arg(r, v); err != nil || v.Kind == NullValue {
				return 0, false, err
			}
			const far = 1 << 40
			return int64(max(-far, min(far, v.float()))), true, nil
		}
		from, ok, err := integer(args[1])
		if !ok {
			return err
		}
		to := int64(1 << 41)
		if len(args) > 2 {
			n, ok, err := integer(args[2])
			if !ok {
				return err
			}
			to = from + max(n, 0)
		}
		start, end, at := len(text), len(text), int64(1)
		for i := range string(text) {
			if at == max(from, 1) {
				start = i
			}
			if at == max(to, 1) {
				end = i
				break
			}
			at++
		}
		v.setText(text[min(start, end):end])
		return nil
	}
}

// matcher is like: % stands for any characters, _ for one, and a backslash before either
// or itself for just that.
func matcher(pattern []byte) func(text []byte) bool {
	type piece struct {
		any, one bool
		char     rune
	}
	var pieces []piece
	for i := 0; i < len(pattern); {
		c, n := utf8.DecodeRune(pattern[i:])
		i += n
		switch {
		case c == '%':
			if len(pieces) == 0 || !pieces[len(pieces)-1].any {
				pieces = append(pieces, piece{any: true})
			}
		case c == '_':
			pieces = append(pieces, piece{one: true})
		default:
			if c == '\\' && i < len(pattern) && (pattern[i] == '%' || pattern[i] == '_' || pattern[i] == '\\') {
				c = rune(pattern[i])
				i++
			}
			pieces = append(pieces, piece{char: c})
		}
	}
	return func(text []byte) bool {
		at, p := 0, 0
		retryAt, retry := -1, 0 // after the last % and where its text ended
		for at < len(text) {
			c, n := utf8.DecodeRune(text[at:])
			switch {
			case p < len(pieces) && pieces[p].any:
				p++
				retryAt, retry = p, at
			case p < len(pieces) && (pieces[p].one || pieces[p].char == c):
				p++
				at += n
			case retryAt >= 0:
				_, n := utf8.DecodeRune(text[retry:])
				retry += n
				p, at = retryAt, retry
			default:
				return false
			}
		}
		for p < len(pieces) && pieces[p].any {
			p++
		}
		return p == len(pieces)
	}
}

// time binds the parts of a time.
func (b *binder) time(n *Node) eval {
	x, op := b.text(n.Args[0]), n.Op
	return func(r *Row, v *Value) error {
		if err := x(r, v); err != nil || v.Kind == NullValue {
			return err
		}
		iso, ok := r.env.Time(v.Text)
		if !ok {
			return &ValueError{Column: int(v.cell) - 1, Text: v.Text, Time: true}
		}
		timePart(r, op, iso, v)
		return nil
	}
}

// timePart sets v to a part of a time in ISO 8601.
func timePart(r *Row, op Op, iso []byte, v *Value) {
	digits := func(s []byte) (n int) {
		for _, c := range s {
			n = n*10 + int(c-'0')
		}
		return n
	}
	year := digits(iso[:4])
	dst := r.keep()
	switch op {
	case Year:
		v.setInteger(int64(year))
		return
	case Quarter:
		dst = append(append(dst, iso[:4]...), "-Q"...)
		dst = append(dst, byte('1'+(digits(iso[5:7])-1)/3))
	case Month:
		dst = append(dst, iso[:7]...)
	case Day:
		dst = append(dst, iso[:10]...)
	case Hour:
		dst = append(append(dst, iso[:10]...), 'T')
		if len(iso) < 13 {
			dst = append(dst, "00"...)
		} else {
			dst = append(dst, iso[11:13]...)
		}
	case Week, Weekday:
		t := time.Date(year, time.Month(digits(iso[5:7])), digits(iso[8:10]), 0, 0, 0, 0, time.UTC)
		if op == Weekday {
			v.setInteger(int64((t.Weekday()+6)%7) + 1)
			return
		}
		year, week := t.ISOWeek()
		dst = append(dst, byte('0'+year/1000%10), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10), '-', 'W', byte('0'+week/10), byte('0'+week%10))
	}
	v.setText(r.kept(dst))
}
