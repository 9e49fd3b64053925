package groupby

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/expression"
)

// Conditions on times and texts hold for the rows for which they hold one by one, whatever way
// their cells take through memo.go.
func TestConditionsOnTimesAndTexts(t *testing.T) {
	forms := []string{"%s", "%sT%s", "%s %s", "%s %s:30", "%sT%s:30:59", "%sT%s:30:59.125", "%sT%s:30:59Z", "%s %s:30:59+01:00"}
	rng := rand.New(rand.NewPCG(5, 6))
	var times []string
	for range 3000 {
		form := forms[rng.IntN(len(forms))]
		args := []any{fmt.Sprintf("2022-%02d-%02d", 1+rng.IntN(3), 1+rng.IntN(28)), fmt.Sprintf("%02d", rng.IntN(24))}
		times = append(times, fmt.Sprintf(form, args[:strings.Count(form, "%s")]...), "")
	}
	texts := append([]string{"north", "2022", "1", "-5", "2022-02", "2022-02-10", "2022-02-10x", `2022-02-1"0`, `20"`, "2é", "é", " 2022-02-10", "2022-02-10 ", "2022-02-10\n1", "~", "0", ":"}, times[:100]...)
	for condition, cells := range map[string][]string{
		"hour(t) = '2022-02-10T12'": times, "hour(t) < '2022-02' and month(t) = '2022-01'": times, "'2022-01-31T12' < hour(t)": times,
		"weekday(t) = 1": times, "weekday(t) in (1, 7) or week(t) = '2022-W05'": times, "year(t) = 2022": times, "quarter(t) = '2022-Q1'": times,
		"day(t) = '2022-01-31' or t > '2022-02-10 12'": times, "hour(t) < t": times,
		"t < '2022-02-10'": texts, "t <= '2022-02-10'": texts, "t = '2022-02-10'": texts, "t <> '2022-02-10'": texts, "t >= '2022-02-10'": texts, "t > '2022-02-10'": texts,
		"'2022-02-10' < t": texts, "'2022-02-10' <= t": texts, "'2022-02-10' > t": texts, "'2022-02-10' = t": texts, "'2022-02-10' >= t": texts, "not t between '2022-01-10' and '2022-02-10'": texts, "t in ('north', '2022-02')": texts, "t > '2'": texts, "t = '20\"'": texts,
	} {
		where, err := expression.ParseCondition(condition)
		if err != nil {
			t.Fatal(err)
		}
		program := where.Bind(func(*expression.Node) int { return 0 }, nil)
		row := expression.NewRow(&plainCells{reader: &numberReader{}}, 1)
		var file, want strings.Builder
		out := csv.NewWriter(&file)
		_ = out.Write([]string{"t", "n"})
		want.WriteString("n,n2\n")
		for i, cell := range cells {
			_ = out.Write([]string{cell, fmt.Sprint(i)})
			row.Begin()
			if row.SetText(0, []byte(cell)); cell == "" {
				row.SetNull(0)
			}
			var v expression.Value
			if err := program.Run(row, &v); err != nil {
				t.Fatalf("%s of %q: %v", condition, cell, err)
			}
			if v.IsTrue() {
				fmt.Fprintf(&want, "%d,%d\n", i, i)
			}
		}
		out.Flush()
		asked := map[string]bool{}
		var got strings.Builder
		p := mustCompile(t, Spec{GroupBy: []string{"n"}, Aggregates: []string{"sum(n) as n2"}, Where: condition})
		of := p.memoized[0]
		doubt := func(c int, text []byte) bool {
			if c == of {
				asked[string(text)] = true
			}
			return false
		}
		if _, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: strings.NewReader(file.String())}, &got, Options{Workers: 1, Doubt: doubt}); err != nil {
			t.Fatalf("%s: %v", condition, err)
		}
		if got.String() != want.String() {
			t.Errorf("%s: got\n%.300s\nwant\n%.300s", condition, got.String(), want.String())
		}
		for _, cell := range cells {
			if odd := cell != "" && (cell[0] < '0' || cell[0] > '9' || strings.ContainsAny(cell, "\"\né")); odd && !asked[strings.ReplaceAll(cell, `"`, `""`)] {
				t.Errorf("%s: nobody was asked whether %q is in doubt", condition, cell)
			}
		}
	}
}

// What is no time is none behind the part of it that an expression goes by, too.
func TestNoTimesBehindADay(t *testing.T) {
	for _, cell := range []string{"2022-01-31x", "2022-01-31 25:00", "2022-01-31T10:00:00+1", "2022-01-31 10:00 "} {
		for _, condition := range []string{"day(t) < '2022-02'", "hour(t) < '2022-02'", "weekday(t) = 1"} {
			p := mustCompile(t, Spec{GroupBy: []string{"n"}, Aggregates: []string{"count(*)"}, Where: condition})
			var out strings.Builder
			_, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: strings.NewReader("t,n\n2022-01-31,1\n2022-01-31 10,1\n" + cell + ",1\n")}, &out, Options{})
			if !errors.Is(err, ErrDoubt) {
				t.Errorf("%s of %q: %v, %q", condition, cell, err, out.String())
			}
		}
	}
}

// A cell that may be the name of the column again is always asked about.
func TestDoubtOfNamesThatAreNumbers(t *testing.T) {
	p := mustCompile(t, Spec{GroupBy: []string{"n"}, Aggregates: []string{"count(*)"}, Where: `"2022" > '2'`})
	var out strings.Builder
	_, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: strings.NewReader("2022,n\n2021,1\n2022,n\n")}, &out,
		Options{Doubt: func(_ int, text []byte) bool { return string(text) == "2022" }})
	if !errors.Is(err, ErrDoubt) {
		t.Errorf("%v, %q", err, out.String())
	}
}

// TestCellsThatRepeatAndThatDoNot has texts computed that are few, more than are remembered at
// first, more than ever are, and again few.
func TestCellsThatRepeatAndThatDoNot(t *testing.T) {
	p, err := Compile(Spec{GroupBy: []string{"substr(k, 1, 4) as g"}, Aggregates: []string{"count(*) filter (where lower(k) like '%7') as n", "sum(length(k)) as l"}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("k,x\n")
	seven, length := make(map[string]int), make(map[string]int)
	for _, distinct := range []int{10, 3000, 1 << 20, 10} {
		for i := range 20 * memoTrial {
			k := fmt.Sprintf("K%d", 100+i*7919%distinct)
			fmt.Fprintf(&text, "%s,\n", k)
			g := k[:4]
			if length[g] += len(k); strings.HasSuffix(k, "7") {
				seven[g]++
			}
		}
	}
	want := "g,n,l\n"
	for _, g := range slices.Sorted(maps.Keys(length)) {
		want += fmt.Sprintf("%s,%d,%d\n", g, seven[g], length[g])
	}
	var got strings.Builder
	if _, err := p.Run(t.Context(), Input{Name: "f.csv", Reader: strings.NewReader(text.String())}, &got, Options{}); err != nil {
		t.Fatal(err)
	}
	if got.String() != want {
		t.Errorf("got %.300q, want %.300q", got.String(), want)
	}
}
