package groupby

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestCodes has keys of columns with few and with many cells, short and long ones, in tables that
// are emptied on the way.
func TestCodes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	long := strings.Repeat("x", codedCell-4)
	for name, c := range map[string]struct {
		keys  string
		cells []func(i int) string
		off   bool // the columns are not of the kind
	}{
		"few":          {"a, b", []func(int) string{some("north", "south", "", `"a""b"`), some("product-1", "product-12", "product-123456", "12345678", "123456789", "1")}, false},
		"one long":     {"b", []func(int) string{some("x"), some(long+"1", long+"12", long+"123", long+"1234", "12345678")}, false},
		"too long":     {"a, b", []func(int) string{some("x", "y", ""), some(long+"1234", long+"12345", "1")}, false},
		"late":         {"a, b", []func(int) string{some("x", "y"), func(i int) string { return fmt.Sprint(r.IntN(1 + i/20)) }}, false},
		"too many":     {"a, b", []func(int) string{some("x", "y"), func(int) string { return fmt.Sprint("product-", r.IntN(3*codedCells)) }}, true},
		"all together": {"a, b, c", []func(int) string{func(int) string { return fmt.Sprint(r.IntN(200)) }, func(int) string { return fmt.Sprint("b", r.IntN(300)) }, some("x", "y")}, true},
		"five columns": {"a, b, c, d, e", []func(int) string{some("x", ""), some("x", "y"), some("x", "y", "z"), some("", "z"), some("x", "123456789")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString("a,b,c,d,e,v\n")
			for i := range 5000 {
				for column := range 5 {
					if column < len(c.cells) {
						b.WriteString(c.cells[column](i))
					}
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "%d\n", r.IntN(100))
			}
			p := mustCompile(t, Spec{GroupBy: strings.Split(c.keys, ", "), Aggregates: []string{"sum(v)", "count(*)"}})
			want := oracleResult(p, []byte(b.String()))
			for _, full := range []int{1 << 20, 2000} {
				cut := sizes{block: 1 << 20, ahead: 1, chunk: chunkSize, full: full}
				for range 2 { // the second with what the first leaves behind
					if got := engineResult(p, []byte(b.String()), cut, 1); got.differs(want) {
						t.Fatalf("emptied at %d: got %+v, want %+v", full, got, want)
					}
				}
			}
			w := newWorkerOf(t, p, b.String())
			if w.codes.off != c.off || !c.off && name != "too long" && w.codes.known == 0 {
				t.Errorf("off is %v, %d groups are known", w.codes.off, w.codes.known)
			}
		})
	}
}

// some is a function of cells one after the other.
func some(cells ...string) func(int) string {
	r := rand.New(rand.NewPCG(3, 4))
	return func(int) string { return cells[r.IntN(len(cells))] }
}

// TestFixed reads amounts with the same number of decimals, and others among them.
func TestFixed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	step := 1
	if testing.Short() {
		step = 3
	}
	for decimals := 1; decimals <= 8; decimals += step {
		for _, odd := range []string{"none", "", "1", "1.5", ".", "-", "-.5", "1..5", "1.5.5", "x.50", "1.x0", "12345678.12", "-123456.7", "+1.50", "1,50", "1e5", ".50", "-0.00", " 1.50", "1\xcf.50", "\xcf.50", "1.5\xcf", "1.\xcf\xcf"} {
			var b strings.Builder
			b.WriteString("k,v\n")
			for i := range 1500 {
				amount := r.IntN(2_000_000) - 1_000_000
				cell := fmt.Sprintf("%.*f", decimals, float64(amount)/float64(pow10[decimals]))
				if odd != "none" && i > 700 && r.IntN(300) == 0 {
					cell = odd
				}
				fmt.Fprintf(&b, "%d,%s\n", i%3, cell)
			}
			for _, aggregates := range [][]string{{"sum(v)", "count(v)"}, {"min(v)", "max(v)"}} {
				p := mustCompile(t, Spec{GroupBy: []string{"k"}, Aggregates: aggregates})
				want := oracleResult(p, []byte(b.String()))
				if got := engineResult(p, []byte(b.String()), defaultSizes, 1); got.differs(want) {
					t.Fatalf("%d decimals and %q: got %+v, want %+v", decimals, odd, got, want)
				}
				if fixed := newWorkerOf(t, p, b.String()).batch.numbers[0].fixed; odd == "none" && fixed != decimals && decimals < 7 {
					t.Errorf("%d decimals were read as %d", decimals, fixed)
				}
			}
		}
	}
}
