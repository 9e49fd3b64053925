package groupby

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// rejects writes the bad rows that are skipped.
type rejects struct {
	run *run
	out *bufio.Writer
	row []byte

	first *InputError
}

// newRejects makes a worker skip bad rows if the plan says so.
func newRejects(r *run, w *worker) *rejects {
	if !r.plan.skipBad {
		return &rejects{run: r}
	}
	to := r.opt.Rejects
	if to == nil {
		to = io.Discard
	}
	rj := &rejects{run: r, out: bufio.NewWriter(to)}
	rj.row = append(rj.row, "line,reason,row\n"...)
	w.skip = rj.add
	return rj
}

func (rj *rejects) add(raw []byte, bad *InputError) error {
	rj.run.rejected++
	if rj.first == nil {
		rj.first = bad
	}
	if told := rj.run.opt.OnReject; told != nil {
		told(bad)
	}
	rj.row = strconv.AppendInt(rj.row, bad.Line, 10)
	rj.row = append(rj.row, ',')
	rj.row = AppendField(rj.row, []byte(bad.Reason()))
	rj.row = append(rj.row, ',')
	rj.row = append(AppendField(rj.row, raw), '\n')
	return rj.write()
}

func (rj *rejects) write() error {
	if _, err := rj.out.Write(rj.row); err != nil {
		return fmt.Errorf("write the rejected rows of %s: %w", rj.run.in.Name, err)
	}
	rj.row = rj.row[:0]
	return nil
}

// finish checks how many rows were bad, all rows having been read.
func (rj *rejects) finish() error {
	r := rj.run
	if rj.out == nil {
		return nil
	}
	total := r.rows.Load() + r.rejected
	if float64(r.rejected) > r.plan.maxBadShare*float64(total) {
		return tooManyBadRows(rj.first, r.rejected, total, r.plan.maxBadShare)
	}
	if err := rj.write(); err != nil {
		return err
	}
	if err := rj.out.Flush(); err != nil {
		return fmt.Errorf("write the rejected rows of %s: %w", r.in.Name, err)
	}
	return nil
}
