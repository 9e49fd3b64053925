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
