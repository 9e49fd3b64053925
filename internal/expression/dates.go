package expression

import "bytes"

// Dates appends a text that is a date or time, in a form that settings name or in ISO 8601, to
// dst as 2006-01-02T15:04:05 or, with what there is of a second, 2006-01-02T15:04:05.25; of
// another text it says false. Without it, as nil, all texts are compared by their bytes.
type Dates func(dst, text []byte) ([]byte, bool)

// compare orders two texts: by time where both are dates, by their bytes otherwise.
func (d Dates) compare(r *Row, x, y []byte) int {
	if d == nil {
		return bytes.Compare(x, y)
	}
	a, ok := d(r.dates[:0], x)
	n := len(a)
	both := a
	if ok {
		both, ok = d(a, y)
	}
	r.dates = both
	if !ok {
		return bytes.Compare(x, y)
	}
	return bytes.Compare(both[:n], both[n:])
}

// compareTo is compare with a date in quotes on the right.
func (d Dates) compareTo(date []byte) func(r *Row, x, y []byte) int {
	fixed, _ := d(nil, date)
	return func(r *Row, x, y []byte) int {
		var ok bool
		if r.dates, ok = d(r.dates[:0], x); !ok {
			return bytes.Compare(x, y)
		}
		return bytes.Compare(r.dates, fixed)
	}
}

// IsDate says whether an expression is a date in quotes. Digits alone are one only where they
// are as many as those of a date: others are a code such as '05', or an epoch.
func (d Dates) IsDate(n *Node) bool {
	if d == nil || n.Op != Literal || n.Value.Kind != TextValue {
		return false
	}
	text := n.Value.Text
	if len(bytes.Trim(text, "0123456789")) == 0 && len(text) != len("20240131") && len(text) != len("20240131100000") {
		return false
	}
	_, ok := d(nil, text)
	return ok
}
