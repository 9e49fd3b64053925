package separators

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestKernels compares every kernel with the definition.
func TestKernels(t *testing.T) {
	for _, k := range Kernels {
		t.Run(k.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for range 2000 {
				checkKernel(t, k, randomBytes(r, 64*r.IntN(5)))
			}
		})
	}
}

// randomBytes has many of the bytes that separators.Kernels look for, or few.
func randomBytes(r *rand.Rand, n int) []byte {
	src, few := make([]byte, n), r.IntN(2) == 0
	for i := range src {
		switch {
		case few && r.IntN(100) > 0:
			src[i] = 'x'
		case r.IntN(2) == 0:
			src[i] = byte(r.Uint32())
		default:
			src[i] = ",;\n\r\"\x00a1"[r.IntN(8)]
		}
	}
	return src
}

func checkKernel(t *testing.T, k *Kernel, src []byte) {
	t.Helper()
	words := len(src) / 64
	var want []uint32
	wantMasks, separators := make([]masks64, words), make([]uint64, words)
	for i, c := range src {
		m, bit := &wantMasks[i/64], uint64(1)<<(i%64)
		switch c {
		case ',':
			m.delimiter |= bit
		case '\n':
			m.newline |= bit
		case '\r':
			m.cr |= bit
		case '"':
			m.quote |= bit
		}
		if c == ',' || c == '\n' {
			want = append(want, uint32(i))
			separators[i/64] |= bit
		}
		if quotes := bytes.Count(src[i&^63:i+1], []byte{'"'}); quotes%2 == 1 {
			m.odd |= bit
		}
	}
	places := make([]uint32, len(src)+Slack)
	n, newlines, special := k.index(src, ',', places)
	if !slices.Equal(places[:n], want) || newlines != bytes.Count(src, []byte{'\n'}) || special != bytes.ContainsAny(src, "\x00\r\"") {
		t.Fatalf("index of %q: %v, %d newlines, special: %v", src, places[:n], newlines, special)
	}
	masks := make([]masks64, words)
	if nul := k.mask(src, ',', masks); nul != bytes.Contains(src, []byte{0}) || !slices.Equal(masks, wantMasks) {
		t.Fatalf("mask of %q: %x, NUL: %v, want %x", src, masks, nul, wantMasks)
	}
	clear(places)
	if n := k.flatten(places, separators); !slices.Equal(places[:n], want) {
		t.Fatalf("flatten of %x: %v, want %v", separators, places[:n], want)
	}
}
