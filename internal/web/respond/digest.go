package respond

import (
	"context"
	"crypto/sha256"
	"io"
)

// mostDigests is how many digests are computed at once: each reads a whole file, for an
// answer of a few bytes.
const mostDigests = 4

// Digest is the SHA-256 digest of what r holds. It waits while mostDigests others are
// computed.
func (p *Responder) Digest(ctx context.Context, r io.Reader) ([]byte, error) {
	select {
	case p.digests <- struct{}{}:
		defer func() { <-p.digests }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, untilDone{ctx, r}); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// untilDone stops reading when its context has ended.
type untilDone struct {
	ctx context.Context
	io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.Reader.Read(p)
}
