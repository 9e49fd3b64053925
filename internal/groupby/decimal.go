package groupby

// A number is a mantissa of up to maxDigits digits, scaled by a power of ten:
// maxScale digits of it at most stand after the point.
const (
	maxScale  = 18
	maxDigits = 38
)
