package groupby

// numberReader reads the numbers of an input.
type numberReader struct {
	format *NumberFormat // nil: as parseDecimal reads them
	buf    []byte
	doubt  bool // of a text that append was given
}

// point is what stands before the decimals.
func (r *numberReader) point() byte {
	if r.format != nil {
		return r.format.Decimal
	}
	return '.'
}

// parse is parseDecimal of a cell in the input's format. What would be a number without that, and
// is none with it, is a problem of its own: no minimum of texts takes it for one.
func (r *numberReader) parse(cell []byte) (mantissa int128, scale uint8, problem string) {
	if r.format == nil {
		return parseDecimal(cell)
	}
	number, kind := r.format.Append(r.buf[:0], cell)
	n := uint32(len(number))
	r.buf = append(number, padding[:8]...) // which parseShort may read
	switch kind {
	case IsNumber:
		if v, scale, ok := parseShort(r.buf, 0, n, lowBits*'.'); ok {
			return int128{uint64(v >> 63), uint64(v)}, scale, ""
		}
		return parseDecimal(number)
	case DoubtfulNumber:
		return mantissa, 0, otherNumber
	}
	if _, _, problem := parseDecimal(cell); problem != notNumber {
		return mantissa, 0, otherNumber
	}
	return mantissa, 0, notNumber
}

// append is the text of a number as the engine writes it.
func (r *numberReader) append(text []byte) (number []byte, ok bool) {
	var kind NumberKind
	r.buf, kind = r.format.Append(r.buf[:0], text)
	r.doubt = r.doubt || kind == DoubtfulNumber
	return r.buf, kind == IsNumber
}
