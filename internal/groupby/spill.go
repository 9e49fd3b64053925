package groupby

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// ErrTooManyGroups says that the groups do not fit in Options.MemoryLimit, and
// that Options.TempDir names no folder for them.
var ErrTooManyGroups = errors.New("too many groups for the memory limit: raise it, or give a temporary folder for them")

// spill is the groups that did not fit in memory: sorted runs in one temporary
// file, each of which is merged with the others in the end, in order.
type spill struct {
	sync.Mutex
	ctx   context.Context
	file  *os.File
	size  int64
	runs  []spilledRun
	order *order
	// groups counts what was spilled, the same key in two runs twice.
	groups int64
}

// spilledRun is a part of the file.
type spilledRun struct {
	pairs   int   // which of states.paired it has, or -1 for groups
	at, end int64 // in the file
	scales  []uint8
	numeric []bool // the order it is in: see order
}

// spillAll writes all groups that are in the partitions, as sorted runs, and
// forgets them. The workers may go on filling partitions.
func (r *run) spillAll() error {
	s := &r.spilled
	var tables []*table
	var size int64
	for i := range r.partitions {
		p := &r.partitions[i]
		p.Lock()
		if p.table.states != nil && p.table.len() > 0 {
			t := p.table
			tables = append(tables, &t)
			size += t.size()
			p.table = table{}
		}
		p.Unlock()
	}
	if err := s.add(tables, r.states, r.opt.TempDir); err != nil {
		return fmt.Errorf("spill the groups of %s, %d so far: %w", r.in.Name, s.groups, err)
	}
	r.memory.Add(-size)
	return nil
}

// add writes disjoint tables as one run, and one for each set of pairs.
func (s *spill) add(tables []*table, states *states, dir string) error {
	if len(tables) == 0 {
		return nil
	}
	for _, t := range tables {
		s.groups += int64(t.len())
	}
	if s.file == nil && dir == "" {
		return ErrTooManyGroups
	}
	if s.file == nil {
		f, err := os.CreateTemp(dir, "groupby-*.spill")
		if err != nil {
			return fmt.Errorf("make a temporary file: %w", err)
		}
		_ = os.Remove(f.Name()) // the file ends with the process, however that ends
		s.file = f
	}
	scales := make([]uint8, len(states.list))
	for _, t := range tables {
		s.order.observe(t)
		for i, scale := range t.scales {
			scales[i] = max(scales[i], scale)
		}
	}
	for i := range states.paired {
		pairs := make([]*table, len(tables))
		for j, t := range tables {
			pairs[j] = &t.pairs[i]
		}
		if err := s.write(pairs, spilledRun{pairs: i}); err != nil {
			return err
		}
	}
	return s.write(tables, spilledRun{pairs: -1, scales: scales})
}

// write appends a run of tables with no key in common, which it sorts.
func (s *spill) write(tables []*table, run spilledRun) error {
	run.at, run.numeric = s.size, slices.Clone(s.order.numeric)
	merger, sorter := merger{order: s.order}, sorter{order: s.order}
	for _, t := range tables {
		merger.add(t, sorter.sort(t, false), false)
		merger.add(t, sorter.sort(t, true), true)
	}
	out := bufio.NewWriterSize(io.NewOffsetWriter(s.file, s.size), spillBuffer)
	var record []byte
	n := 0
	for c := merger.top(); c != nil; c = merger.top() {
		var err error
		if n++; n&0xfff == 0 && s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		if record, err = c.table.appendRecord(record[:0], c.at[0], c.currentKey(), run.scales); err != nil {
			return err
		}
		if _, err := out.Write(record); err != nil {
			return err
		}
		s.size += int64(len(record))
		if err := merger.next(); err != nil {
			return err
		}
	}
	run.end = s.size
	s.runs = append(s.runs, run)
	return out.Flush()
}

// close gives the file's room back.
func (s *spill) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// A spilled record is the key's length and bytes, then the states: a count, or
// one of these and what belongs to it.
const (
	spilledNone  = iota
	spilledShort // a signed varint
	spilledLong  // lo and hi
	spilledText  // length and bytes
)

// appendRecord encodes a record, its numbers at the given scales.
func (t *table) appendRecord(dst []byte, at uint32, key []byte, scales []uint8) ([]byte, error) {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	for s, st := range t.list {
		words := t.records[int(at)+st.offset:]
		switch {
		case st.kind == distinctCount || st.kind == cellValues:
			continue
		case st.kind == cellFirst || st.kind == cellLast:
			dst = t.appendCell(dst, int(at)+st.offset)
			continue
		case st.kind == cellSquares:
			var err error
			if dst, err = t.appendSquares(dst, int(at)+st.offset, scales[s]-t.scales[s]); err != nil {
				return dst, err
			}
			continue
		case !st.kind.numeric():
			dst = binary.AppendUvarint(dst, words[0])
			continue
		case words[1] == noValue:
			dst = append(dst, spilledNone)
			continue
		case st.kind.extreme() && int64(words[1]) >= extremeText:
			text := t.extremeText(int(at) + st.offset)
			dst = append(binary.AppendUvarint(append(dst, spilledText), uint64(len(text))), text...)
			continue
		}
		v, ok := int128{words[1], words[0]}, true
		if !st.double {
			v, ok = v.scaleUp(scales[s] - t.scales[s])
		}
		if !ok {
			return dst, errTooWide
		}
		if v.hi == uint64(int64(v.lo)>>63) {
			dst = binary.AppendVarint(append(dst, spilledShort), int64(v.lo))
		} else {
			dst = binary.LittleEndian.AppendUint64(append(dst, spilledLong), v.lo)
			dst = binary.LittleEndian.AppendUint64(dst, v.hi)
		}
	}
	return dst, nil
}

// runReader reads a spilled run, a record at a time into a table of one.
type runReader struct {
	in    *bufio.Reader
	key   []byte
	table table
	at    uint32
}

func (s *spill) reader(run spilledRun, states *states, buffer int) *runReader {
	if run.pairs >= 0 {
		states = states.pairsOf(run.pairs)
	}
	rd := &runReader{
		in:    bufio.NewReaderSize(io.NewSectionReader(s.file, run.at, run.end-run.at), buffer),
		table: newTable(states),
	}
	copy(rd.table.scales, run.scales)
	rd.table.reserve(1, 0)
	rd.at = rd.table.newRecord(states.words)
	return rd
}

// next reads a record; io.EOF is the end of the run.
func (rd *runReader) next() error {
	n, err := binary.ReadUvarint(rd.in)
	if err != nil {
		return err
	}
	if rd.key, err = rd.bytes(rd.key[:0], n); err != nil {
		return err
	}
	t := &rd.table
	t.arena = t.arena[:0]
	t.clearRecord(rd.at)
	for _, st := range t.list {
		words := t.records[int(rd.at)+st.offset:]
		switch {
		case st.kind == distinctCount || st.kind == cellValues:
			continue
		case st.kind == cellFirst || st.kind == cellLast:
			if err := rd.cell(words); err != nil {
				return err
			}
			continue
		case st.kind == cellSquares:
			if err := readSquares(rd.in, words); err != nil {
				return err
			}
			continue
		case !st.kind.numeric():
			if words[0], err = binary.ReadUvarint(rd.in); err != nil {
				return unexpected(err)
			}
			continue
		}
		kind, err := rd.in.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		switch kind {
		case spilledShort:
			v, err := binary.ReadVarint(rd.in)
			if err != nil {
				return unexpected(err)
			}
			words[0], words[1] = uint64(v), uint64(v>>63)
		case spilledLong:
			var b [16]byte
			if _, err := io.ReadFull(rd.in, b[:]); err != nil {
				return unexpected(err)
			}
			words[0], words[1] = binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:])
		case spilledText:
			n, err := binary.ReadUvarint(rd.in)
			if err != nil {
				return unexpected(err)
			}
			if words[0], err = rd.text(n); err != nil {
				return err
			}
			words[1] = extremeText | n
		}
	}
	return nil
}

// text reads n bytes into the arena and returns their place, which is not for overwriting.
func (rd *runReader) text(n uint64) (place uint64, err error) {
	place = uint64(len(rd.table.arena))
	rd.table.arena, err = rd.bytes(append(rd.table.arena, make([]byte, roomSize)...), n)
	return place, err
}

// bytes appends the next n bytes.
func (rd *runReader) bytes(dst []byte, n uint64) ([]byte, error) {
	start := len(dst)
	dst = slices.Grow(dst, int(n))[:start+int(n)]
	_, err := io.ReadFull(rd.in, dst[start:])
	return dst, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// resort brings runs that were sorted before a key turned out to be no integer
// into the final order.
func (s *spill) resort(states *states) error {
	for i, run := range s.runs {
		if slices.Equal(run.numeric, s.order.numeric) {
			continue
		}
		rd := s.reader(run, states, spillBuffer)
		t := newTable(rd.table.states)
		copy(t.scales, run.scales)
		for err := rd.next(); err != io.EOF; err = rd.next() {
			if err != nil {
				return err
			}
			at := int(t.find(rd.key))
			if err := t.mergeStates(at, &rd.table, int(rd.at)); err != nil {
				return err
			}
		}
		if err := s.write([]*table{&t}, spilledRun{pairs: run.pairs, scales: run.scales}); err != nil {
			return err
		}
		last := len(s.runs) - 1
		s.runs[i], s.runs = s.runs[last], s.runs[:last]
	}
	return nil
}

// mergers opens all runs: of the groups and of each set of pairs.
func (s *spill) mergers(states *states) (groups *merger, pairs []*merger, err error) {
	buffer := max(4<<10, min(spillBuffer, mergeBuffers/max(1, len(s.runs))))
	groups = &merger{order: s.order}
	for range states.paired {
		pairs = append(pairs, &merger{order: s.order})
	}
	for _, run := range s.runs {
		m := groups
		if run.pairs >= 0 {
			m = pairs[run.pairs]
		}
		if err := m.addRun(s.reader(run, states, buffer)); err != nil {
			return nil, nil, err
		}
	}
	return groups, pairs, nil
}

const (
	spillBuffer  = 128 << 10 // bytes written or read at once
	mergeBuffers = 16 << 20  // bytes that the runs being merged read ahead, all together
)

// writeSpilled merges the runs and writes the result.
func (r *run) writeSpilled(o *output) error {
	s := &r.spilled
	groups, pairs, err := s.mergers(r.states)
	if err != nil {
		return err
	}
	walks := o.walks(r.ctx, pairs)
	all := newTable(r.states)
	for _, run := range s.runs {
		for i, scale := range run.scales {
			o.scales[i] = max(o.scales[i], scale)
		}
	}
	copy(all.scales, o.scales)
	all.reserve(1, 0)
	at := all.newRecord(r.states.words)
	var key []byte
	for c := groups.top(); c != nil; {
		key = append(key[:0], c.currentKey()...)
		all.clearRecord(at)
		all.arena = all.arena[:0]
		for c != nil && bytes.Equal(c.currentKey(), key) {
			if err := all.mergeStates(int(at), &c.run.table, int(c.run.at)); err != nil {
				return err
			}
			if err := groups.next(); err != nil {
				return err
			}
			c = groups.top()
		}
		for i, m := range pairs {
			if walks[i] != nil {
				if err := walks[i].group(key, &all, at); err != nil {
					return err
				}
				continue
			}
			n, err := m.countGroup(key)
			if err != nil {
				return err
			}
			all.records[int(at)+all.list[all.paired[i]].offset] = n
		}
		if err := o.group(key, &all, at); err != nil {
			return err
		}
		if o.groups&0xfff == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
	}
	return nil
}

// countGroup counts the different pairs of a group and passes over them.
func (m *merger) countGroup(key []byte) (n uint64, err error) {
	var last []byte
	for c := m.top(); c != nil && bytes.Equal(pairGroup(c.currentKey()), key); c = m.top() {
		if pair := c.currentKey(); n == 0 || !bytes.Equal(pair, last) {
			last = append(last[:0], pair...)
			n++
		}
		if err := m.next(); err != nil {
			return n, err
		}
	}
	return n, nil
}
