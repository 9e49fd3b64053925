package expression

import "bytes"

// AppendOrdered writes a value so that the bytes of two are in the order of the values:
// NULL first, then numbers by value, then texts by their bytes, then false and true.
func (v *Value) AppendOrdered(dst []byte) []byte {
	switch v.Kind {
	case NumberValue:
		return v.Number.appendOrdered(append(dst, 1))
	case FloatValue:
		d := ofFloat(v.Float)
		return d.appendOrdered(append(dst, 1))
	case TextValue:
		// A NUL is followed by FF, so that the end, which is not, comes before it.
		dst = append(dst, 2)
		dst = append(dst, bytes.ReplaceAll(v.Text, []byte{0}, []byte{0, 0xff})...)
		return append(dst, 0, 0)
	case BoolValue:
		if v.True {
			return append(dst, 3, 1)
		}
		return append(dst, 3, 0)
	}
	return append(dst, 0)
}

// appendOrdered writes the sign, the exponent of 0.digits, and the digits without zeros at
// their end; of a negative number all of it inverted.
func (d Number) appendOrdered(dst []byte) []byte {
	sign := d.sign()
	dst = append(dst, byte(1+sign))
	if sign == 0 {
		return dst
	}
	if sign < 0 {
		d.negate()
	}
	start := len(dst)
	mantissa := d
	mantissa.scale = 0
	dst = append(dst, 0, 0)
	dst = mantissa.Append(dst)
	const bias = 1 << 15
	exponent := len(dst) - start - 2 - int(d.scale) + bias
	dst[start], dst[start+1] = byte(exponent>>8), byte(exponent)
	dst = append(bytes.TrimRight(dst, "0"), 0)
	if sign < 0 {
		for i := start; i < len(dst); i++ {
			dst[i] = ^dst[i]
		}
	}
	return dst
}
