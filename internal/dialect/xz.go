package dialect

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/ulikunitz/xz/lzma"
)

// maxDictionary bounds the memory that an xz file asks for; it is what "xz -9" uses.
const maxDictionary = 64 << 20

var errDictionary = fmt.Errorf("the xz dictionary is larger than %d MiB: expected a file compressed by xz -9 or less", maxDictionary>>20)

// A dictionary larger than that of xz's default level is held by one file at a time: two do
// not fit in the memory of a Job.
const usualDictionary = 8 << 20

var largeDictionary = make(chan struct{}, 1)

// xzGuard passes an xz file on and looks at the header of each block before the decoder, which
// would take as much memory as that asks for. It follows the format as
// https://tukaani.org/xz/xz-file-format.txt has it; where the file does not, the decoder says so.
type xzGuard struct {
	file  *stored
	in    *bufio.Reader        // of the file
	part  func(*xzGuard) error // looks at what comes next and says how long it is
	left  int64                // bytes until then; below 0 all
	block int64                // bytes of the block so far
	check int64                // bytes of a block's check
	holds bool                 // the large dictionary
}

func (g *xzGuard) close() {
	if g.holds {
		<-largeDictionary
		g.holds = false
	}
}

func (g *xzGuard) Read(b []byte) (int, error) {
	if g.part == nil {
		g.part = (*xzGuard).stream
	}
	for g.left == 0 {
		if err := g.part(g); err == io.EOF || err == bufio.ErrBufferFull {
			g.left = -1 // cut off, which the decoder finds too
		} else if err != nil {
			return 0, err
		}
	}
	if g.left > 0 {
		b = b[:min(int64(len(b)), g.left)]
	}
	n, err := g.in.Read(b)
	if g.left > 0 {
		g.left -= int64(n)
	}
	return n, err
}

// stream is the header of a stream, or padding before it.
func (g *xzGuard) stream() error {
	head, err := g.in.Peek(12)
	if len(head) >= 4 && binary.LittleEndian.Uint32(head) == 0 {
		g.left = 4
		return nil
	}
	if err != nil {
		return err
	}
	sizes := [16]int64{0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64}
	g.check, g.left, g.part = sizes[head[7]&15], 12, (*xzGuard).header
	return nil
}

// header is that of a block, or the beginning of the index.
func (g *xzGuard) header() error {
	size, err := g.in.Peek(1)
	if err != nil {
		return err
	}
	if size[0] == 0 {
		return g.index()
	}
	g.left = 4 * (int64(size[0]) + 1)
	head, err := g.in.Peek(int(g.left))
	if err != nil {
		return err
	}
	g.block, g.part = g.left, (*xzGuard).chunk
	if dictionary := xzDictionary(head); dictionary > maxDictionary {
		return errDictionary
	} else if dictionary > usualDictionary && !g.holds {
		select {
		case largeDictionary <- struct{}{}:
			g.holds = true
		case <-g.file.ctx.Done():
			g.file.failed = g.file.ctx.Err()
			return g.file.failed
		}
	}
	return nil
}

// xzDictionary is the size of the dictionary that a block's header asks for, 0 where it is
// damaged.
func xzDictionary(head []byte) int64 {
	const lzma2 = 0x21
	flags, rest := head[1], head[2:]
	number := func() (n uint64) {
		n, size := binary.Uvarint(rest)
		if rest = rest[max(size, 0):]; size <= 0 {
			rest = nil
		}
		return n
	}
	for _, sized := range []byte{0x40, 0x80} {
		if flags&sized != 0 {
			number()
		}
	}
	for range flags&3 + 1 {
		id, size := number(), number()
		if uint64(len(rest)) < size {
			return 0
		}
		if id == lzma2 && size == 1 {
			dictionary, err := lzma.DecodeDictCap(rest[0])
			if err != nil {
				return 0
			}
			return dictionary
		}
		rest = rest[size:]
	}
	return 0
}

// chunk is one of LZMA2, or what ends a block.
func (g *xzGuard) chunk() error {
	control, err := g.in.Peek(1)
	if err != nil {
		return err
	}
	kind := control[0]
	if kind == 0 {
		g.block++
		g.left, g.part = 1+(4-g.block%4)%4+g.check, (*xzGuard).header
		return nil
	}
	size := 3
	if kind >= 0x80 {
		size = 5
	}
	head, err := g.in.Peek(size)
	if err != nil {
		return err
	}
	if g.left = int64(size) + int64(binary.BigEndian.Uint16(head[size-2:])) + 1; kind >= 0xc0 {
		g.left++ // properties
	}
	g.block += g.left
	return nil
}

// index is the list of the blocks, behind its first byte.
func (g *xzGuard) index() error {
	head, err := g.in.Peek(10)
	if len(head) < 2 {
		return err
	}
	records, size := binary.Uvarint(head[1:])
	if size <= 0 {
		return io.EOF
	}
	g.left = 1 + int64(size)
	length, numbers := g.left, 2*records
	g.part = func(g *xzGuard) error {
		if numbers == 0 {
			const footer = 12
			g.left, g.part = (4-length%4)%4+4+footer, (*xzGuard).stream
			return nil
		}
		next, err := g.in.Peek(9)
		if len(next) == 0 {
			return err
		}
		_, size := binary.Uvarint(next)
		if size <= 0 {
			return io.EOF
		}
		numbers--
		g.left = int64(size)
		length += g.left
		return nil
	}
	return nil
}
