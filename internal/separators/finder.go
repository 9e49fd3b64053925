// Package separators finds where the fields of CSV text end: the delimiters and
// newlines outside quotes, 64 bytes at a time.
package separators

import "bytes"

// Chunk is the most bytes that Find takes, a multiple of 64.
const Chunk = 8 << 10

// Finder finds separators. It is used by one goroutine at a time.
type Finder struct {
	kernel *Kernel
	quoted bool // the text before had quotes
	words  [Chunk / 64]uint64
	masks  [Chunk / 64]masks64
}

// Use sets the kernel; nil means the best that the processor can run.
func (f *Finder) Use(k *Kernel) {
	if f.kernel = k; k == nil {
		f.kernel = Kernels[0]
	}
}

// Find writes where in text a delimiter or a newline is, outside quotes, to ends, which
// has room for len(text) and Slack more. text begins with a record, is a multiple of 64
// bytes long and at most Chunk. found is how many places they are and rows how many of
// them are newlines. It is not good where there is a NUL, or quotes may not be as they
// should: see separate.
func (f *Finder) Find(text []byte, delimiter byte, ends []uint32) (found, rows int, seen Kinds, good bool) {
	if !f.quoted {
		var special bool
		found, rows, special = f.kernel.index(text, delimiter, ends)
		if !special {
			return found, rows, 0, true
		}
		if f.quoted = bytes.IndexByte(text, '"') >= 0; !f.quoted {
			return found, rows, CR, bytes.IndexByte(text, 0) < 0
		}
	}
	words := len(text) / 64
	if f.kernel.mask(text, delimiter, f.masks[:]) {
		return 0, 0, 0, false
	}
	rows, seen, good = separate(f.masks[:words], f.words[:])
	f.quoted = seen&Quote != 0
	return f.kernel.flatten(ends, f.words[:words]), rows, seen, good
}
