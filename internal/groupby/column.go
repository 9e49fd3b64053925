package groupby

// Role is how the cells of a column are used.
type Role uint8

// The roles, from the one that asks the least of a cell.
const (
	Presence Role = iota // whether there is a value: count(x)
	Text                 // as it is: a key, count(distinct x), first, last
	Number               // only numbers are good: sum, avg, median, quantile, stddev, variance
	Extreme              // by value where it is a number, else as text: min, max
	Time                 // only dates and times are good: year to hour
)

// with is the role of a column that is used in both ways, where that is one.
func (r Role) with(other Role) (both Role, ok bool) {
	switch {
	case r == other || other == Presence:
		return r, true
	case r == Presence, r == Extreme && other == Number:
		return other, true
	case r == Number && other == Extreme:
		return r, true
	}
	return 0, false
}

// Column is a column that a plan reads, and what for.
type Column struct {
	Name   string // as in the header; "" where the column goes by number
	Number int    // from 1; 0 where the column goes by name
	Role   Role
	Part   string // of the question that names it, for messages; may be empty
	// MayBeText says that the question may mean a text by the name, for messages.
	MayBeText bool
	Seen      bool // every cell is checked, so that a header among the rows is noticed, unless the name is a number
}

// Columns returns what the plan reads: a column that is used in several ways is there
// once for each.
func (p *Plan) Columns() []Column {
	columns := make([]Column, len(p.columns))
	for i, ref := range p.columns {
		columns[i] = Column{Name: ref.name, Number: ref.number, Role: p.roles[i]}
	}
	for i := range columns {
		columns[i].Seen = columns[i].Role == Number
	}
	if p.where == nil { // which other rows than those it takes do not get by
		for _, k := range p.keys {
			if k.fn != computed {
				columns[k.column].Seen = true
			}
		}
		for _, i := range p.memoized {
			columns[i].Seen = true
		}
	}
	for _, i := range p.asked {
		columns[i].Seen = true
	}
	return columns
}

// Layout says where an input has the columns of a plan. An input with a Layout has
// no header where the engine begins to read.
type Layout struct {
	Comma  byte     // the delimiter
	Times  int      // how often Comma stands between two fields, 2 for ||; 0 is once
	Width  int      // fields of each record
	Fields []int    // for each of Plan.Columns the number of its field, from 0
	Names  []string // of the fields, as messages call them
	Start  int64    // bytes before the first record
	Line   int64    // on which that is, from 1

	Numbers *NumberFormat // nil: as the engine writes them
	Cells   *CellFormat   // nil: each cell is what stands between its delimiters or quotes
}

// CellFormat is how an input writes cells where some bytes of them do not count, or where a text
// stands for NULL.
type CellFormat struct {
	First, Last [256]bool // bytes that a cell begins or ends with where that may be so
	// Clean is the part of a cell that counts: from from to before to, NULL where that is nothing.
	// A quote in it is doubled, as between quotes. It may be called by several goroutines at once.
	Clean func(cell []byte) (from, to int)
}

// NumberFormat is how an input writes numbers where that is another way than the engine does.
type NumberFormat struct {
	// Decimal is what stands before the decimals. One to eight digits with this among them, after
	// a minus or not, have to be a number.
	Decimal byte
	// Append appends a cell as the engine writes numbers, and says whether it is one. It may be
	// called by several goroutines at once.
	Append func(dst, cell []byte) ([]byte, NumberKind)
}

// NumberKind is whether a cell is a number.
type NumberKind uint8

// Where a cell is in doubt, the input has to be read another way: no row with it is aggregated.
const (
	NoNumber NumberKind = iota
	IsNumber
	DoubtfulNumber
)

func (l *Layout) layout() *layout { return &layout{width: l.Width, index: l.Fields, names: l.Names} }

// String is how messages call a column.
func (c Column) String() string { return columnRef{name: c.Name, number: c.Number}.String() }
