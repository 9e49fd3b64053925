package main

import (
	"fmt"
	"math"
	"testing"
)

// TestMeaning has pairs of cells that the benchmark takes for the same, and others.
func TestMeaning(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"28/01/2018", "2018-01-28", true},
		{"28/01/2018", "2018-01-29", false},
		{"Jan 5, 2018", "01/05/2018", true},
		{"2018-01-28 10:30", "28 January 2018 10:30:00", true},
		{"2018-01-28 10:30Z", "2018-01-28 10:30+00:00", true},
		{"7:05", "07:05:00", true},
		{"$89.34", "89.34 $", true},
		{"$89.34", "€89.34", false},
		{"€1.234,50", "€1,234.5", true},
		{"1.50", "1.5", true},
		{"007", "7", true},
		{"true", "1", true},
		{"Boots", "boots", true},
		{"Boots", "boot", false},
		{"", " ", false},
	} {
		if a, b := meaning(c.a), meaning(c.b); (a == b) != c.same {
			t.Errorf("%q is %q, %q is %q", c.a, a, c.b, b)
		}
	}
}

func TestRecords(t *testing.T) {
	const text = "\ufeffa,\"b\"\"c\"\r\n\r\n\"two\rlines\",d\"e\"\n\"x\"y,\n\"open"
	if got, want := fmt.Sprintf("%q", records(text)), `[["a" "b\"c"] [] ["two\nlines" "d\"e\""] ["xy" ""] ["open"]]`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestScore(t *testing.T) {
	s := &scorer{meanings: map[string]string{}}
	const clean = "a,b\n1,2\n3,4\n"
	for loaded, want := range map[string]float64{
		clean:                       10,
		"":                          1,
		"a,b\n1,2\n":                1 + 3 + 0.5 + 1 + 2/3. + 2/3. + 1 + 0.8,
		"b,a\n03,4\n1,2\n":          1 + 6 + 2*5/6. + 5/6., // records compare by value, cells as text
		"a,b,\n1,2,\n3,4,\n":        1 + 1 + 2/3. + 0.8 + 3 + 1 + 2/3. + 0.8,
		"x,y\n5,6\n":                1,
		"a,b\n1,2\n3,4\n1,2\n3,4\n": 1 + 3 + 1 + 0.5 + 2/3. + 1 + 0.6 + 0.75,
	} {
		if got := s.score(clean, loaded).sum(); math.Abs(got-want) > 1e-9 {
			t.Errorf("%q has %v, want %v", loaded, got, want)
		}
	}
}
