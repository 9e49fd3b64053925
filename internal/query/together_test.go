package query

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// TestSeveralFilesInBothWays has random questions answered of several files, as the engine reads
// plain ones and as they are rewritten.
func TestSeveralFilesInBothWays(t *testing.T) {
	seed := rand.Uint64()
	together := 0
	n := rounds(600)
	for i := range n {
		r := questions{rand.New(rand.NewPCG(seed, uint64(i)))}
		spec := r.spec()
		var files []Open
		var texts [][]byte
		for range 2 + r.IntN(3) {
			text := r.table()
			switch r.IntN(12) {
			case 0:
				text = bytes.TrimSuffix(text, []byte("\n"))
			case 1:
				text = bytes.ReplaceAll(text, []byte(","), []byte(";"))
			case 2:
				text = []byte("k,v,q,t\n")
			}
			texts = append(texts, text)
			files = append(files, func() (dialect.File, func(), error) {
				return dialect.File{Name: "f.csv", ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, func() {}, nil
			})
		}
		ask := func(spec Spec) (result, problem string, rows int64) {
			q, err := Compile(spec)
			if err != nil {
				t.Fatalf("seed %d, %d: %+v: %v", seed, i, spec, err)
			}
			var out bytes.Buffer
			begin := func() (io.Writer, io.Writer, error) {
				out.Reset()
				return &out, nil, nil
			}
			if q.plain != nil {
				s := several{Query: q, files: files, begin: begin, layouts: make([]*dialect.Layout, len(files))}
				if _, err := s.together(context.Background()); err == nil {
					together++
				}
			}
			report, err := q.RunAll(context.Background(), files, begin, Options{Engine: groupby.Options{Workers: 1 + r.IntN(2)}})
			if err != nil {
				return "", err.Error(), 0
			}
			return out.String(), "", report.Rows
		}
		result, problem, rows := ask(spec)
		spec.Input.CommentPrefix = "%never%"
		if again, otherProblem, otherRows := ask(spec); again != result || problem != otherProblem || rows != otherRows {
			t.Fatalf("seed %d, %d: %+v\n%q\nas they are %d %q %s\nrewritten   %d %q %s", seed, i, spec, texts, rows, result, problem, otherRows, again, otherProblem)
		}
	}
	if together < n/20 {
		t.Errorf("the engine read the files of %d of %d questions as they are", together, n)
	}
}

// TestAQuoteEndsWithItsFile: one that a file does not close is refused, and does not go on in the next.
func TestAQuoteEndsWithItsFile(t *testing.T) {
	got, _ := found(t, Spec{GroupBy: []string{"k"}, Aggregate: []string{"sum(v)"}}, "k,v\n\"a,1\n", "k,v\nb\",2\n")
	if !strings.HasPrefix(got, "f.csv:2: a quote is opened and never closed") {
		t.Error(got)
	}
}
