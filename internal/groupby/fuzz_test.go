package groupby

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"csv-pipeline/internal/separators"
)

// fuzzSpec is a plan that inputs are tried on. Saved inputs name it, so that a new plan leaves them what they show.
type fuzzSpec struct {
	name string
	spec Spec
}

var fuzzSpecs = []fuzzSpec{
	{"sum", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"sum(#2)"}}},
	{"no header", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"sum(#2)"}, NoHeader: true}},
	{"extremes", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"count(*)", "count(#2)", "min(#2)", "max(#2)", "count(distinct #2)"}}},
	{"two keys", Spec{GroupBy: []string{"#2", "#1"}, Aggregates: []string{"avg(#3)", "sum(#3)", "min(#3)"}}},
	{"skipped", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"sum(#2)", "max(#1)"}, OnBadRow: SkipBadRow, MaxBadShare: 1}},
	{"semicolon", Spec{GroupBy: []string{"day(#1)", "hour(#1) as h"}, Aggregates: []string{"sum(#2)"}, OnBadRow: SkipBadRow, MaxBadShare: 0.5, Comma: ';'}},
	{"no keys", Spec{Aggregates: []string{"sum(#1)", "count(distinct #1)", "avg(#1)"}}},
	{"keys only", Spec{GroupBy: []string{"#1"}, NoHeader: true}},
	{"count", Spec{Aggregates: []string{"count(*)"}}},
	{"quantiles", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"median(#2)", "quantile(#2, 0.95)", "quantile(#2, 0.1)", "count(distinct #3)", "quantile(#3, 0.333333333333333333)"}, OnBadRow: SkipBadRow, MaxBadShare: 1}},
	{"spread", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"variance(#2)", "stddev(#2)", "median(#2)", "sum(#2)"}}},
	{"first and last", Spec{GroupBy: []string{"#1"}, Aggregates: []string{"first(#2)", "last(#3)", "first(#3) as f", "max(#3)"}}},
	{"skipped quantiles", Spec{GroupBy: []string{"#3", "#2"}, Aggregates: []string{"last(#1)", "stddev(#1)", "median(#1)", "quantile(#1, 1)", "count(distinct #1)"}, OnBadRow: SkipBadRow, MaxBadShare: 1}},
	{"no keys quantiles", Spec{Aggregates: []string{"median(#1)", "quantile(#1, 0)", "quantile(#1, 0.25) as q", "stddev(#1)", "last(#2)"}}},
}

// fuzzSizes are the sizes that inputs are cut into.
var fuzzSizes = []sizes{
	defaultSizes,
	{block: 1, ahead: 1, chunk: 64, full: 1},
	{block: 7, ahead: 3, chunk: 64, full: 1 << 20},
	{block: 64, ahead: 1, chunk: 128, full: 300},
	{block: 128, ahead: 64, chunk: 64, full: 1, budget: 1},
	{block: 512, ahead: 1, chunk: 512, full: 300, budget: 60 << 10},
	{block: 100, ahead: 64, chunk: chunkSize, full: 1 << 20},
}

// result is all that a run gives.
type result struct {
	out, rejects, err, stats string

	wide bool // the oracle's: the engine may refuse numbers of so many digits
}

// differs says whether the engine's result is another than the oracle's.
func (got result) differs(want result) bool {
	if want.wide && strings.Contains(got.err, errTooWide.Error()) {
		return false
	}
	want.wide = false
	return got != want
}

func resultOf(stats Stats, err error, out, rejects *bytes.Buffer) result {
	r := result{out: out.String(), rejects: rejects.String(), stats: fmt.Sprint(stats)}
	if err != nil {
		r = result{err: err.Error()}
	}
	return r
}

func oracleResult(p *Plan, data []byte) result {
	var out, rejects bytes.Buffer
	in := Input{Name: "f.csv", Reader: bytes.NewReader(data)}
	o := p.newOracle(in)
	stats, err := o.run(context.Background(), &out, Options{Rejects: &rejects})
	r := resultOf(stats, err, &out, &rejects)
	r.wide = o.wide()
	return r
}

func engineResult(p *Plan, data []byte, sizes sizes, workers int) result {
	var out, rejects bytes.Buffer
	in := Input{Name: "f.csv", ReaderAt: bytes.NewReader(data), Size: int64(len(data))}
	if workers == 0 {
		in = Input{Name: "f.csv", Reader: bytes.NewReader(data)}
	}
	stats, err := p.run(context.Background(), in, &out, Options{Workers: workers, Rejects: &rejects, TempDir: os.TempDir()}, sizes)
	stats.Spilled = 0
	return resultOf(stats, err, &out, &rejects)
}

// checkAgainstOracle runs all specs and sizes over data.
func checkAgainstOracle(t *testing.T, data []byte, specs []fuzzSpec) {
	t.Helper()
	for _, s := range specs {
		p := mustCompile(t, s.spec)
		want := oracleResult(p, data)
		for j, sizes := range fuzzSizes {
			for workers := range 3 {
				sizes.kernel = separators.Kernels[(j+workers+len(data))%len(separators.Kernels)]
				if got := engineResult(p, data, sizes, workers); got.differs(want) {
					t.Fatalf("%s, sizes %d, %s, %d workers, input %q:\ngot  %#v\nwant %#v", s.name, j, sizes.kernel.Name, workers, data, got, want)
				}
			}
		}
	}
}

func FuzzRun(f *testing.F) {
	for seed := range uint64(20) {
		s := fuzzSpecs[seed%uint64(len(fuzzSpecs))]
		f.Add(randomCSV(rand.New(rand.NewPCG(seed, 0)), 30, s.spec.Comma), s.name, uint16(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte, name string, pick uint16) {
		if len(data) > 4<<10 || bytes.Contains(data, []byte(oracleNUL)) || bytes.Contains(data, []byte(oracleCR)) ||
			bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
			t.Skip("not for the oracle")
		}
		at := slices.IndexFunc(fuzzSpecs, func(s fuzzSpec) bool { return s.name == name })
		if at < 0 {
			at = len(name) % len(fuzzSpecs) // a name that the fuzzer has changed
		}
		spec, n := fuzzSpecs[at].spec, int(pick)
		sizes, workers := fuzzSizes[n%len(fuzzSizes)], n/len(fuzzSizes)%3
		sizes.kernel = separators.Kernels[n/len(fuzzSizes)/3%len(separators.Kernels)]
		p := mustCompile(t, spec)
		if got, want := engineResult(p, data, sizes, workers), oracleResult(p, data); got.differs(want) {
			t.Fatalf("%+v, %+v, %d workers, input %q:\ngot  %#v\nwant %#v", spec, sizes, workers, data, got, want)
		}
	})
}

// TestAgainstOracle is the fuzz test on inputs that are mostly well-formed and
// longer than a chunk.
func TestAgainstOracle(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		s := fuzzSpecs[seed%uint64(len(fuzzSpecs))]
		checkAgainstOracle(t, randomCSV(r, 1+r.IntN(800), s.spec.Comma), []fuzzSpec{s})
	}
}

// TestRepeatedDelimiters reads records with || and ||| between their fields in blocks and chunks of all sizes, and
// those that have them fewer or more times in places.
func TestRepeatedDelimiters(t *testing.T) {
	p := mustCompile(t, Spec{GroupBy: []string{"#1"}, Aggregates: []string{"sum(#3)", "first(#2)", "count(#2)"}})
	for seed := range uint64(24) {
		r := rand.New(rand.NewPCG(seed, 1))
		times := 2 + r.IntN(2)
		var one, several strings.Builder
		odd := false
		for range 1 + r.IntN(700) {
			cells := [3]string{"abc"[r.IntN(3):][:1], []string{"", "x", "longer than a word", `"|"`, `"|||"`, `"a""b"`, "\"line\nbreak\""}[r.IntN(7)], fmt.Sprint(r.IntN(2000) - 1000)}
			one.WriteString(strings.Join(cells[:], "|") + "\n")
			between := strings.Repeat("|", times)
			several.WriteString(cells[0] + between)
			if seed%4 == 3 && r.IntN(500) == 0 {
				odd = true
				several.WriteString("|"[:r.IntN(2)])
				between = between[1:]
			}
			several.WriteString(cells[1] + between + cells[2] + "\n")
		}
		layout := &Layout{Comma: '|', Width: 3, Fields: []int{0, 2, 1}, Names: []string{"a", "b", "c"}, Line: 1}
		for i, c := range p.Columns() {
			layout.Fields[i] = c.Number - 1
		}
		repeated := *layout
		repeated.Times = times
		want := laidOut(p, one.String(), layout, fuzzSizes[0], 1)
		if odd {
			want = result{err: ErrDoubt.Error()}
		}
		for j, sizes := range fuzzSizes {
			for workers := range 3 {
				sizes.kernel = separators.Kernels[(j+workers)%len(separators.Kernels)]
				if got := laidOut(p, several.String(), &repeated, sizes, workers); got != want {
					t.Fatalf("seed %d, sizes %d, %d workers: %q\ngot  %#v\nwant %#v", seed, j, workers, several.String(), got, want)
				}
			}
		}
	}
}

func laidOut(p *Plan, text string, layout *Layout, sizes sizes, workers int) result {
	in := Input{Name: "f.csv", ReaderAt: strings.NewReader(text), Size: int64(len(text)), Layout: layout}
	if workers == 0 {
		in.ReaderAt, in.Reader = nil, strings.NewReader(text)
	}
	var out bytes.Buffer
	_, err := p.run(context.Background(), in, &out, Options{Workers: workers, TempDir: os.TempDir()}, sizes)
	return resultOf(Stats{}, err, &out, &bytes.Buffer{})
}

// randomCSV makes a file of three columns of some character, mostly with the delimiter of a plan (0 is
// a comma), with now and then a flaw.
func randomCSV(r *rand.Rand, rows int, comma byte) []byte {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	digits := func(most int) string {
		var b strings.Builder
		for range 1 + r.IntN(most) {
			b.WriteByte('0' + byte(r.IntN(10)))
		}
		return b.String()
	}
	cells := []func() string{
		func() string { return digits(1) },
		func() string { return digits(3) },
		func() string { return digits(9) },
		func() string { return digits(20) },
		func() string { return pick("", "-") + digits(4) + "." + digits(3) },
		func() string { return pick("", "", "-", "+") + digits(12) + pick("", ".") + digits(8) },
		func() string { return pick("a", "bb", "north", "south-east", "product-17", "café", "1", "") },
		func() string { return pick("2022-01-01", "2022-02-28T12:30:00Z", "2022-02-28 13", "") },
		func() string {
			return `"` + pick("a", `""`, "b,c", "line\nbreak", "line\r\nbreak", `x""y`, "7", "") + `"`
		},
	}
	columns := []func() string{cells[r.IntN(len(cells))], cells[r.IntN(len(cells))], cells[r.IntN(len(cells))]}
	flaws := []string{"x", "ü1", "7\xff", "\xc0", `"`, "\x00", "1,2", "\n", "\r", `a"b`, `"a"b`, "1e3", " 5 ", "1e40", "0.0000000000000000001", "99999999999999999999999999999999999999"}
	between := string(cmp.Or(comma, ','))
	if r.IntN(16) == 0 {
		between = pick(",", ";") // a file that is not what the plan expects
	}
	lineEnd := pick("\n", "\n", "\r\n")
	flawed := r.IntN(3) == 0
	var b strings.Builder
	b.WriteString(pick("", "", "\uFEFF") + "a" + between + "b" + between + "c" + lineEnd)
	for range rows {
		for i, cell := range columns {
			if i > 0 {
				b.WriteString(between)
			}
			if flawed && r.IntN(2*rows) == 0 {
				b.WriteString(flaws[r.IntN(len(flaws))])
			} else if r.IntN(50) == 0 {
				b.WriteString(cells[r.IntN(4)]())
			} else {
				b.WriteString(cell())
			}
		}
		b.WriteString(lineEnd)
	}
	s := b.String()
	if r.IntN(3) == 0 {
		s = strings.TrimSuffix(s, lineEnd)
	}
	return []byte(s)
}

// TestCancelPromptly cancels a run in the middle of an endless input: no
// worker begins with more than the block it may just have claimed, which is
// some 0.1 ms of work.
func TestCancelPromptly(t *testing.T) {
	for name, input := range map[string]func(e *endless) Input{
		"stream":   func(e *endless) Input { return Input{Name: "f.csv", Reader: e} },
		"parallel": func(e *endless) Input { return Input{Name: "f.csv", ReaderAt: e, Size: 1 << 50} },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			var e endless
			const workers = 2
			atCancel := int64(-1)
			_, err := mustCompile(t, total).Run(ctx, input(&e), new(bytes.Buffer), Options{Workers: workers, Progress: func(p Progress) {
				if p.Rows > 0 && atCancel < 0 {
					cancel()
					atCancel = e.read.Load()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v, want context.Canceled", err)
			}
			block := int64(defaultSizes.block + defaultSizes.ahead)
			if more := e.read.Load() - atCancel; more > 2*workers*block {
				t.Errorf("%d bytes were read after it was cancelled", more)
			}
		})
	}
}

// endless is a header and rows for ever.
type endless struct {
	at   int64
	read atomic.Int64
}

func (e *endless) Read(b []byte) (int, error) {
	n, err := e.ReadAt(b, e.at)
	e.at += int64(n)
	return n, err
}

func (e *endless) ReadAt(b []byte, at int64) (int, error) {
	const text = "item_id,quantity\n" // of the length of two rows and a half
	for i := range b {
		switch p := at + int64(i); {
		case p < int64(len(text)):
			b[i] = text[p]
		default:
			b[i] = "1,2\n"[(p-int64(len(text)))%4]
		}
	}
	e.read.Add(int64(len(b)))
	return len(b), nil
}
