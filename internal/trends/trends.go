// Package trends adds up all results over time: how much of each group there was on
// each day. A result counts for the day in its name, or for the first day of the month or
// year there. One without a date is left out.
package trends

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"csv-pipeline/internal/csvtable"
)

// Combine is how the values of one group in one step become one.
type Combine string

// The ways to combine.
const (
	Sum  Combine = "sum"
	Min  Combine = "min"
	Max  Combine = "max"
	Mean Combine = "mean" // of the values in the results; the mean of averages is not the average of the rows
)

// Step is the length of time for which values are combined.
type Step string

// The steps.
const (
	Day   Step = "day"
	Week  Step = "week" // from Monday
	Month Step = "month"
	Year  Step = "year"
)

// Period is the last days that there are results of.
type Period string

// The periods.
const (
	LastWeek  Period = "week"  // 7 days
	LastMonth Period = "month" // 30 days
	LastYear  Period = "year"  // 365 days
	AllDays   Period = "all"
)

// Periods are all periods.
var Periods = []Period{LastWeek, LastMonth, LastYear, AllDays}

// from is the first day of a period that ends with a day; zero where there is none.
func (p Period) from(last time.Time) time.Time {
	//exhaustive:enforce
	switch p {
	case LastWeek:
		return last.AddDate(0, 0, -6)
	case LastMonth:
		return last.AddDate(0, 0, -29)
	case LastYear:
		return last.AddDate(0, 0, -364)
	case AllDays:
	}
	return time.Time{}
}

// Query says what to add up. Zero values are replaced by what fits the results.
type Query struct {
	Group, Value string // columns of the results
	Combine      Combine
	Step         Step
	From, To     time.Time // days, both included
	Period       Period    // in place of From and To
	Top          int       // how many groups have a series, those with the largest totals; the others share one
}

// Check returns an error that says what is expected, unless the query is valid.
func (q Query) Check() error {
	switch q.Combine {
	case "", Sum, Min, Max, Mean:
	default:
		return fmt.Errorf("combine %q: expected sum, min, max or mean", q.Combine)
	}
	switch q.Step {
	case "", Day, Week, Month, Year:
	default:
		return fmt.Errorf("step %q: expected day, week, month or year", q.Step)
	}
	if q.Period != "" && !slices.Contains(Periods, q.Period) {
		return fmt.Errorf("period %q: expected week, month, year or all", q.Period)
	}
	if q.Period != "" && (!q.From.IsZero() || !q.To.IsZero()) {
		return errors.New("period: expected without from and to")
	}
	if q.Top < 0 || q.Top > maxTop {
		return fmt.Errorf("top %d: expected 1 to %d", q.Top, maxTop)
	}
	return CheckDays(q.From, q.To)
}

// CheckDays says what is wrong with a first and a last day, of which either may be zero.
func CheckDays(from, to time.Time) error {
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return fmt.Errorf("from %s to %s: expected the earlier day first", from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	return nil
}

// covers reports whether a result of a period counts: it does for its first day.
func (q Query) covers(p period) bool {
	return (q.From.IsZero() || !p.first.Before(q.From)) && (q.To.IsZero() || !p.first.After(q.To))
}

const (
	defaultTop = 8
	maxTop     = 50
	maxChoices = 200
)

// Series is one group over time.
type Series struct {
	Name  string
	Total csvtable.Number
	// Rounded is whether the total is one of doubles, because it has more than 18 digits.
	Rounded bool
	Points  []csvtable.Number // as many as Trend.Times
	There   []bool            // whether there is a value
}

// Trend is an answer.
type Trend struct {
	Query            // with its zero values replaced, and with the days of its Period
	Items   []string // the groups that are asked for; none: the largest
	Choices []string // the largest groups, of which some may be asked for
	Groups  []string // columns that can be grouped by
	Values  []string // columns that can be added up
	Times   []time.Time
	Partial []Partial // the first and the last step, where only some of their days have results
	Series  []Series  // the largest total first
	Others  int       // groups that are in the last series, named OthersName; 0: there is no such series
	Folded  bool      // there are more of them, which were too many to count and to be told apart
	Most    Widest    // the result with the most groups, where Folded
	Files   int       // results that were added up
	Longer  int       // those of them that are of a month or year, longer than the step
	Undated int       // results that were left out because there is no date in their names
	Skipped int       // other results that were left out
	LeftOut []LeftOut // the first of those
	First   time.Time
	Last    time.Time // of all days there are
	// Problem says why there is nothing to show; "" if there is.
	Problem string
	// Read of Of results have been read so far; Of is 0 when all have.
	Read, Of int
}

// LeftOut is a result that could not be added up, and why.
type LeftOut struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Widest is the result with the most groups.
type Widest struct {
	Name   string
	Groups int
}

// Partial is a step of which only some days have results.
type Partial struct {
	At       time.Time // one of Trend.Times
	Days, Of int
}

// OthersName is the name of the series of all groups that have no series of their own.
const OthersName = "all others"

// daily is what was added up of each group and day. Make it with newDaily.
type daily struct {
	keys     []string
	keyBytes int
	index    map[string]int32 // place in keys; what no key has is among the others once folded
	cells    map[cell]value
	folded   int   // groups that became one
	last     int32 // day that a result is of, also of its month or year
	files    int
	units    map[Step]int // how many results are of a day, month or year
	most     Widest
	undated  int
	skipped  int
	leftOut  []LeftOut
	problem  string
	again    bool // a result that was left out may be readable at the next try
}

func newDaily() *daily {
	return &daily{index: map[string]int32{}, cells: map[cell]value{}, units: map[Step]int{}, last: -1 << 31}
}

// extent is the first and the last day of all results.
func (v *daily) extent() (first, last time.Time) {
	low, high := int32(1<<31-1), v.last
	for c := range v.cells {
		low, high = min(low, c.day), max(high, c.day)
	}
	return cell{day: low}.time(), cell{day: high}.time()
}

// lastCounted is the last day that a result counts for.
func (v *daily) lastCounted() time.Time {
	high := int32(-1 << 31)
	for c := range v.cells {
		high = max(high, c.day)
	}
	return cell{day: high}.time()
}

type cell struct {
	day int32 // since 1970
	key int32 // place in keys, or others
}

type value struct {
	number csvtable.Number
	n      int32 // how many were combined
}

func (v value) merge(w value, how Combine) value {
	if v.n == 0 {
		return w
	}
	merged := value{v.number, v.n + w.n}
	//exhaustive:enforce
	switch how {
	case Min:
		if w.number.Compare(v.number) < 0 {
			merged.number = w.number
		}
	case Max:
		if w.number.Compare(v.number) > 0 {
			merged.number = w.number
		}
	case Sum, Mean:
		merged.number = v.number.Add(w.number)
	}
	return merged
}

func (v value) of(how Combine) csvtable.Number {
	if how == Mean && v.n > 1 {
		return v.number.Over(int64(v.n))
	}
	return v.number
}

const daySeconds = 24 * 60 * 60

func dayOf(t time.Time) int32  { return int32(t.Unix() / daySeconds) }
func (c cell) time() time.Time { return time.Unix(int64(c.day)*daySeconds, 0).UTC() }
func start(s Step, t time.Time) time.Time {
	//exhaustive:enforce
	switch s {
	case Day:
	case Week:
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case Month:
		return t.AddDate(0, 0, 1-t.Day())
	case Year:
		return t.AddDate(0, 0, 1-t.YearDay())
	}
	return t
}

func next(s Step, t time.Time) time.Time {
	//exhaustive:enforce
	switch s {
	case Day:
	case Week:
		return t.AddDate(0, 0, 7)
	case Month:
		return t.AddDate(0, 1, 0)
	case Year:
		return t.AddDate(1, 0, 0)
	}
	return t.AddDate(0, 0, 1)
}

func days(from, to time.Time) int { return int(to.Sub(from).Hours() / 24) }

// partial returns the steps that begin before from or end after to.
func partial(s Step, times []time.Time, from, to time.Time) (found []Partial) {
	if from.After(to) {
		return nil
	}
	for i, at := range times {
		if i > 0 && i < len(times)-1 {
			continue
		}
		first, end := at, next(s, at)
		of := days(first, end)
		if from.After(first) {
			first = from
		}
		if after := to.AddDate(0, 0, 1); after.Before(end) {
			end = after
		}
		if there := days(first, end); there < of {
			found = append(found, Partial{at, there, of})
		}
	}
	return found
}

// maxTimes bounds the points of a series.
const maxTimes = 4000

// answer fills t with what its query asks for; whole are all days, and v those of a period
// or the same.
func (v *daily) answer(ctx context.Context, t *Trend, whole *daily) error {
	t.Files, t.Skipped, t.LeftOut, t.Problem, t.Undated = v.files, v.skipped, v.leftOut, v.problem, v.undated
	if len(whole.cells) > 0 {
		t.First, t.Last = whole.extent()
	}
	if len(v.cells) == 0 {
		return nil
	}
	from, to := t.First, t.Last
	if !t.From.IsZero() {
		from = t.From
	}
	if !t.To.IsZero() {
		to = t.To
	}
	if from.Before(t.First) {
		from = t.First
	}
	if to.After(t.Last) {
		to = t.Last
	}
	if t.Step == "" {
		switch days := to.Sub(from).Hours() / 24; {
		case v.units[Year] > v.files/2:
			t.Step = Year
		case days > 1500, v.units[Month] > v.files/2:
			t.Step = Month
		case days > 400:
			t.Step = Week
		default:
			t.Step = Day
		}
	}
	place := map[time.Time]int{}
	for at := start(t.Step, from); !at.After(to); at = next(t.Step, at) {
		place[at] = len(t.Times)
		if t.Times = append(t.Times, at); len(t.Times) > maxTimes {
			t.Problem = fmt.Sprintf("from %s to %s are more than %d %ss: choose a larger step or a shorter range", from.Format(time.DateOnly), to.Format(time.DateOnly), maxTimes, t.Step)
			t.Times = nil
			return nil
		}
	}
	switch t.Step {
	case Day, Week:
		t.Longer = v.units[Month] + v.units[Year]
	case Month:
		t.Longer = v.units[Year]
	case Year:
	}
	t.Partial = partial(t.Step, t.Times, from, to)

	totals := make([]value, len(v.keys))
	lowest, highest := dayOf(from), dayOf(to)
	for c, w := range v.cells {
		if c.key != others && c.day >= lowest && c.day <= highest {
			totals[c.key] = totals[c.key].merge(w, t.Combine)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ranked := v.ranked(totals, t.Combine)
	if t.Top == 0 {
		t.Top = defaultTop
	}
	for _, key := range ranked[:min(len(ranked), maxChoices)] {
		t.Choices = append(t.Choices, v.keys[key])
	}
	shown := ranked
	switch {
	case len(t.Items) > 0:
		shown = slices.DeleteFunc(ranked, func(key int) bool { return !slices.Contains(t.Items, v.keys[key]) })
		if len(shown) == 0 {
			t.Problem = "The results of these days have none of the items that are asked for."
			if v.folded > 0 {
				t.Problem = "The items that are asked for are not among the largest, which alone are kept apart, or the results of these days have none of them. A shorter range of days may have fewer items."
			}
			return nil
		}
	case len(ranked) > t.Top:
		shown, t.Others = ranked[:t.Top], len(ranked)-t.Top
	}
	if v.folded > 0 {
		t.Folded, t.Most = true, v.most
		if len(t.Items) == 0 {
			t.Others += v.folded
		}
	}
	series := make([]int, len(v.keys)) // of each key; the others share the last
	for i := range series {
		series[i] = len(shown)
	}
	for i, key := range shown {
		series[key] = i
	}
	count := len(shown)
	if t.Others > 0 {
		count++
	}
	points := make([][]value, count)
	sums := make([]value, count)
	for i := range points {
		points[i] = make([]value, len(t.Times))
	}
	for c, w := range v.cells {
		if c.day < lowest || c.day > highest {
			continue
		}
		s, at := len(shown), place[start(t.Step, c.time())]
		if c.key != others {
			s = series[c.key]
		}
		if s == count { // it is not asked for
			continue
		}
		points[s][at] = points[s][at].merge(w, t.Combine)
		sums[s] = sums[s].merge(w, t.Combine)
	}
	for i := range count {
		s := Series{Name: OthersName, Total: sums[i].of(t.Combine)}
		s.Rounded = t.Combine != Mean && !s.Total.Exact()
		if i < len(shown) {
			s.Name = v.keys[shown[i]]
		}
		for _, p := range points[i] {
			s.Points = append(s.Points, p.of(t.Combine))
			s.There = append(s.There, p.n > 0)
		}
		t.Series = append(t.Series, s)
	}
	return nil
}
