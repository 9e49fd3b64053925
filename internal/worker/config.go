package worker

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/groupby"
)

// PlanFlags are the flags that say what is aggregated.
type PlanFlags struct {
	GroupBy, Aggregates []string
	Delimiter           string
	NoHeader            bool
	OnBadRow            string
	MaxBadShare         float64
}

// RegisterFlags defines the flags of p.
func (p *PlanFlags) RegisterFlags(fs *pflag.FlagSet) {
	cli.List(fs, &p.GroupBy, "group-by", []string{"item_id"}, groupby.SplitList, "`what` makes a group: "+groupby.KeysInWords+"; repeatable, or several with commas")
	cli.List(fs, &p.Aggregates, "aggregate", []string{"sum(quantity) as total_quantity"}, groupby.SplitList,
		"`what` to compute of each group: "+groupby.AggregatesInWords+"; repeatable, or several with commas")
	fs.StringVar(&p.Delimiter, "delimiter", ",", "`character` between the fields: , ; | or tab")
	fs.BoolVar(&p.NoHeader, "no-header", false, "the files have no header line; columns are #1, #2, …")
	fs.StringVar(&p.OnBadRow, "on-bad-row", "fail", "`what` to do about a row that cannot be read: fail the file, or skip the row, which then is in <name>_rejected.csv with the reason")
	fs.Float64Var(&p.MaxBadShare, "max-bad-share", 0.1, "the `share` of rows that may be skipped; a file with more of them fails")
}

// Skips reports whether rows that cannot be read are left out.
func (p *PlanFlags) Skips() bool { return p.OnBadRow == string(groupby.SkipBadRow) }

// Compile makes the plan; its errors are the user's mistakes.
func (p *PlanFlags) Compile() (*groupby.Plan, error) {
	spec := groupby.Spec{GroupBy: p.GroupBy, Aggregates: p.Aggregates, NoHeader: p.NoHeader, MaxBadShare: p.MaxBadShare}
	switch p.OnBadRow {
	case "fail":
		spec.OnBadRow = groupby.FailOnBadRow
	case "skip":
		spec.OnBadRow = groupby.SkipBadRow
	default:
		return nil, cli.Usagef("--on-bad-row (ON_BAD_ROW) %q: expected fail or skip", p.OnBadRow)
	}
	if p.MaxBadShare <= 0 || p.MaxBadShare > 1 {
		return nil, cli.Usagef("--max-bad-share (MAX_BAD_SHARE) %v: expected a number above 0, up to 1", p.MaxBadShare)
	}
	switch p.Delimiter {
	case "tab", `\t`:
		spec.Comma = '\t'
	default:
		if len(p.Delimiter) != 1 {
			return nil, cli.Usagef("--delimiter (DELIMITER) %q: expected one ASCII character, or tab", p.Delimiter)
		}
		spec.Comma = p.Delimiter[0]
	}
	plan, err := groupby.Compile(spec)
	if err != nil {
		return nil, &cli.UsageError{Problem: fmt.Sprintf("--group-by (GROUP_BY), --aggregate (AGGREGATE): %v", err)}
	}
	return plan, nil
}

// Flags are the flags of a worker.
type Flags struct {
	PlanFlags
	Lease, Grace, StaleAfter time.Duration
	FilesPerJob, MaxErrors   int64
	Concurrency              int64
	Watch                    bool
	TempDir                  string
}

// RegisterFlags defines the flags of f.
func (f *Flags) RegisterFlags(fs *pflag.FlagSet) {
	f.PlanFlags.RegisterFlags(fs)
	cli.Int64(fs, &f.FilesPerJob, "files-per-job", 0, 0, 1<<40, "how many files to process before ending; 0: until none is left")
	cli.Int64(fs, &f.Concurrency, "concurrency", 4, 1, 1024, "how many files to process at once")
	fs.StringVar(&f.TempDir, "temp-dir", os.TempDir(), "`folder` for groups that do not fit into memory")
	fs.BoolVar(&f.Watch, "watch", false, "stay and wait for more files")
	cli.Duration(fs, &f.Lease, "lease", 30*time.Second, time.Second, 24*time.Hour, "for how long a file stays with a worker that shows no sign of life")
	cli.Duration(fs, &f.StaleAfter, "stale-after", 24*time.Hour, time.Millisecond, 10000*time.Hour, "the age at which a temporary file is taken for one of a dead worker and removed")
	cli.Int64(fs, &f.MaxErrors, "max-errors", 5, 1, 1000, "tries of a file, where an error may pass, before it is given up")
	cli.Duration(fs, &f.Grace, "grace", 25*time.Second, 0, 24*time.Hour, "after SIGTERM, how long to go on with the file in hand before giving it back")
}
