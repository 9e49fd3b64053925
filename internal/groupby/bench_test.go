package groupby

import (
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkSmallFile is the file that jobs see most: a day's 200 sales.
func BenchmarkSmallFile(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var s strings.Builder
	s.WriteString("timestamp,item_id,quantity\n")
	for range 200 {
		s.WriteString("2022-01-01T12:30:00Z," + strconv.Itoa(1+r.IntN(5)) + "," + strconv.Itoa(1+r.IntN(10)) + "\n")
	}
	data, p := s.String(), mustCompile(b, total)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		in := Input{Name: "20220101.csv", ReaderAt: strings.NewReader(data), Size: int64(len(data))}
		if _, err := p.Run(b.Context(), in, io.Discard, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAggregates is a million sales in five groups, and in very many.
func BenchmarkAggregates(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	var s strings.Builder
	s.WriteString("item_id,customer,quantity,price\n")
	const rows = 1_000_000
	for range rows {
		s.WriteString(strconv.Itoa(1+r.IntN(5)) + ",c" + strconv.Itoa(r.IntN(100_000)) + "," + strconv.Itoa(1+r.IntN(10)) + "," + strconv.Itoa(r.IntN(1000)) + "." + strconv.Itoa(10+r.IntN(90)) + "\n")
	}
	data := s.String()
	for _, key := range []string{"item_id", "customer"} {
		for _, aggregate := range []string{"sum(quantity)", "sum(price)", "avg(price)", "variance(price)", "stddev(price)", "median(quantity)", "median(price)", "count(distinct price)", "first(price)", "last(price)"} {
			b.Run(key+"/"+aggregate, func(b *testing.B) {
				p := mustCompile(b, Spec{GroupBy: []string{key}, Aggregates: []string{aggregate}})
				for b.Loop() {
					in := Input{Name: "sales.csv", ReaderAt: strings.NewReader(data), Size: int64(len(data))}
					if _, err := p.Run(b.Context(), in, io.Discard, Options{Workers: 1}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
			})
		}
	}
}
