package expression

import (
	"bytes"
	"cmp"
)

// Kind is what a Value is.
type Kind uint8

// The kinds of values.
const (
	NullValue Kind = iota
	TextValue
	NumberValue
	FloatValue
	BoolValue
)

// Value is what an expression gives for a row. Text may refer into the row, and is not to
// be kept or changed.
type Value struct {
	Kind   Kind
	True   bool
	Text   []byte
	Number Number
	Float  float64

	cell int32 // 1 + the number of the column that a text is a cell of; 0: of none
}

func (v *Value) same(other *Value) bool {
	return v.Kind == other.Kind && v.True == other.True && v.Float == other.Float && bytes.Equal(v.Text, other.Text) &&
		v.Number.scale == other.Number.scale && v.Number.compare(other.Number) == 0
}

func (v *Value) setText(text []byte) { v.Kind, v.Text, v.cell = TextValue, text, 0 }
func (v *Value) setInteger(n int64)  { v.Kind, v.Number = NumberValue, Number{small: n} }
func (v *Value) setBool(b bool)      { v.Kind, v.True = BoolValue, b }

// IsTrue says whether a condition holds, which NULL does not.
func (v *Value) IsTrue() bool { return v.Kind == BoolValue && v.True }

// Append writes a value as results have it: NULL as nothing.
func (v *Value) Append(dst []byte) []byte {
	switch v.Kind {
	case TextValue:
		return append(dst, v.Text...)
	case NumberValue:
		return v.Number.Append(dst)
	case FloatValue:
		return AppendFloat(dst, v.Float)
	case BoolValue:
		if v.True {
			return append(dst, "true"...)
		}
		return append(dst, "false"...)
	}
	return dst
}

// AppendDistinct writes a value so that equal numbers are the same text.
func (v *Value) AppendDistinct(dst []byte) []byte {
	if v.Kind == NumberValue && v.Number.scale > 0 {
		d := v.Number
		d.normalize()
		return d.Append(dst)
	}
	return v.Append(dst)
}

// float is a number as a double.
func (v *Value) float() float64 {
	if v.Kind == FloatValue {
		return v.Float
	}
	return v.Number.Float()
}

// compareNumbers orders two values that are numbers.
func compareNumbers(a, b *Value) int {
	if a.Kind == NumberValue && b.Kind == NumberValue {
		return a.Number.compare(b.Number)
	}
	return cmp.Compare(a.float(), b.float())
}
