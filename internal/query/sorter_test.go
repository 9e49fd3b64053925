package query

import (
	"math"
	"testing"
)

// TestHugeLimitsCutNoRows: twice a limit above half of math.MaxInt overflows, with which the rows were
// sorted anew for each that came.
func TestHugeLimitsCutNoRows(t *testing.T) {
	for _, limit := range []int{math.MaxInt, math.MaxInt/2 + 1} {
		s := newSorter(limit, t.TempDir())
		for _, key := range []string{"b", "a", "c", "a"} {
			if err := s.add([]byte(key), []byte(key)); err != nil {
				t.Fatal(err)
			}
		}
		if first := string(s.rows[0].key); first != "b" {
			t.Errorf("limit %d: the rows were sorted before all were there: the first is %s", limit, first)
		}
		got := ""
		if n, err := s.each(func(row []byte) error { got += string(row); return nil }); got != "aabc" || n != 4 || err != nil {
			t.Errorf("limit %d: got %s, %d, %v", limit, got, n, err)
		}
		s.close()
	}
}
