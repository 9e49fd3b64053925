package describe

import (
	"cmp"
	"fmt"

	"csv-pipeline/internal/dialect"
)

// leftOut is something of rows that onBadRow: skip would leave out.
type leftOut struct {
	rows int64
	what string
	tell func() // that it is a choice or a problem, where the rows are not left out
}

// leaveOut tells of rows that the question cannot read. Where onBadRow: skip is said, and no more than
// maxBadShare are such, it is decided what becomes of them.
func (d *decision) leaveOut(said dialect.Settings) {
	n := d.long + d.malformed + d.bad
	for _, l := range d.left {
		n += l.rows
	}
	skip := said.OnBadRow == dialect.Skip && float64(n) <= cmp.Or(said.MaxBadShare, dialect.DefaultMaxBadShare)*float64(d.rows)
	if skip {
		d.leaves = n
	}
	for i, l := range d.left {
		switch {
		case !skip:
			l.tell()
		case i < mostChoices:
			d.notes = append(d.notes, fmt.Sprintf("%s; %s left out, as onBadRow: skip says", l.what, plural(int(l.rows), "row is", "rows are")))
		}
	}
}
