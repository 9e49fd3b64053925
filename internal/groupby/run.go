package groupby

import (
	"context"
	"io"
)

// Options tune a run; the zero value works.
type Options struct {
	Workers     int            // readers in parallel; 0 means GOMAXPROCS
	MemoryLimit int64          // bytes the run may use in all; 0 means GOMEMLIMIT, or no limit
	TempDir     string         // where groups go that do not fit in MemoryLimit; "" means they must fit
	Progress    func(Progress) // called from time to time, never concurrently
	Rejects     io.Writer      // with SkipBadRow: CSV with the columns line, reason and row; nil drops them
}

// Progress is how far a run is.
type Progress struct {
	Bytes int64 // of the input as it is stored
	Rows  int64 // data rows
}

// Stats is what a finished run did.
type Stats struct {
	Rows     int64 // data rows aggregated
	Rejected int64 // bad rows skipped
	Bytes    int64 // of the input as it is stored
	Groups   int64 // rows of the result
	Spilled  int64 // bytes written to TempDir
}

// Run aggregates an input and writes the result as CSV. A malformed input is
// an *InputError; failures to read, write or spill come back wrapped, and the
// context's error when it ends the run. After an error, out holds no complete
// result.
func (p *Plan) Run(ctx context.Context, in Input, out io.Writer, opt Options) (Stats, error) {
	return p.runOracle(ctx, in, out, opt)
}
