package csvtable_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"csv-pipeline/internal/csvtable"

	"github.com/klauspost/compress/zstd"
)

func TestRead(t *testing.T) {
	plain := "\xef\xbb\xbfitem;total\n2;10.5\n1;\n10;9\n"
	var gz, zs bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, _ = z.Write([]byte(plain))
	_ = z.Close()
	e, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = e.Write([]byte(plain))
	_ = e.Close()
	for kind, text := range map[string]string{"plain": plain, "gzip": gz.String(), "zstd": zs.String(), "pzstd": "\x50\x2a\x4d\x18\x04\x00\x00\x00size" + zs.String()} {
		table, err := csvtable.Read(strings.NewReader(text), 100)
		if err != nil {
			t.Fatal(kind, err)
		}
		want := &csvtable.Table{Header: []string{"item", "total"}, Rows: [][]string{{"2", "10.5"}, {"1", ""}, {"10", "9"}}, Numeric: []bool{true, true}}
		if !reflect.DeepEqual(table, want) {
			t.Errorf("%s: %+v", kind, table)
		}
		table.Sort(0, false)
		if table.Rows[2][0] != "10" {
			t.Errorf("numbers are sorted as text: %v", table.Rows)
		}
		table.Sort(1, true)
		if table.Rows[0][1] != "10.5" || table.Rows[2][1] != "" {
			t.Errorf("empty cells are not last: %v", table.Rows)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	table, err := csvtable.Read(io.MultiReader(strings.NewReader("a,b\n"), rows{}), 1000)
	if err != nil || len(table.Rows) != 1000 || !table.More {
		t.Fatalf("%d rows, more %v, %v", len(table.Rows), table.More, err)
	}
	table, err = csvtable.Read(rows{}.endless(), 10)
	if err != nil || len(table.Rows) != 0 || !table.More {
		t.Fatalf("one endless line: %d rows, more %v, %v", len(table.Rows), table.More, err)
	}
	broken := errors.New("the disk is gone")
	if _, err := csvtable.Read(iotest.ErrReader(broken), 10); !errors.Is(err, broken) {
		t.Errorf("a broken disk: %v", err)
	}
	for _, text := range []string{"", "\x1f\x8b broken", "\x00\xff\xfe", "a\"b,c\n\"open", strings.Repeat("a,", 1000)} {
		if table, err := csvtable.Read(strings.NewReader(text), 10); err != nil || table == nil {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

// rows is endless CSV.
type rows struct{ line string }

func (rows) endless() io.Reader { return rows{"x"} }

func (r rows) Read(p []byte) (int, error) {
	if r.line == "" {
		r.line = "1,2\n"
	}
	n := 0
	for n+len(r.line) <= len(p) {
		n += copy(p[n:], r.line)
	}
	return n, nil
}

// Sums equal those of big.Rat.
func TestNumbersAddExactly(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	sum, want := csvtable.Number{}, new(big.Rat)
	for range 10_000 {
		text := fmt.Sprintf("%d.%0*d", random.Int64N(2_000_000)-1_000_000, 1+random.IntN(6), random.Int64N(10))
		n, ok := csvtable.ParseNumber(text)
		if !ok {
			t.Fatal(text)
		}
		sum = sum.Add(n)
		r, _ := new(big.Rat).SetString(text)
		want.Add(want, r)
	}
	got, ok := new(big.Rat).SetString(sum.String())
	if !ok || got.Cmp(want) != 0 {
		t.Errorf("the sum is %s, want %s", sum, want.FloatString(10))
	}
	for _, text := range []string{"", "x", "0x10", "Inf", "NaN", "1_000", "1,5", "--1", "."} {
		if n, ok := csvtable.ParseNumber(text); ok {
			t.Errorf("%q is the number %s", text, n)
		}
	}
	big1, _ := csvtable.ParseNumber("999999999999999999")
	over := big1
	for range 20 {
		over = over.Add(big1)
	}
	if f := over.Float(); f < 2e19 || f > 2.2e19 {
		t.Errorf("beyond 64 bits the sum is %v", f)
	}
}

// TestDamagedPackings are damage, and no error of the reader, however far into the file it is.
func TestDamagedPackings(t *testing.T) {
	var text strings.Builder
	text.WriteString("a,b\n")
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		fmt.Fprintf(&text, "%d,%d\n", rng.Uint64(), rng.Uint64())
	}
	var gz bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = io.WriteString(g, text.String())
	_ = g.Close()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the store is gone")
	for name, packed := range map[string][]byte{"gzip": gz.Bytes(), "zstd": z.EncodeAll([]byte(text.String()), nil)} {
		for _, at := range []int{len(packed) / 2, len(packed) - 2} {
			damaged := bytes.Clone(packed)
			damaged[at] ^= 0xff
			for how, data := range map[string][]byte{"cut": packed[:at], "changed": damaged} {
				table, err := csvtable.Read(bytes.NewReader(data), 1_000_000)
				if err != nil || !strings.HasPrefix(table.Damage, "the packed data is damaged: ") || len(table.Rows) == 0 {
					t.Errorf("%s, %s at %d of %d: got %v, want damage", name, how, at, len(packed), err)
				}
			}
			if _, err := csvtable.Read(io.MultiReader(bytes.NewReader(packed[:at]), iotest.ErrReader(broken)), 1_000_000); !errors.Is(err, broken) {
				t.Errorf("%s, the store fails at %d: got %v", name, at, err)
			}
		}
	}
}
