package query

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// BenchmarkRows is expressions that are evaluated row by row, as the file has to be rewritten.
func BenchmarkRows(b *testing.B) {
	const rows = 200_000
	r := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("id;region;price;qty\n")
	for i := range rows {
		fmt.Fprintf(&text, "%d;%s;%d,%02d;%d\n", i, [...]string{"north", "south", "east", "west"}[r.IntN(4)], r.IntN(1000), r.IntN(100), r.IntN(50))
	}
	for _, c := range []struct{ name, aggregate, where string }{
		{"no expression", "sum(price)", ""},
		{"product", "sum(price * qty)", ""},
		{"where", "sum(price)", "region = 'north' and qty > 0"},
		{"filter", "count(*) filter (where price > 500)", ""},
		{"case", "sum(case when region = 'north' then -price else price end)", ""},
		{"arithmetic", "sum((price - 1.5) * (1 + 19 / 100) * qty)", ""},
		{"text", "count(distinct upper(substr(region, 1, 2)))", ""},
		{"round", "sum(round(price * 1.19, 2))", ""},
		{"coalesce", "sum(coalesce(nullif(price, 0), qty, 1))", "region in ('north', 'south') or qty between 3 and 9"},
	} {
		b.Run(c.name, func(b *testing.B) {
			q, err := Compile(Spec{Input: dialect.Settings{DecimalChar: ","}, GroupBy: []string{"region"}, Aggregate: []string{c.aggregate}, Where: c.where})
			if err != nil {
				b.Fatal(err)
			}
			file := dialect.File{Name: "f.csv", ReaderAt: strings.NewReader(text.String()), Size: int64(text.Len())}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := q.Run(b.Context(), file, func() (io.Writer, io.Writer, error) { return io.Discard, nil, nil }, Options{Engine: groupby.Options{Workers: 1}}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
