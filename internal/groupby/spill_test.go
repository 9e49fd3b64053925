package groupby

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// manyKeys is rows with some 3,000 keys: integers, and at the end a text,
// after which all have to be in another order.
func manyKeys(lastKey string) string {
	r := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	b.WriteString("item_id,region,quantity\n")
	for range 8000 {
		fmt.Fprintf(&b, "%d,region %d,%d.%d\n", r.IntN(3000)-100, r.IntN(3), r.IntN(1000), r.IntN(100))
	}
	fmt.Fprintf(&b, "%s,x,1\n", lastKey)
	return b.String()
}

func TestSpill(t *testing.T) {
	spec := Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)", "count(*)", "avg(quantity)", "min(region)", "max(quantity)", "count(distinct region)",
		"median(quantity)", "quantile(quantity, 0.9)", "variance(quantity)", "first(region)", "last(quantity)", "stddev(quantity)"}}
	byRegion := spec
	byRegion.GroupBy = []string{"region", "item_id"}
	for name, c := range map[string]struct {
		spec Spec
		last string
	}{
		"integers":              {spec, "7"},
		"a text at the end":     {spec, "seven"},
		"two columns, one text": {byRegion, "7"},
		"no column":             {Spec{Aggregates: []string{"median(quantity)", "quantile(quantity, 0.1)", "stddev(quantity)", "last(region)", "count(distinct quantity)"}}, "7"},
	} {
		t.Run(name, func(t *testing.T) {
			data, p := manyKeys(c.last), mustCompile(t, c.spec)
			in := func() Input {
				return Input{Name: "f.csv", ReaderAt: strings.NewReader(data), Size: int64(len(data))}
			}
			var want, got bytes.Buffer
			if _, err := p.runOracle(t.Context(), in(), &want, Options{}); err != nil {
				t.Fatal(err)
			}
			opt := Options{Workers: 2, TempDir: t.TempDir()}
			small := sizes{block: 8 << 10, ahead: 1 << 10, chunk: chunkSize, full: 16 << 10, budget: 150 << 10}
			stats, err := p.run(t.Context(), in(), &got, opt, small)
			if err != nil || stats.Spilled == 0 {
				t.Fatalf("%+v, %v: want groups spilled", stats, err)
			}
			if got.String() != want.String() {
				t.Errorf("the result differs from that in memory")
			}
			if left, err := os.ReadDir(opt.TempDir); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}

			opt.TempDir = ""
			if _, err := p.run(t.Context(), in(), &got, opt, small); !errors.Is(err, ErrTooManyGroups) {
				t.Errorf("without room: %v, want ErrTooManyGroups", err)
			}
			opt.TempDir = t.TempDir() + "/does/not/exist"
			if _, err := p.run(t.Context(), in(), &got, opt, small); !errors.Is(err, os.ErrNotExist) || errors.Is(err, ErrTooManyGroups) {
				t.Errorf("no such folder: %v, want os.ErrNotExist, which may pass, and not ErrTooManyGroups", err)
			}
		})
	}
}

// TestSpilledFilesAreInNoFolder: where a process is killed, nothing of it is left.
func TestSpilledFilesAreInNoFolder(t *testing.T) {
	data, p := manyKeys("7"), mustCompile(t, Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)", "median(quantity)"}})
	opt := Options{Workers: 2, TempDir: t.TempDir()}
	half := len(data) / 2
	looked := false
	// The second half is read after groups of the first were spilled.
	in := Input{Name: "f.csv", Reader: io.MultiReader(strings.NewReader(data[:half]), looking(func() {
		left, err := os.ReadDir(opt.TempDir)
		if looked = true; err != nil || len(left) > 0 {
			t.Errorf("in the folder while it runs: %v, %v", left, err)
		}
	}), strings.NewReader(data[half:]))}
	stats, err := p.run(t.Context(), in, io.Discard, opt, sizes{block: 8 << 10, ahead: 1 << 10, chunk: chunkSize, full: 16 << 10, budget: 150 << 10})
	if err != nil || stats.Spilled == 0 || !looked {
		t.Errorf("%+v, %v: want groups spilled", stats, err)
	}
}

// looking calls a function where it is read.
type looking func()

func (l looking) Read([]byte) (int, error) { l(); return 0, io.EOF }
