package describe

import (
	"fmt"
	"slices"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// decideNumbers finds the format that reads most cells, and whether another one reads as many
// as other values.
func (d *decision) decideNumbers() {
	var columns []*column
	for _, c := range d.numeric {
		if d.counts(c) && (!d.asked || c.as(groupby.Number) || c.as(groupby.Extreme)) {
			columns = append(columns, c)
		}
	}
	// Points and commas decide; blanks between digits may be those of a telephone number.
	var marked []*column
	for _, c := range columns {
		if slices.ContainsFunc(c.kept, func(cell string) bool { return strings.ContainsAny(cell, ".,") }) {
			marked = append(marked, c)
		}
	}
	if len(marked) == 0 {
		marked = columns
	}
	best, most := d.readMost(marked, nil)
	if most <= 0 {
		return
	}
	if best[0] == 0 {
		best, _ = d.readMost(columns, best)
		if d.format = best[0]; d.decidePoints(columns, marked) {
			d.settings = merge(d.settings, d.readings.Numbers[d.format].Settings())
		}
		return
	}
	classes := d.classes(marked, best)
	simplest, all := make([]int, len(classes)), int64(-1)
	for i, class := range classes {
		class, n := d.readMost(columns, class)
		if simplest[i] = class[0]; n > all {
			d.format, all = class[0], n
		}
	}
	if len(classes) == 1 {
		if format := d.readings.Numbers[d.format]; format.DecimalChar != "" || format.GroupChar != "" || d.decidePoints(columns, marked) {
			d.settings = merge(d.settings, format.Settings())
		}
		return
	}
	choice := Choice{About: d.example(columns, simplest)}
	for _, i := range simplest {
		choice.Options = append(choice.Options, Option{Means: d.means(columns, simplest, i), Settings: d.readings.Numbers[i].Settings()})
	}
	d.choices = append(d.choices, choice)
}

// readMost are those of the formats, of all where these are nil, that read most cells of columns,
// and how many that are.
func (d *decision) readMost(columns []*column, formats []int) (best []int, most int64) {
	most = -1
	for i := range d.readings.Numbers {
		if formats != nil && !slices.Contains(formats, i) {
			continue
		}
		var n int64
		for _, c := range columns {
			n += readBy(c.numbers, i)
		}
		switch {
		case n > most:
			best, most = []int{i}, n
		case n == most:
			best = append(best, i)
		}
	}
	return best, most
}

// decidePoints decides whether the points of numbers that are read as they are stand before
// decimals; false where that is a choice. marked are the columns with points.
func (d *decision) decidePoints(columns, marked []*column) bool {
	if d.comma || d.settings.DecimalChar != "" || d.settings.GroupChar != "" {
		return true
	}
	format := d.readings.Numbers[d.format]
	thousands := slices.Index(d.readings.Numbers, dialect.NumberFormat{DecimalChar: ",", GroupChar: ".", Dressed: format.Dressed})
	_, most := d.readMost(marked, []int{d.format})
	if _, n := d.readMost(marked, []int{thousands}); n < most {
		thousands = -1
	}
	for _, c := range marked {
		if c.doubtful.cell == "" || c.decimal {
			continue
		}
		settings := format.Settings()
		settings.DecimalChar = "."
		if thousands < 0 {
			d.settings = merge(d.settings, settings)
			return true
		}
		d.choices = append(d.choices, Choice{
			About: fmt.Sprintf("%s: %s: %q may be one with decimals, or thousands, and nothing in the column tells", d.at(c.doubtful.line), c.name, c.doubtful.cell),
			Options: []Option{
				{Means: d.means(columns, []int{d.format, thousands}, d.format), Settings: settings},
				{Means: d.means(columns, []int{d.format, thousands}, thousands), Settings: d.readings.Numbers[thousands].Settings()},
			},
		})
		return false
	}
	return true
}

// classes are the formats by the values that they give the numbers.
func (d *decision) classes(columns []*column, formats []int) (classes [][]int) {
	var known []string
	for _, i := range formats {
		var values strings.Builder
		for _, c := range columns {
			for _, cell := range c.kept {
				values.WriteString(d.value(cell, i) + "\n")
			}
		}
		if at := slices.Index(known, values.String()); at >= 0 {
			classes[at] = append(classes[at], i)
		} else {
			known = append(known, values.String())
			classes = append(classes, []int{i})
		}
	}
	return classes
}

// canonical is a number without zeros that change nothing.
func canonical(number string) string {
	whole, decimals, found := strings.Cut(number, ".")
	if found && !strings.ContainsAny(decimals, "eE") {
		decimals = strings.TrimRight(decimals, "0")
	}
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if decimals == "" {
		return sign + whole
	}
	return sign + whole + "." + decimals
}

// telling are cells that tell formats apart: one that they give other values, or otherwise those
// that one reads and another does not; and their column.
func (d *decision) telling(columns []*column, formats []int) (cells []string, of *column) {
	for _, c := range columns {
		for _, cell := range c.kept {
			values := map[string]bool{}
			for _, i := range formats {
				values[d.value(cell, i)] = true
			}
			switch {
			case len(values) < 2:
				continue
			case !values[notRead]:
				return []string{cell}, c
			case of == nil:
				of = c
			}
			if of == c && (len(cells) == 0 || len(cells) == 1 && slices.ContainsFunc(formats, func(i int) bool { return d.value(cell, i) != notRead && d.value(cells[0], i) == notRead })) {
				cells = append(cells, cell)
			}
		}
	}
	return cells, of
}

func (d *decision) example(columns []*column, formats []int) string {
	cells, c := d.telling(columns, formats)
	switch len(cells) {
	case 0:
		return "numbers may be read in several ways"
	case 1:
		return fmt.Sprintf("%s: %s: %q may be several numbers, and nothing in the file tells", d.name, c.name, cells[0])
	}
	return fmt.Sprintf("%s: %s: %q and %q are written in different ways, and no setting reads both", d.name, c.name, cells[0], cells[1])
}

func (d *decision) means(columns []*column, formats []int, format int) string {
	cells, _ := d.telling(columns, formats)
	if len(cells) == 0 {
		return "numbers are read so"
	}
	parts := make([]string, len(cells))
	for i, cell := range cells {
		parts[i] = strings.TrimSpace(cell) + " " + d.value(cell, format)
	}
	return strings.Join(parts, ", ")
}

// value says what a cell is in a format.
func (d *decision) value(cell string, format int) string {
	if value, ok := d.readings.Number([]byte(cell), format); ok {
		return "is " + canonical(value)
	}
	return notRead
}

const notRead = "is not read"
