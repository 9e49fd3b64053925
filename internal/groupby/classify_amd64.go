//go:build !purego

package groupby

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT && cpu.X86.HasBMI1

// classifyAVX2 is classify for words*64 bytes.
//
//go:noescape
func classifyAVX2(src *byte, words int, delimiter byte, separators *uint64) (newlines int, seen uint64)

// classifyQuotedAVX2 is classifyQuoted for words*64 bytes.
//
//go:noescape
func classifyQuotedAVX2(src *byte, words int, delimiter byte, masks *quotedMasks)

// flattenBMI is flatten for words masks.
//
//go:noescape
func flattenBMI(dst *uint32, masks *uint64, words int) (n int)

func flatten(dst []uint32, masks []uint64) int {
	if !hasAVX2 {
		return flattenPortable(dst, masks)
	}
	_ = dst[64*len(masks)+flattenSlack-1]
	return flattenBMI(&dst[0], &masks[0], len(masks))
}

func classify(src []byte, delimiter byte, separators []uint64) (newlines int, seen byteKinds) {
	words := len(src) / 64
	if !hasAVX2 || words == 0 {
		return classifyPortable(src, delimiter, separators)
	}
	_ = separators[words-1]
	n, s := classifyAVX2(&src[0], words, delimiter, &separators[0])
	return n, byteKinds(s)
}

func classifyQuoted(src []byte, delimiter byte, masks []quotedMasks) {
	words := len(src) / 64
	if !hasAVX2 || words == 0 {
		classifyQuotedPortable(src, delimiter, masks)
		return
	}
	_ = masks[words-1]
	classifyQuotedAVX2(&src[0], words, delimiter, &masks[0])
}
