package dialect

import (
	"context"
	"io"
	"sync/atomic"
)

// Unpack reads a file from its beginning, unpacked where it is packed, and adds to read the
// bytes that it has read of the file as it is stored. A file that cannot be unpacked, or that
// is a document of another kind than text, is a *groupby.InputError.
func (d *Dialect) Unpack(ctx context.Context, file File, read *atomic.Int64) (io.ReadCloser, error) {
	c, err := openContainer(file, d.rules.MaxExpansion)
	if err != nil {
		return nil, err
	}
	t, err := c.open(ctx, read)
	if err != nil {
		return nil, err
	}
	return unpacked{t}, nil
}

// AsStored reads a file as it is stored, as Unpack does.
func AsStored(ctx context.Context, file File, read *atomic.Int64) io.Reader {
	return &stored{ctx: ctx, in: io.NewSectionReader(file.ReaderAt, 0, file.Size), bytes: read}
}

type unpacked struct{ *text }

func (u unpacked) Close() error {
	u.close()
	return nil
}
