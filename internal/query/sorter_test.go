package query

import (
	"fmt"
	"math"
	"os"
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

// TestOrderingLeavesNoFile, also where the process is killed in the middle.
func TestOrderingLeavesNoFile(t *testing.T) {
	s := newSorter(0, t.TempDir())
	defer s.close()
	for i := range 3 {
		if err := s.add(fmt.Appendf(nil, "%d", 2-i), make([]byte, sorterMemory/2)); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(s.dir); s.file == nil || len(left) > 0 || err != nil {
		t.Errorf("a file %v, left in its folder %v, %v: want a file that is in none", s.file, left, err)
	}
	if n, err := s.each(func([]byte) error { return nil }); n != 3 || err != nil {
		t.Errorf("got %d rows, %v, want 3", n, err)
	}
}
