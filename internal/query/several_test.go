package query

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// TestFilesThatTurnOutOtherwiseAreReadAFewTimes, however many they are: their first letter that is not
// in ASCII comes late, and is none of UTF-8.
func TestFilesThatTurnOutOtherwiseAreReadAFewTimes(t *testing.T) {
	const n = 12
	for name, spec := range map[string]Spec{
		"groups":      {GroupBy: []string{"k"}, Aggregate: []string{"sum(v)"}},
		"a selection": {Select: []string{"k", "v"}, Where: "k <> 'a'"},
	} {
		t.Run(name, func(t *testing.T) {
			opened := make([]int, n)
			var files []Open
			for i := range n {
				text := []byte("k,v\n" + strings.Repeat("a,1\n", 100_000) + "\xfc,1\n")
				files = append(files, func() (dialect.File, func(), error) {
					opened[i]++
					return dialect.File{Name: fmt.Sprint(i, ".csv"), ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, func() {}, nil
				})
			}
			q, err := Compile(spec)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			begins := 0
			begin := func() (io.Writer, io.Writer, error) {
				begins++
				out.Reset()
				return &out, nil, nil
			}
			report, err := q.RunAll(context.Background(), files, begin, Options{Engine: groupby.Options{Workers: 2}})
			if err != nil {
				t.Fatal(err)
			}
			want := "k,sum_v\na,1200000\nü,12\n"
			if spec.Select != nil {
				want = "k,v\n" + strings.Repeat("ü,1\n", n)
			}
			if out.String() != want || report.Rows != n*100_001 && spec.Select == nil {
				t.Errorf("got %.100q of %d rows, want %.100q", out.String(), report.Rows, want)
			}
			if begins > 4 {
				t.Errorf("the result was begun %d times, want as often for %d files as for one", begins, n)
			}
			for i, times := range opened {
				if times > 6 {
					t.Errorf("file %d was opened %d times", i, times)
				}
			}
		})
	}
}
