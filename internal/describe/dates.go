package describe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

// decideDates finds the formats that read all dates, and whether others do as other days.
func (d *decision) decideDates(said dialect.Settings) {
	var formats []int
	for _, c := range d.dated {
		if !d.counts(c) || d.asked && !c.as(groupby.Time) {
			continue
		}
		cover := d.coverOf(c)
		if rivals := d.rivals(c, cover); len(rivals) > 1 {
			if d.decidedElsewhere(rivals, c) < 0 {
				d.chooseDate(c, rivals)
			}
			continue
		}
		if d.chooseOrder(c, cover) {
			continue
		}
		for _, i := range cover {
			if !slices.Contains(formats, i) {
				formats = append(formats, i)
			}
		}
	}
	d.cover = formats
	if len(said.DateFormats) > 0 || len(formats) == 0 || len(formats) == 1 && formats[0] == 0 {
		return
	}
	slices.Sort(formats) // iso first
	for _, i := range formats {
		d.settings.DateFormats = append(d.settings.DateFormats, d.readings.Dates[i])
	}
	d.contradictions(formats)
}

// contradictions says where a column is read by the format of another one.
func (d *decision) contradictions(formats []int) {
	for _, c := range d.dated {
		if !d.counts(c) || d.asked && !c.as(groupby.Time) {
			continue
		}
		own := d.coverOf(c)
		if len(d.rivals(c, own)) > 1 {
			continue // it goes by the other one
		}
		for _, cell := range c.keptDates {
			i := slices.IndexFunc(formats, func(i int) bool { _, ok := d.readings.Date([]byte(cell), i); return ok })
			j := slices.IndexFunc(own, func(i int) bool { _, ok := d.readings.Date([]byte(cell), i); return ok })
			if i < 0 || j < 0 {
				continue
			}
			first, _ := d.readings.Date([]byte(cell), formats[i])
			if wanted, _ := d.readings.Date([]byte(cell), own[j]); first != wanted {
				d.problems = append(d.problems, fmt.Sprintf("%s: %s: %q is in %s, and another column has dates in %s, which reads it as another day: expected one of both in a file", d.name, c.name, cell, d.readings.Dates[own[j]], d.readings.Dates[formats[i]]))
				return
			}
		}
	}
}

// coverOf are formats that together read the dates of a column, as few as possible.
func (d *decision) coverOf(c *column) (cover []int) {
	left := map[uint64]int64{}
	for set, n := range c.dates {
		if !c.as(groupby.Time) {
			if set &^= d.readings.Digits(); set == 0 {
				continue
			}
		}
		left[set] += n
	}
	ruledOut := d.ruledOut(c)
	for len(left) > 0 {
		best, most := 0, int64(0)
		for i := range d.readings.Dates {
			if n := readBy(left, i); n > most && !slices.Contains(ruledOut, i) && !slices.ContainsFunc(cover, func(have int) bool { return d.otherEnd(have, i) }) {
				best, most = i, n
			}
		}
		if most == 0 {
			break
		}
		cover = append(cover, best)
		for set := range left {
			if set>>best&1 == 1 {
				delete(left, set)
			}
		}
	}
	slices.Sort(cover)
	return cover
}

// ruledOut are formats that have the year of two digits where another one, which reads some of the
// column, has the days.
func (d *decision) ruledOut(c *column) (formats []int) {
	var short []int
	for i, name := range d.readings.Dates {
		if strings.Contains(name, "%y") && readBy(c.dates, i) > 0 {
			short = append(short, i)
		}
	}
	for _, one := range short {
		calendar := d.calendarOf(c, one)
		for _, other := range short {
			if compared := d.calendarOf(c, other); d.otherEnd(one, other) && calendar.rulesOut(&compared) {
				formats = append(formats, other)
			}
		}
	}
	return formats
}

// otherEnd says whether two formats have a year of two digits, one at the beginning and one not:
// no column has both.
func (d *decision) otherEnd(one, other int) bool {
	first := func(i int) bool { return strings.HasPrefix(d.readings.Dates[i], "%y") }
	short := func(i int) bool { return strings.Contains(d.readings.Dates[i], "%y") }
	return short(one) && short(other) && first(one) != first(other)
}

// rivals are the formats that read all dates of a column as the only one of its cover does, and
// give other days, or would of other cells; with it. There are none of iso.
func (d *decision) rivals(c *column, cover []int) []int {
	if len(cover) != 1 || cover[0] == 0 {
		return nil
	}
	format := cover[0]
	all, ruledOut := readBy(c.dates, format), d.ruledOut(c)
	rivals := []int{format}
	for i, name := range d.readings.Dates {
		if i == format || readBy(c.dates, i) < all || slices.Contains(ruledOut, i) {
			continue
		}
		differs := name == swapped(d.readings.Dates[format])
		for _, cell := range c.keptDates {
			one, _ := d.readings.Date([]byte(cell), format)
			other, ok := d.readings.Date([]byte(cell), i)
			differs = differs || ok && one != other
		}
		if differs {
			rivals = append(rivals, i)
		}
	}
	return rivals
}

// calendar is what is known of the dates of a column as a format reads them.
type calendar struct {
	short       bool // the year has two digits
	dates       int  // that differ
	first, last int  // years
	years, days map[string]bool
}

func (d *decision) calendarOf(c *column, format int) calendar {
	all := calendar{short: strings.Contains(d.readings.Dates[format], "%y"), first: 9999, years: map[string]bool{}, days: map[string]bool{}}
	for _, cell := range c.keptDates {
		if day, ok := d.readings.Date([]byte(cell), format); ok {
			all.dates++
			year, _ := strconv.Atoi(day[:4])
			all.first, all.last = min(all.first, year), max(all.last, year)
			all.years[day[:4]], all.days[day[8:10]] = true, true
		}
	}
	return all
}

// rulesOut says whether the year of two digits is so clearly where a calendar has it that another
// one has it where the days are: that has the same day in several years where this has several days
// of a year, or a wide range of years where this has one or two.
func (one *calendar) rulesOut(other *calendar) bool {
	if !one.short || !other.short {
		return false
	}
	const manyYears, enough = 6, 3
	sameDay := len(other.days) == 1 && len(other.years) > 1 && len(one.years) == 1 && len(one.days) > 1
	return sameDay || one.dates >= enough && one.last-one.first <= 1 && other.last-other.first >= manyYears
}

// swapped is a format with the day where the month is.
func swapped(format string) string {
	return strings.NewReplacer("%d", "%m", "%m", "%d").Replace(format)
}

// decidedElsewhere is that of some formats which another column has for sure; -1 where none has.
func (d *decision) decidedElsewhere(formats []int, c *column) int {
	for _, other := range d.dated {
		if other == c || !d.counts(other) {
			continue
		}
		if cover := d.coverOf(other); len(cover) == 1 && slices.Contains(formats, cover[0]) && len(d.rivals(other, cover)) < 2 {
			return cover[0]
		}
	}
	return -1
}

// chooseOrder has a person choose which of two formats comes first, where a column needs both and
// they read some cells as different days.
func (d *decision) chooseOrder(c *column, cover []int) bool {
	for at := range cover {
		for then := at + 1; then < len(cover); then++ {
			exchanged := slices.Clone(cover)
			exchanged[at], exchanged[then] = cover[then], cover[at]
			for _, cell := range c.keptDates {
				one, ok := d.readings.Date([]byte(cell), cover[at])
				other, also := d.readings.Date([]byte(cell), cover[then])
				if !ok || !also || one == other {
					continue
				}
				d.chooseDay(fmt.Sprintf("%s: %s: some dates are in %s and some in %s, and %q may be in both", d.name, c.name, d.readings.Dates[cover[at]], d.readings.Dates[cover[then]], cell),
					cell, cover, exchanged)
				return true
			}
		}
	}
	return false
}

func (d *decision) chooseDate(c *column, rivals []int) {
	cell := c.keptDates[0]
	for _, kept := range c.keptDates {
		one, _ := d.readings.Date([]byte(kept), rivals[0])
		if other, _ := d.readings.Date([]byte(kept), rivals[1]); one != other {
			cell = kept
			break
		}
	}
	ways := make([][]int, len(rivals))
	for at, i := range rivals {
		ways[at] = []int{i}
	}
	d.chooseDay(fmt.Sprintf("%s: %s: %q may be several days, and nothing in the column tells", d.name, c.name, cell), cell, ways...)
}

// chooseDay has a person choose formats by the day that the first of them to read a cell makes of it.
func (d *decision) chooseDay(about, cell string, ways ...[]int) {
	choice := Choice{About: about}
	for _, formats := range ways {
		day, names := "", []string(nil)
		for _, i := range formats {
			if read, ok := d.readings.Date([]byte(cell), i); ok && day == "" {
				day = strings.TrimSuffix(read, "T00:00:00")
			}
			names = append(names, d.readings.Dates[i])
		}
		choice.Options = append(choice.Options, Option{Means: fmt.Sprintf("%s is %s", cell, day), Settings: dialect.Settings{DateFormats: names}})
	}
	for i := range d.choices {
		if same(d.choices[i].Options, choice.Options) {
			return // of another column
		}
	}
	d.choices = append(d.choices, choice)
}

// same says whether options have the same formats of dates.
func same(a, b []Option) bool {
	return slices.EqualFunc(a, b, func(a, b Option) bool {
		return len(a.Settings.DateFormats) > 0 && slices.Equal(a.Settings.DateFormats, b.Settings.DateFormats)
	})
}
