//go:build !amd64 || purego

package groupby

func classify(src []byte, delimiter byte, separators []uint64) (newlines int, seen byteKinds) {
	return classifyPortable(src, delimiter, separators)
}

func flatten(dst []uint32, masks []uint64) int { return flattenPortable(dst, masks) }

func classifyQuoted(src []byte, delimiter byte, masks []quotedMasks) {
	classifyQuotedPortable(src, delimiter, masks)
}
