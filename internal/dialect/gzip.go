package dialect

import (
	"bufio"
	"io"

	"github.com/klauspost/compress/gzip"
)

// gzipMembers reads the members of a gzip file one after the other, and passes over bytes of zero
// behind any of them, which tapes and block devices leave there.
type gzipMembers struct {
	member *gzip.Reader // not embedded: its WriteTo would end with the first member
	packed *bufio.Reader
}

func newGzipMembers(packed *bufio.Reader) (*gzipMembers, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipMembers{z, packed}, nil
}

func (g *gzipMembers) Read(b []byte) (int, error) {
	for {
		n, err := g.member.Read(b)
		if err == io.EOF {
			err = g.next()
		}
		if n > 0 || err != nil || len(b) == 0 {
			return n, err
		}
	}
}

// next begins the next member; io.EOF is that there is none.
func (g *gzipMembers) next() error {
	for {
		c, err := g.packed.ReadByte()
		if err != nil {
			return err
		}
		if c != 0 {
			break
		}
	}
	if err := g.packed.UnreadByte(); err != nil {
		return err
	}
	err := g.member.Reset(g.packed)
	g.member.Multistream(false)
	return err
}
