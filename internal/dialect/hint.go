package dialect

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// numberHint names the settings that read a cell as a number, for the end of a
// message; "" where there are none.
// first says that the cell is of the first row.
func (r *rules) numberHint(cell []byte, first bool) string {
	if hint := largestHint(cell); hint != "" {
		return hint
	}
	if hint := r.numberSettings(cell); hint != "" {
		return hint
	}
	if bytes.ContainsFunc(cell, func(c rune) bool { return c >= utf8.RuneSelf && unicode.IsDigit(c) }) {
		return ": expected digits from 0 to 9 of ASCII"
	}
	return r.wordHint(cell, first)
}

// largestHint tells of a number that is beyond all that can be computed with.
func largestHint(cell []byte) string {
	if number := trimSpace(cell); isInfinite(number) && isDigits(number[len(number)-1:]) {
		return ": the largest is 1.8e308"
	}
	return ""
}

// wordHint is missingHint where others of the column may be numbers, or dates: what stands in the
// first row has not been found to be an exception.
func (r *rules) wordHint(cell []byte, first bool) string {
	hint := r.missingHint(cell)
	switch {
	case isTruth(cell):
		return trueOrFalse
	case hint != "" && first && !standsForNothing(cell):
		return ofText
	}
	return hint
}

// trueOrFalse tells what is asked of a column of these words, which are no numbers.
const trueOrFalse = "; rows of true and false are counted by count(*) filter (where … = 'true')"

// ofText tells of a column that has no number in its first row.
const ofText = "; the column seems to hold text"

func isTruth(cell []byte) bool {
	switch string(trimSpace(cell)) {
	case "true", "false", "True", "False", "TRUE", "FALSE":
		return true
	}
	return false
}

// standsForNothing says whether a cell is a word or a sign that people write where there is no
// value.
func standsForNothing(cell []byte) bool {
	word := strings.ToLower(string(trimSpace(cell)))
	return strings.IndexFunc(word, unicode.IsLetter) < 0 ||
		strings.Contains(` na n/a n.a. #n/a n/d nd nan null \n nil none nothing empty blank missing unknown undefined tbd tba k.a. #value! #ref! #null! #error! `, " "+word+" ")
}

// missingHint is how a cell that stands for nothing is read.
func (r *rules) missingHint(cell []byte) string {
	s := string(trimSpace(cell))
	if s == "" {
		return `; trim: true reads it as NULL`
	}
	if utf8.RuneCountInString(s) <= 16 && strings.IndexFunc(s, unicode.IsDigit) < 0 {
		return fmt.Sprintf("; missingValues: [%s] reads it as NULL", strings.Join(beside(r.MissingValues, string(cell)), ", "))
	}
	return ""
}

// beside is a list that was said, in quotes, with one more value: others of its column need those.
func beside(said []string, value string) (list []string) {
	for _, one := range append(slices.Clone(said), value) {
		list = append(list, strconv.Quote(one))
	}
	return list
}

// comparedHint is numberHint where a condition compares the cell with a number.
func (r *rules) comparedHint(cell []byte, first bool) string {
	if hint := largestHint(cell); hint != "" {
		return hint
	}
	if hint := r.numberSettings(cell); hint != "" {
		return hint
	}
	missing := r.missingHint(cell)
	if missing != "" && (len(trimSpace(cell)) == 0 || IsCommonWord(string(cell))) {
		return missing
	}
	return ", but is compared with one; a number in quotes, such as '5', compares texts" + r.wordHint(cell, first)
}

// numberSettings are those that read a cell as a number. Where one text may be two numbers,
// as 1,234 may be, both are told. "" is that there are none, or that none are needed.
func (r *rules) numberSettings(cell []byte) string {
	type way struct{ settings, number string }
	var ways []way
	no := false
	for _, bare := range []bool{true, false} {
		if !bare && !r.numbers.bare || len(ways) > 0 {
			break
		}
		for _, decimal := range []string{"", ",", "."} {
			for _, group := range []string{"", ".", ",", "'", Space} {
				s := r.Settings
				if decimal != "" && s.DecimalChar != "" && decimal != s.DecimalChar || group != "" && s.GroupChar != "" {
					continue
				}
				if decimal != "" {
					s.DecimalChar = decimal
				}
				if group != "" {
					s.GroupChar = group
				}
				if !bare {
					s.BareNumber = &no
				}
				f, err := s.numberFormat()
				if err != nil {
					continue
				}
				number, ok := f.appendNumber(nil, cell)
				if !ok {
					continue
				}
				if decimal == "" && group == "" && bare { // as it is read already
					return ""
				}
				if !slices.ContainsFunc(ways, func(w way) bool { return w.number == string(number) }) {
					ways = append(ways, way{settingsText(decimal, group, bare), string(number)})
				}
			}
		}
	}
	if len(ways) == 0 {
		return ""
	}
	verb := " reads it"
	if strings.Contains(ways[0].settings, " and ") {
		verb = " read it"
	}
	if len(ways) == 1 {
		return "; " + ways[0].settings + verb
	}
	return fmt.Sprintf("; %s%s as %s, %s as %s", ways[0].settings, verb, ways[0].number, ways[1].settings, ways[1].number)
}

// settingsText are settings as they are written.
func settingsText(decimal, group string, bare bool) string {
	var parts []string
	if decimal != "" {
		parts = append(parts, "decimalChar: "+strconv.Quote(decimal))
	}
	if group != "" {
		parts = append(parts, "groupChar: "+strconv.Quote(group))
	}
	if !bare {
		parts = append(parts, "bareNumber: false")
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}

// ComparedHint names the settings under which a text that was compared by its bytes would have
// been a number or a date, for the end of a message; "" where there are none. beside says that
// others of its column are numbers.
func (d *Dialect) ComparedHint(text string, beside bool) string {
	r, cell := d.rules, []byte(text)
	if _, ok := r.dates.appendISO(nil, cell, false); ok || isYearMonth(cell) { // in order as texts
		return ""
	}
	if _, ok := r.dates.appendISO(nil, trimSpace(cell), false); ok {
		return "; trim: true leaves the blanks out"
	}
	if hint := r.numberSettings(cell); hint != "" && (beside || r.isAmount(cell)) {
		return hint
	}
	if hint := r.dateSettings(cell); hint != "" {
		return hint
	}
	if beside {
		return r.missingHint(cell)
	}
	return ""
}

// isAmount says whether a text that settings read as a number is one, and no code such as ABC12.
func (r *rules) isAmount(cell []byte) bool {
	letters := bytes.ContainsFunc(cell, unicode.IsLetter)
	return !letters || IsDressed(cell)
}

// commonDates are formats that a date may be in, where it fits none that was said.
var commonDates = []string{
	"%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y", "%y.%m.%d",
	"%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d/%m/%Y %H:%M:%S",
	"%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p",
	"%m/%d/%y", "%d/%m/%y", "%m/%d/%y %H:%M", "%d/%m/%y %H:%M", "%y/%m/%d",
	"%d-%m-%Y", "%m-%d-%Y", "%d-%m-%Y %H:%M", "%m-%d-%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%m-%d-%Y %H:%M:%S", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d",
	"%Y/%m/%d", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%Y%m%d", "%Y%m%d%H%M%S",
	"%Y%m%dT%H%M%S", "%Y%m%dT%H%M%S%z", "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", yearMonth,
	"%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%d%b%Y", "%d%b%y", "%b %d, %Y", "%b %d %Y", "%B %d, %Y", ISO, epoch, epochMS,
}

// dateHint names the settings that read a cell as a date.
func (r *rules) dateHint(cell []byte, first bool) string {
	if hint := r.dateSettings(cell); hint != "" {
		return hint
	}
	if hint := r.wordHint(cell, first); hint != "" {
		return hint
	}
	if hint := noSuchTime(trimSpace(cell)); hint != "" {
		return hint
	}
	for _, p := range r.dates.patterns {
		if p == nil {
			continue
		}
		t, ok := p.read(trimSpace(cell))
		switch {
		case !ok:
		case t.day > daysIn(t.year, t.month):
			return "; its month has fewer days"
		case t.elsewhere != "":
			return fmt.Sprintf("; the offset of %s is not known, which timeZone needs: %%Z knows %s", t.elsewhere, strings.Join(slices.Sorted(maps.Keys(zoneOffsets)), ", "))
		}
	}
	return "; dateFormats names how it is written"
}

// dateSettings names the formats that read a cell as a date, or says that timeZone keeps it from
// being read.
func (r *rules) dateSettings(cell []byte) string {
	if r.dates.outOfYears(cell) {
		return fmt.Sprintf("; in the zone %s, which timeZone names, its year is outside 1 to 9999", r.TimeZone)
	}
	var fit []string
	inPlace := ""
	digits := isDigits(trimSpace(cell))
	for _, format := range commonDates {
		if (digits || format == epoch || format == epochMS || strings.HasPrefix(format, "%y")) && !looksLike(trimSpace(cell), format) {
			continue
		}
		// The year of two digits has them; 1.10.2 is a version.
		if strings.HasSuffix(format, "%y") && !endsInTwoDigits(trimSpace(cell)) {
			continue
		}
		if format == yearMonth && !isYearMonth(trimSpace(cell)) {
			continue
		}
		f := newDateFormat(format)
		if _, ok := f.appendTime(nil, cell); ok {
			if other := r.inOtherOrder(format); other != "" {
				inPlace = other
			} else if fit = append(fit, strings.Join(beside(r.DateFormats, format), ", ")); len(fit) == 2 {
				break
			}
		}
	}
	if len(fit) == 0 && inPlace != "" {
		return inPlace
	}
	if len(fit) == 0 {
		for _, format := range guessDates(cell, r.dates.zone) {
			fit = append(fit, strings.Join(beside(r.DateFormats, format), ", "))
		}
	}
	if len(fit) == 0 {
		return ""
	}
	return fmt.Sprintf("; dateFormats: [%s] reads it", strings.Join(fit, "] or ["))
}

const yearMonth = "%Y-%m"

// isYearMonth tells a month of these centuries from other numbers with a dash.
func isYearMonth(s []byte) bool {
	return len(s) == len("2024-01") && (s[0] == '1' && s[1] == '9' || s[0] == '2' && s[1] == '0') && isDigits(s[2:4]) && s[4] == '-' && isDigits(s[5:])
}

func endsInTwoDigits(s []byte) bool { return len(s) > 1 && isDigits(s[len(s)-2:]) }

// hintAtNoRow names in the error of the record that data begins with the setting that leaves it
// out, where it may be no row of the table.
func (w *rewriter) hintAtNoRow(data []byte, bad *groupby.InputError) {
	l, first, digits := w.layout, "", false
	for _, f := range w.rec.fields {
		cell := trimSpace(data[f.start:f.end])
		digits = digits || bytes.ContainsFunc(cell, unicode.IsDigit)
		if first == "" {
			first = string(cell)
		}
	}
	before := func(hint string) {
		problem, others, more := strings.Cut(bad.Problem, "; ")
		if bad.Problem = problem + "; " + hint; more {
			bad.Problem += "; " + others
		}
	}
	if prefix := w.commentLike(data); prefix != "" && !strings.Contains(bad.Problem, "commentPrefix") {
		before(fmt.Sprintf("commentPrefix: %q leaves such lines out", prefix))
		return
	}
	filled := w.rec.filled(data)
	unnamed := len(w.rec.fields) == l.width && w.rec.fields[0].start == w.rec.fields[0].end // as the first cell of units is
	if w.line == l.line && l.HeaderLine > 0 && !digits && (filled > 1 || unnamed) && w.SkipRowsAfterHeader == 0 && !IsCommonWord(bad.Field) && !strings.HasSuffix(bad.Problem, trueOrFalse) {
		before("if it has units and is no row, skipRowsAfterHeader: 1 passes over it")
		return
	}
	if total, _ := IsTotal(first); bad.Field != "" && len(trimSpace([]byte(bad.Field))) == 0 && !total && !IsRemark(first) {
		return // blanks in the place of a number
	}
	short := func(filled int) bool { return filled < l.width && (2*filled <= l.width || l.width <= 3) }
	if !w.last || w.line == l.line || w.footer.most > 0 || !short(filled) {
		return
	}
	// A total or a remark is one of the last records, and has less cells than a row.
	const most = 5
	n := 1
	var rec record
	for rest := data[w.rec.size:]; len(rest) > 0; rest = rest[rec.size:] {
		k := w.s.parse(rest, true, &rec)
		switch {
		case k == blank:
			continue
		case k == malformed || n == most || !short(rec.filled(rest)):
			return
		}
		n++
	}
	problem, others, _ := strings.Cut(bad.Problem, "; ")
	if bad.Problem = fmt.Sprintf("%s; if the table ends before it, skipFooter: %d leaves it out", problem, n); others != "" && bad.Field != first {
		bad.Problem += "; " + others
	}
}

// quoteHint names the settings that read a record whose quotes fit no rule.
func (w *rewriter) quoteHint() string {
	if w.skip || w.rec.problem != textAfterQuote && w.rec.problem != openQuote {
		return ""
	}
	return "; lenient: true reads such a row as well as it can be, quoteChar: none takes quotes as text"
}

// commentLike is what a record begins with where that makes a comment of it in many files, and the
// header does not begin so; "" otherwise.
func (w *rewriter) commentLike(data []byte) string {
	if len(w.comment) > 0 {
		return ""
	}
	for _, prefix := range []string{"#", "//"} {
		if bytes.HasPrefix(data, []byte(prefix)) && !strings.HasPrefix(w.layout.headerText, prefix) {
			return prefix
		}
	}
	line := data
	if end := bytes.IndexAny(data, "\r\n"); end >= 0 {
		line = data[:end]
	}
	if len(line) >= shortestRuler && len(bytes.Trim(line, "-+=_*|: ")) == 0 && bytes.ContainsAny(line[:1], "-+=_*|") && line[1] != '|' {
		return string(line[:2])
	}
	return ""
}

// shortestRuler is how many characters a line has at least that is drawn below a header.
const shortestRuler = 6

// filled is how many fields of a record have something in them.
func (r *record) filled(data []byte) (n int) {
	for _, f := range r.fields {
		if len(trimSpace(data[f.start:f.end])) > 0 {
			n++
		}
	}
	return n
}

// NoColumn says that a header has not a column, and what may be meant by its name.
func NoColumn(c groupby.Column, header []string) string {
	name, part := c.Name, c.Part
	order := strings.HasPrefix(part, "orderBy")
	if part != "" {
		part = ", which " + part + " names"
	}
	like := expression.Nearest(name, header)
	hint := expression.NameHint(name, order, c.MayBeText && like == "")
	if _, err := strconv.ParseFloat(name, 64); hint == "" && !order && (err == nil || slices.Contains([]string{"null", "true", "false"}, strings.ToLower(name))) {
		hint = fmt.Sprintf("; (%s) is the constant", name)
	}
	if like != "" {
		like = fmt.Sprintf("; did you mean %q?", like)
	}
	return fmt.Sprintf("no column %q%s: the header has %s%s%s", name, part, groupby.QuoteList(header), hint, like)
}
