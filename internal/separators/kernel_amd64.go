//go:build !purego

package separators

import "golang.org/x/sys/cpu"

// Kernels are those that the processor can run, the best first.
var Kernels = func() []*Kernel {
	var can []*Kernel
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VBMI2 && x.HasPOPCNT && x.HasPCLMULQDQ {
		can = append(can, &avx512)
	}
	if x.HasAVX2 && x.HasBMI1 && x.HasPOPCNT && x.HasPCLMULQDQ {
		can = append(can, &avx2)
	}
	return append(can, &portable)
}()

var avx512 = Kernel{Name: "AVX-512", index: indexBy(indexAVX512), mask: maskBy(maskAVX512), flatten: flattenBy(flattenAVX512)}

var avx2 = Kernel{Name: "AVX2", index: indexBy(indexAVX2), mask: maskBy(maskAVX2), flatten: flattenBy(flattenBMI)}

// The assembly works on whole words of 64 bytes and checks no bounds: what
// makes kernel functions of it does.

func indexBy(f func(src *byte, words int, delimiter byte, places *uint32) (n, newlines, special int)) func([]byte, byte, []uint32) (int, int, bool) {
	return func(src []byte, delimiter byte, places []uint32) (int, int, bool) {
		words := len(src) / 64
		if words == 0 {
			return 0, 0, false
		}
		_ = places[64*words+Slack-1]
		n, newlines, special := f(&src[0], words, delimiter, &places[0])
		return n, newlines, special != 0
	}
}

func maskBy(f func(src *byte, words int, delimiter byte, masks *masks64) (nul int)) func([]byte, byte, []masks64) bool {
	return func(src []byte, delimiter byte, masks []masks64) bool {
		words := len(src) / 64
		if words == 0 {
			return false
		}
		_ = masks[words-1]
		return f(&src[0], words, delimiter, &masks[0]) != 0
	}
}

func flattenBy(f func(places *uint32, masks *uint64, words int) (n int)) func([]uint32, []uint64) int {
	return func(places []uint32, masks []uint64) int {
		if len(masks) == 0 {
			return 0
		}
		_ = places[64*len(masks)+Slack-1]
		return f(&places[0], &masks[0], len(masks))
	}
}

//go:noescape
func indexAVX2(src *byte, words int, delimiter byte, places *uint32) (n, newlines, special int)

//go:noescape
func maskAVX2(src *byte, words int, delimiter byte, masks *masks64) (nul int)

//go:noescape
func flattenBMI(places *uint32, masks *uint64, words int) (n int)

//go:noescape
func indexAVX512(src *byte, words int, delimiter byte, places *uint32) (n, newlines, special int)

//go:noescape
func maskAVX512(src *byte, words int, delimiter byte, masks *masks64) (nul int)

//go:noescape
func flattenAVX512(places *uint32, masks *uint64, words int) (n int)
