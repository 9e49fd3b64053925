package groupby

import (
	"encoding/binary"
	"io"
	"math"
	"math/big"
	"math/bits"

	"csv-pipeline/internal/expression"
)

// The variance of a sample is (n·Σx² − (Σx)²) / (n·(n−1)), all of it exact and rounded
// once. The state of Σx² is an integer of four words, the lowest first, at twice the scale
// of the numbers: the squares of 37 digits have 246 bits.
//
// In doubles it is n, the mean and the sum of the squares of what is apart from it, which
// are merged by T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm
// for computing sample variances", 1979.
const squareWords = 4

// roomForSquares is above the highest word of a state. A batch, whose values have 64 bits,
// adds to what is below it without a look.
const roomForSquares = 1 << 63

// addSquaresTo adds the squares of the values to the states that begin at[i] words into
// records.
func (c *numbers) addSquaresTo(records []uint64, at []uint32) {
	values := c.values[:len(at)] // 0 for NULL
	if c.most < 1<<32 {
		for i, r := range at {
			v := values[i]
			sum := wordsAt(records, r)
			lo, carry := bits.Add64(sum[0], uint64(v*v), 0)
			sum[0] = lo
			if sum[1] += carry; carry != 0 && sum[1] == 0 {
				carrySquare(records[r+2:])
			}
		}
		return
	}
	for i, r := range at {
		v := values[i]
		size := uint64((v ^ v>>63) - v>>63)
		hi, lo := bits.Mul64(size, size)
		sum := wordsAt(records, r)
		var carry uint64
		sum[0], carry = bits.Add64(sum[0], lo, 0)
		if sum[1], carry = bits.Add64(sum[1], hi, carry); carry != 0 {
			carrySquare(records[r+2:])
		}
	}
}

// carrySquare adds one to the upper half of a state.
func carrySquare(upper []uint64) {
	if upper[0]++; upper[0] == 0 {
		upper[1]++
	}
}

// addSquare adds the square of v to the state at the given word; false where it has no
// room.
func (t *table) addSquare(at int, v int128) bool {
	m := v.abs()
	var square [squareWords]uint64
	square[1], square[0] = bits.Mul64(m.lo, m.lo)
	square[3], square[2] = bits.Mul64(m.hi, m.hi)
	hi, lo := bits.Mul64(m.hi, m.lo) // twice
	for range 2 {
		var carry uint64
		square[1], carry = bits.Add64(square[1], lo, 0)
		square[2], carry = bits.Add64(square[2], hi, carry)
		square[3] += carry
	}
	return addWords(t.records[at:], square[:])
}

// addWords adds one integer of four words to another; false where the sum has no room.
func addWords(to, from []uint64) bool {
	var carry uint64
	for i := range squareWords {
		to[i], carry = bits.Add64(to[i], from[i], carry)
	}
	return carry == 0 && to[squareWords-1] < roomForSquares
}

// scaleSquare multiplies an integer of four words by 10^(2·digits), likewise.
func scaleSquare(words []uint64, digits uint8) bool {
	for range 2 {
		var above uint64
		for i := range squareWords {
			hi, lo := bits.Mul64(words[i], pow10[digits])
			lo, carry := bits.Add64(lo, above, 0)
			words[i], above = lo, hi+carry
		}
		if above != 0 {
			return false
		}
	}
	return words[squareWords-1] < roomForSquares
}

// mergeSquares adds the state of another table, whose scale is less by so many digits.
func (t *table) mergeSquares(to int, from *table, at int, digits uint8) bool {
	var words [squareWords]uint64
	copy(words[:], from.records[at:])
	return scaleSquare(words[:], digits) && addWords(t.records[to:], words[:])
}

// addDeviation adds a double to the state at the given word.
func (t *table) addDeviation(at int, f float64) {
	t.mergeDeviations(at, [squareWords]uint64{1, math.Float64bits(f)})
}

// mergeDeviations adds a state to that at the given word.
func (t *table) mergeDeviations(to int, from [squareWords]uint64) {
	have := t.records[to:][:squareWords]
	if from[0] == 0 {
		return
	}
	if have[0] == 0 {
		copy(have, from[:])
		return
	}
	n, m := float64(have[0]), float64(from[0])
	mean, square := math.Float64frombits(have[1]), math.Float64frombits(have[2])
	apart := math.Float64frombits(from[1]) - mean
	mean += apart * (m / (n + m))
	square += math.Float64frombits(from[2]) + apart*apart*(n*m/(n+m))
	have[0] += from[0]
	have[1], have[2] = math.Float64bits(mean), math.Float64bits(square)
}

// appendSquares encodes a state for a spilled record, at a scale more by so many digits.
func (t *table) appendSquares(dst []byte, at int, digits uint8) ([]byte, error) {
	var words [squareWords]uint64
	copy(words[:], t.records[at:])
	if !scaleSquare(words[:], digits) {
		return dst, errTooWide
	}
	for _, word := range words {
		dst = binary.AppendUvarint(dst, word)
	}
	return dst, nil
}

func readSquares(in io.ByteReader, words []uint64) (err error) {
	for i := range squareWords {
		if words[i], err = binary.ReadUvarint(in); err != nil {
			return unexpected(err)
		}
	}
	return nil
}

// appendVariance writes the variance of a record's numbers, or its root.
func (o *output) appendVariance(dst []byte, i int, t *table, at uint32) []byte {
	s := t.output[i]
	st, root := t.list[s], o.plan.aggregates[i].fn == deviation
	words := t.records[int(at)+st.offset:][:squareWords]
	if st.double {
		if words[0] < 2 {
			return dst
		}
		v := math.Float64frombits(words[2]) / float64(words[0]-1)
		if root {
			v = math.Sqrt(v)
		}
		return expression.AppendFloat(dst, v)
	}
	n := t.records[int(at)+t.list[t.cells[i]].offset]
	if n < 2 {
		return dst
	}
	sum := t.records[int(at)+t.list[t.sums[i]].offset:]
	return expression.AppendFloat(dst, varianceOf(n, int128{sum[1], sum[0]}, words, t.scales[s], root))
}

// varianceOf is the variance of n numbers, at least two, given their sum and the sum of
// their squares; or its root.
func varianceOf(n uint64, sum int128, squares []uint64, scale uint8, root bool) float64 {
	if f, ok := shortVariance(n, sum, squares, scale, root); ok {
		return f
	}
	many := new(big.Int).SetUint64(n)
	total := sum.bigInt()
	numerator := new(big.Int)
	for i := squareWords - 1; i >= 0; i-- {
		numerator.Lsh(numerator, 64).Or(numerator, new(big.Int).SetUint64(squares[i]))
	}
	numerator.Mul(numerator, many).Sub(numerator, total.Mul(total, total))
	denominator := new(big.Int).SetUint64(n - 1)
	denominator.Mul(denominator, many).Mul(denominator, bigPow10(2*scale))
	if !root {
		return quotient(numerator, denominator)
	}
	// The root of a double's 53 bits and one that halves them is a square of 108.
	const precision = 160
	v := new(big.Float).SetPrec(precision).Quo(bigFloat(numerator), bigFloat(denominator))
	f, _ := v.Sqrt(v).Float64()
	return f
}

// shortVariance is varianceOf for integers below 2^53, which are doubles.
func shortVariance(n uint64, sum int128, squares []uint64, scale uint8, root bool) (float64, bool) {
	const exact = 1 << 53
	total := sum.abs()
	if squares[1]|squares[2]|squares[3]|total.hi != 0 || total.lo >= 1<<32 || n >= 1<<26 || scale >= 8 {
		return 0, false
	}
	hi, numerator := bits.Mul64(squares[0], n)
	many, denominator := bits.Mul64(n*(n-1), pow10[2*scale])
	if numerator -= total.lo * total.lo; hi|many != 0 || numerator >= exact || denominator >= exact {
		return 0, false
	}
	d := float64(denominator)
	v := float64(numerator) / d
	if !root || v == 0 {
		return v, true
	}
	// What rounding took from the quotient and from the root, to first order.
	r := math.Sqrt(v)
	lost := math.FMA(-v, d, float64(numerator))/d + math.FMA(-r, r, v)
	return r + lost/(2*r), true
}

// quotient is the exact quotient of two integers rounded once to a double.
func quotient(numerator, denominator *big.Int) float64 {
	const precision = 53
	f, _ := new(big.Float).SetPrec(precision).Quo(bigFloat(numerator), bigFloat(denominator)).Float64()
	return f
}

// bigFloat is an integer, exactly.
func bigFloat(x *big.Int) *big.Float {
	return new(big.Float).SetPrec(uint(max(1, x.BitLen()))).SetInt(x)
}

func bigPow10(n uint8) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}
