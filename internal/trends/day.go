package trends

import (
	"regexp"
	"time"
)

var (
	dates  = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})([-_/.]?)([01][0-9])([-_/.]?)([0-3][0-9])(?:[^0-9]|$)`)
	months = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})([-_/.]?)(0[1-9]|1[0-2])(?:[^0-9]|$)`)
	years  = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})(?:[^0-9]|$)`)
)

// period is the days that a result counts for: one, or all of a month or year.
type period struct {
	first time.Time
	unit  Step // Day, Month or Year
}

func (p period) last() time.Time { return next(p.unit, p.first).AddDate(0, 0, -1) }

// periodOf is the period in the name of a result; false where there is none.
func periodOf(name string) (period, bool) {
	if m := dates.FindStringSubmatch(name); m != nil && (m[2] == "") == (m[4] == "") {
		if day, err := time.Parse("20060102", m[1]+m[3]+m[5]); err == nil {
			return period{day, Day}, true
		}
	}
	if m := months.FindStringSubmatchIndex(name); m != nil && !continues(name[m[7]:], name[m[4]:m[5]]) {
		month, err := time.Parse("200601", name[m[2]:m[3]]+name[m[6]:m[7]])
		return period{month, Month}, err == nil
	}
	if m := years.FindStringSubmatchIndex(name); m != nil && !continues(name[m[3]:], "-_/.") {
		year, err := time.Parse("2006", name[m[2]:m[3]])
		return period{year, Year}, err == nil
	}
	return period{}, false
}

// DateOf is the day for which a result counts by its name: that in it, or the first of the month or
// year there; false where there is none.
func DateOf(name string) (time.Time, bool) {
	p, ok := periodOf(name)
	return p.first, ok
}

// continues reports whether a text begins with one of the separators and a digit: what is
// before it is then a part of something else, such as the 2022-13 of 2022-13-01.
func continues(text, separators string) bool {
	if len(text) < 2 || text[1] < '0' || text[1] > '9' {
		return false
	}
	for i := range len(separators) {
		if text[0] == separators[i] {
			return true
		}
	}
	return false
}
