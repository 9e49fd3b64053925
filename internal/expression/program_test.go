package expression

import (
	"fmt"
	"math/big"
	"strings"
	"testing"
)

type plainEnv struct{}

func (plainEnv) Number(text []byte, v *Value) bool { return ParseValue(text, v) }
func (plainEnv) Time(text []byte) ([]byte, bool)   { return text, true }
func (plainEnv) FileName() string                  { return "f.csv" }

func TestARowTakesNoMemory(t *testing.T) {
	index := func(n *Node) int { return map[string]int{"region": 0, "price": 1, "qty": 2}[n.Text] }
	row := NewRow(plainEnv{}, 3)
	for _, source := range []string{
		"region = 'north' and qty > 0",
		"price * qty >= 10 * (1 + 19 / 100) - 1",
		"round(price * 1.19, 2) = 14.88",
		"case when qty > 1 then -price else price end = -12.50",
		"coalesce(nullif(price, 0), qty, 1) > qty",
		"price <> qty",
	} {
		n, err := ParseCondition(source)
		if err != nil {
			t.Fatal(err)
		}
		program := n.Bind(index, nil)
		var v Value
		region, price, qty := []byte("north"), []byte("12.50"), []byte("3")
		allocated := testing.AllocsPerRun(10, func() {
			row.SetText(0, region)
			row.SetText(1, price)
			row.SetText(2, qty)
			row.Begin()
			if err := program.Run(row, &v); err != nil || !v.IsTrue() {
				t.Errorf("%s is %v, %v", source, v, err)
			}
		})
		if allocated > 0 {
			t.Errorf("%s: %v allocations a row", source, allocated)
		}
	}
}

// TestEachOperatorIsBoundOnce: a column that is bound twice for each operator above it is bound 2^n times.
func TestEachOperatorIsBoundOnce(t *testing.T) {
	within := func(format string, times int) string {
		source := "qty"
		for range times {
			source = fmt.Sprintf(format, source)
		}
		return source
	}
	for _, source := range []string{
		"0 < " + within("%s + qty", 16),
		"0 < " + within("-(%s - 1) * qty", 16),
		"0 < " + within("case when %s in (1, 2) then 1 else 2 end", 12),
		"0 < " + within("case when %s between 1 and 2 then 1 else 2 end", 12),
		"0 < " + within("length(concat(%s, 'a'))", 12),
	} {
		n, err := ParseCondition(source)
		if err != nil {
			t.Fatal(err)
		}
		columns := 0
		n.Bind(func(*Node) int { columns++; return 0 }, nil)
		if most := 4 * strings.Count(source, "qty"); columns > most {
			t.Errorf("%.60s…: columns were looked up %d times, want at most %d", source, columns, most)
		}
	}
}

func TestSmallNumbersAreRoundedAsLargeOnes(t *testing.T) {
	for _, how := range []rounding{halfAway, down, up} {
		for small := int64(-1100); small <= 1100; small++ {
			for digits := int32(0); digits < 3; digits++ {
				got, want := Number{small: small, scale: 3}, Number{big: big.NewInt(small), scale: 3}
				got.round(digits, how)
				want.round(digits, how)
				if got != want {
					t.Fatalf("%d thousandths to %d digits, %d: got %+v, want %+v", small, digits, how, got, want)
				}
			}
		}
	}
}

func TestWhatIsNoNumber(t *testing.T) {
	var v Value
	for _, text := range []string{"2025-02-01", "31.12.2024", "1-2", "--1", "+-1", ".", "-", "1e", "e5", "1.2.3", "inf", "nan", "0x1p-2"} {
		if ParseValue([]byte(text), &v) {
			t.Errorf("%s is %s", text, v.Append(nil))
		}
	}
}

// TestLongNumbers: zeros that change nothing are read for what they are, however many, and in a
// time that does not grow with their square.
func TestLongNumbers(t *testing.T) {
	zeros := func(n int) string { return strings.Repeat("0", n) }
	const eighteen = ".000000000000000000"
	for _, c := range []struct {
		text, want string
		kind       Kind
	}{
		{"1." + zeros(5), "1.00000", NumberValue},
		{"1." + zeros(5000), "1" + eighteen, NumberValue},
		{"-12.5" + zeros(5000), "-12.5" + eighteen[2:], NumberValue},
		{"0." + zeros(5000), "0" + eighteen, NumberValue},
		{zeros(5000) + "7", "7", NumberValue},
		{zeros(5000) + "7." + zeros(5000), "7" + eighteen, NumberValue},
		{"1." + zeros(5000) + "e30", "1" + zeros(30) + eighteen, NumberValue},
		{"1." + zeros(5000) + "e5", "100000" + eighteen, NumberValue},
		{"1" + zeros(430) + "." + zeros(5000) + "e-400", "1" + zeros(30) + eighteen, NumberValue},
		{"1" + zeros(400) + "e-400", "1" + eighteen, NumberValue},
		{"1." + zeros(5000) + "1", "1", FloatValue},
		{"0." + strings.Repeat("3", 5000), "0.3333333333333333", FloatValue},
		{strings.Repeat("1", 308) + "." + strings.Repeat("1", 5000), "1.1111111111111111e+307", FloatValue},
	} {
		var v Value
		name := c.text[:min(len(c.text), 12)]
		if !ParseValue([]byte(c.text), &v) {
			t.Errorf("%s… of %d bytes is no number", name, len(c.text))
			continue
		}
		if got := string(v.Append(nil)); v.Kind != c.kind || got != c.want {
			t.Errorf("%s… of %d bytes: %s, kind %d, want %s, kind %d", name, len(c.text), got, v.Kind, c.want, c.kind)
		}
		if n := testing.AllocsPerRun(1, func() { ParseValue([]byte(c.text), &v) }); n > 100 {
			t.Errorf("%s… of %d bytes: %v allocations", name, len(c.text), n)
		}
	}
	var v Value
	for _, text := range []string{"1" + zeros(5000), "1" + zeros(5000) + "x", strings.Repeat("1", 5000) + "-2", "1." + zeros(5000) + "x"} {
		if ParseValue([]byte(text), &v) {
			t.Errorf("%.12s… of %d bytes is %s", text, len(text), v.Append(nil))
		}
	}
}
