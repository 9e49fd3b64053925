//go:build !purego

package separators

// Kernels are those that the processor can run, the best first. Every arm64 has NEON.
var Kernels = []*Kernel{&neon, &portable}

var neon = Kernel{Name: "NEON", index: indexNEON, mask: quotedNEON, flatten: flattenPortable}

// The assembly works on whole words of 64 bytes and checks no bounds: its callers do.

func indexNEON(src []byte, delimiter byte, places []uint32) (n, newlines int, special bool) {
	var masks [Chunk / 64]uint64
	for at := 0; at+64 <= len(src); at += Chunk {
		words := min(len(src)-at, Chunk) / 64
		lines, odd := separatorsNEON(&src[at], words, delimiter, &masks[0])
		for i, m := range masks[:words] {
			n = flattenWord(places, n, uint32(at+i*64), m)
		}
		newlines += lines
		special = special || odd != 0
	}
	return n, newlines, special
}

func quotedNEON(src []byte, delimiter byte, masks []masks64) (nul bool) {
	words := len(src) / 64
	if words == 0 {
		return false
	}
	masks = masks[:words]
	nul = maskNEON(&src[0], words, delimiter, &masks[0]) != 0
	for i := range masks {
		masks[i].odd = prefixXor(masks[i].quote)
	}
	return nul
}

//go:noescape
func separatorsNEON(src *byte, words int, delimiter byte, masks *uint64) (newlines, special int)

//go:noescape
func maskNEON(src *byte, words int, delimiter byte, masks *masks64) (nul int)
