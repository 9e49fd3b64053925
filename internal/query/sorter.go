package query

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
)

// sorter puts rows in the order of their keys' bytes, and of their arrival where keys are
// the same. It keeps no more in memory than sorterMemory, and the rest in sorted runs in a
// temporary file.
type sorter struct {
	limit int // only so many rows are wanted; 0: all
	dir   string
	rows  []sorted
	size  int
	n     uint64
	file  *os.File
	ends  []int64 // of the runs in the file
}

// sorted is a row on its way.
type sorted struct {
	key []byte
	n   uint64 // in the order of arrival
	row []byte
}

const sorterMemory = 16 << 20 // bytes

func newSorter(limit int, dir string) *sorter { return &sorter{limit: limit, dir: dir} }

func compareSorted(a, b *sorted) int {
	if c := bytes.Compare(a.key, b.key); c != 0 {
		return c
	}
	if a.n < b.n {
		return -1
	}
	return 1
}

// add takes a row, which it copies.
func (s *sorter) add(key, row []byte) error {
	s.n++
	if s.limit > 0 && len(s.rows)/2 >= s.limit {
		s.cut()
	}
	both := make([]byte, 0, len(key)+len(row))
	both = append(append(both, key...), row...)
	s.rows = append(s.rows, sorted{key: both[:len(key):len(key)], n: s.n, row: both[len(key):]})
	if s.size += len(both) + 64; s.size < sorterMemory {
		return nil
	}
	if s.limit > 0 {
		if s.cut(); s.size < sorterMemory/2 {
			return nil
		}
	}
	return s.spill()
}

// cut sorts the rows and forgets those beyond the limit.
func (s *sorter) cut() {
	slices.SortFunc(s.rows, func(a, b sorted) int { return compareSorted(&a, &b) })
	if s.limit > 0 && len(s.rows) > s.limit {
		clear(s.rows[s.limit:])
		s.rows = s.rows[:s.limit]
	}
	s.size = 0
	for i := range s.rows {
		s.size += len(s.rows[i].key) + len(s.rows[i].row) + 64
	}
}

// spill writes the rows as a sorted run.
func (s *sorter) spill() error {
	s.cut()
	var at int64
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "orderby-*.spill")
		if err != nil {
			return fmt.Errorf("order the rows: %w", err)
		}
		_ = os.Remove(f.Name()) // the file ends with the process, however that ends
		s.file = f
	} else {
		at = s.ends[len(s.ends)-1]
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(s.file, at), 64<<10)
	var head []byte
	for i := range s.rows {
		r := &s.rows[i]
		head = binary.AppendUvarint(head[:0], r.n)
		head = binary.AppendUvarint(head, uint64(len(r.key)))
		head = binary.AppendUvarint(head, uint64(len(r.row)))
		at += int64(len(head) + len(r.key) + len(r.row))
		_, _ = w.Write(head)
		_, _ = w.Write(r.key)
		_, _ = w.Write(r.row)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("order the rows: %w", err)
	}
	s.ends = append(s.ends, at)
	clear(s.rows)
	s.rows, s.size = s.rows[:0], 0
	return nil
}

// run is a sorted run that is read.
type run struct {
	in *bufio.Reader
	sorted
}

func (r *run) next() error {
	var lengths [3]uint64
	for i := range lengths {
		var err error
		if lengths[i], err = binary.ReadUvarint(r.in); err != nil {
			return err
		}
	}
	both := make([]byte, lengths[1]+lengths[2])
	if _, err := io.ReadFull(r.in, both); err != nil {
		return io.ErrUnexpectedEOF
	}
	r.sorted = sorted{n: lengths[0], key: both[:lengths[1]], row: both[lengths[1]:]}
	return nil
}

// runs is a heap by the rows that come next.
type runs []*run

func (r runs) Len() int           { return len(r) }
func (r runs) Less(i, j int) bool { return compareSorted(&r[i].sorted, &r[j].sorted) < 0 }
func (r runs) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *runs) Push(x any)        { *r = append(*r, x.(*run)) }
func (r *runs) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

// each calls f with the rows in order, and says how many there were.
func (s *sorter) each(f func(row []byte) error) (n int64, err error) {
	if s.file == nil {
		s.cut()
		for i := range s.rows {
			if err := f(s.rows[i].row); err != nil {
				return n, err
			}
			n++
		}
		return n, nil
	}
	if err := s.spill(); err != nil {
		return 0, err
	}
	var all runs
	start := int64(0)
	buffer := max(4<<10, min(64<<10, sorterMemory/2/len(s.ends)))
	for _, end := range s.ends {
		r := &run{in: bufio.NewReaderSize(io.NewSectionReader(s.file, start, end-start), buffer)}
		start = end
		if err := r.next(); err == nil {
			all = append(all, r)
		} else if err != io.EOF {
			return 0, fmt.Errorf("order the rows: %w", err)
		}
	}
	heap.Init(&all)
	for len(all) > 0 && (s.limit == 0 || n < int64(s.limit)) {
		if err := f(all[0].row); err != nil {
			return n, err
		}
		n++
		switch err := all[0].next(); err {
		case nil:
			heap.Fix(&all, 0)
		case io.EOF:
			heap.Pop(&all)
		default:
			return n, fmt.Errorf("order the rows: %w", err)
		}
	}
	return n, nil
}

// close gives the file's room back.
func (s *sorter) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}
