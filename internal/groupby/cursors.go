package groupby

import "io"

// cursor walks through the sorted records of a table's index, or of a run.
type cursor struct {
	prefix uint64
	key    []byte // valid while prefixes tie, and for output
	table  *table
	at     []uint32 // the records left, the current one first
	long   bool
	keyed  bool // key is that of the current record
	run    *runReader
}

// advance goes to the next record; io.EOF says that there is none.
func (c *cursor) advance(o *order) error {
	if c.run != nil {
		if err := c.run.next(); err != nil {
			return err
		}
		c.key = c.run.key
		c.prefix = o.prefix(c.key)
		return nil
	}
	c.at = c.at[1:]
	return c.load(o)
}

func (c *cursor) load(o *order) error {
	if len(c.at) == 0 {
		return io.EOF
	}
	c.keyed = false
	if t := c.table; t.present != nil && o.numeric[0] {
		c.prefix = 1<<63 + uint64(c.at[0])/uint64(t.words)
		return nil
	}
	if !c.long && o.columns == 1 && c.table.nuls == 0 && c.table.present == nil {
		c.prefix = o.prefixWord(c.table.records[int(c.at[0])+c.table.words])
	} else {
		c.prefix = o.prefix(c.currentKey())
	}
	return nil
}

func (c *cursor) currentKey() []byte {
	if !c.keyed && c.run == nil {
		c.key, c.keyed = c.table.key(c.at[0], c.long, c.key[:0]), true
	}
	return c.key
}

// merger is a heap of cursors, the least key first.
type merger struct {
	order *order
	heap  []*cursor
}

func (m *merger) add(t *table, at []uint32, long bool) {
	c := &cursor{table: t, at: at, long: long}
	if c.load(m.order) == nil {
		m.push(c)
	}
}

// addRun reads the run's first record.
func (m *merger) addRun(run *runReader) error {
	c := &cursor{run: run}
	err := c.advance(m.order)
	if err == io.EOF {
		return nil
	}
	m.push(c)
	return err
}

func (m *merger) push(c *cursor) {
	m.heap = append(m.heap, c)
	for i := len(m.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !m.less(i, parent) {
			break
		}
		m.heap[i], m.heap[parent] = m.heap[parent], m.heap[i]
		i = parent
	}
}

func (m *merger) less(i, j int) bool {
	a, b := m.heap[i], m.heap[j]
	if a.prefix != b.prefix {
		return a.prefix < b.prefix
	}
	return m.order.compare(a.currentKey(), b.currentKey()) < 0
}

// top is the cursor at the least key, nil at the end.
func (m *merger) top() *cursor {
	if len(m.heap) == 0 {
		return nil
	}
	return m.heap[0]
}

// next advances the top cursor.
func (m *merger) next() error {
	if err := m.heap[0].advance(m.order); err != nil && err != io.EOF {
		return err
	} else if err == io.EOF {
		last := len(m.heap) - 1
		m.heap[0] = m.heap[last]
		m.heap = m.heap[:last]
	}
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(m.heap) {
			return nil
		}
		if child+1 < len(m.heap) && m.less(child+1, child) {
			child++
		}
		if !m.less(child, i) {
			return nil
		}
		m.heap[i], m.heap[child] = m.heap[child], m.heap[i]
		i = child
	}
}
