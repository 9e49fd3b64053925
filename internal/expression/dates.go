package expression

import "bytes"

// Dates appends a text that is a date or time, in a form that settings name or in ISO 8601,
// to dst as 2006-01-02T15:04:05; of another text it says false. nil is that of settings that
// name no form: dates in ISO 8601 are in order as texts.
type Dates func(dst, text []byte) ([]byte, bool)

// compare orders two texts: by time where both are dates, by their bytes otherwise.
func (d Dates) compare(x, y []byte) int {
	if d == nil {
		return bytes.Compare(x, y)
	}
	var room [64]byte
	a, ok := d(room[:0], x)
	if !ok {
		return bytes.Compare(x, y)
	}
	n := len(a)
	both, ok := d(a, y)
	if !ok {
		return bytes.Compare(x, y)
	}
	return bytes.Compare(both[:n], both[n:])
}

// isDate says whether an expression is a date in quotes. Digits alone are one only where they
// are as many as those of a date: others are a code such as '05', or an epoch.
func (d Dates) isDate(n *Node) bool {
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
