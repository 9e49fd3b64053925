package bucketstore

import (
	"context"
	"net"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// mostAttempts is how often a request is sent that the store does not serve, with
// pauses in between of up to longestPause.
const mostAttempts = 6

var longestPause = 5 * time.Second

// patience is how long a server may take to read a request, to begin its answer, or
// to send the next bytes of it.
var patience = time.Minute

// httpClient keeps connections open, and gives up on a server that takes longer than
// patience.
func httpClient() *awshttp.BuildableClient {
	patience := patience
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		dial := t.DialContext
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dial(ctx, network, address)
			return patientConn{c, patience}, err
		}
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 64
		t.ResponseHeaderTimeout = patience
		t.WriteBufferSize, t.ReadBufferSize = 64<<10, 64<<10
	})
}

// patientConn is a connection that fails when the server neither reads nor sends for
// so long.
type patientConn struct {
	net.Conn
	patience time.Duration
}

// Write extends the deadline of reads too: a Read for this answer has been waiting
// since the answer before it.
func (c patientConn) Write(b []byte) (int, error) {
	_ = c.SetDeadline(time.Now().Add(c.patience))
	return c.Conn.Write(b)
}

func (c patientConn) Read(b []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(c.patience))
	return c.Conn.Read(b)
}
