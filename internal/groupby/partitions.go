package groupby

import (
	"slices"
	"sync"
)

// Where there are many groups, the workers' tables are but a stage: when one
// outgrows the cache it is emptied into the partitions, each of which has the
// keys of a range of hashes, and is small enough for the cache in its turn.
const partitionBits = 6

type partition struct {
	sync.Mutex
	table table
	_     [64]byte // apart from the next one's mutex
}

type partitions [1 << partitionBits]partition

// partitionOf is the partition of a hash by its low bits; an index goes by the
// high ones.
func partitionOf(hash uint64) uint8 { return uint8(hash & (1<<partitionBits - 1)) }

// take moves all groups of a table to the partitions, beginning at one of
// them, so that two workers do not get in each other's way. It says how much
// memory they have taken.
func (p *partitions) take(t *table, first int, s *scatter) (grown int64, err error) {
	s.scatter(t)
	for i := range p {
		n := (first + i) % len(p)
		more, err := p[n].take(t, s, n)
		grown += more
		if err != nil {
			return grown, err
		}
	}
	t.reset()
	return grown, nil
}

func (p *partition) take(t *table, s *scatter, n int) (grown int64, err error) {
	p.Lock()
	defer p.Unlock()
	if p.table.states == nil {
		p.table = newTable(t.states)
	}
	before := p.table.size()
	err = p.merge(t, s, n)
	return p.table.size() - before, err
}

func (p *partition) merge(t *table, s *scatter, n int) error {
	if err := p.table.matchScales(t); err != nil {
		return err
	}
	if err := p.table.mergeParts(t, s.groups[0].part(n), s.groups[1].part(n)); err != nil {
		return err
	}
	for i := range t.pairs {
		if err := p.table.pairs[i].mergeParts(&t.pairs[i], s.pairs[i][0].part(n), s.pairs[i][1].part(n)); err != nil {
			return err
		}
	}
	return nil
}

// mergeParts adds some records of another table, whose scales t matches.
func (t *table) mergeParts(from *table, short, long []uint32) error {
	t.reserve(len(short), len(long))
	for len(short) > 0 {
		n := min(len(short), mergeRows)
		if err := t.mergeShort(from, short[:n]); err != nil {
			return err
		}
		short = short[n:]
	}
	for _, at := range long {
		if err := t.mergeRecord(from, at, true); err != nil {
			return err
		}
	}
	return nil
}

// scatter is the records of a table by partition, short keys and long ones.
// It keeps its memory from one table to the next.
type scatter struct {
	groups [2]scattered
	pairs  [][2]scattered
	key    []byte
}

func (s *scatter) scatter(t *table) {
	s.groups[0].fill(t.short.slots, t.short.n, func(at uint32) uint8 { return partitionOf(t.hash(at, false)) })
	s.groups[1].fill(t.long.slots, t.long.n, func(at uint32) uint8 { return partitionOf(t.hash(at, true)) })
	if s.pairs == nil {
		s.pairs = make([][2]scattered, len(t.pairs))
	}
	for i := range t.pairs {
		pairs := &t.pairs[i]
		of := func(long bool) func(uint32) uint8 {
			return func(at uint32) uint8 {
				s.key = pairs.key(at, long, s.key[:0])
				return partitionOf(hashKey(pairGroup(s.key)))
			}
		}
		s.pairs[i][0].fill(pairs.short.slots, pairs.short.n, of(false))
		s.pairs[i][1].fill(pairs.long.slots, pairs.long.n, of(true))
	}
}

// scattered is records by partition.
type scattered struct {
	at   []uint32
	of   []uint8
	ends [1 << partitionBits]uint32
	n    int
}

// fill takes the n records of an index's slots.
func (s *scattered) fill(slots []uint32, n int, partition func(at uint32) uint8) {
	s.n = n
	if n == 0 {
		return
	}
	s.at, s.of = slices.Grow(s.at[:0], n)[:n], slices.Grow(s.of[:0], n)[:0]
	var start [1 << partitionBits]uint32
	for _, at := range slots {
		if at != 0 {
			p := partition(at)
			s.of = append(s.of, p)
			start[p]++
		}
	}
	var sum uint32
	for i, n := range start {
		start[i] = sum
		sum += n
	}
	s.ends = start
	i := 0
	for _, at := range slots {
		if at != 0 {
			p := s.of[i]
			s.at[s.ends[p]] = at
			s.ends[p]++
			i++
		}
	}
}

// part is the records of a partition.
func (s *scattered) part(n int) []uint32 {
	if s.n == 0 {
		return nil
	}
	start := uint32(0)
	if n > 0 {
		start = s.ends[n-1]
	}
	return s.at[start:s.ends[n]]
}
