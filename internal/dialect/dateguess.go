package dialect

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// dateGuess derives formats from a text that may be a date, part by part: it finds the time of day
// by its colons, the month by its name, and tries the orders that the numbers left may have.
type dateGuess struct {
	parts  []datePiece
	number []int // indexes of the parts that are numbers of the date
	month  int   // index of the part that is its name; -1
	time   int   // index of the first part of the time of day; -1
	after  int   // index of what follows it
}

// datePiece is a run of digits, of letters or of other characters, and the format that reads it.
type datePiece struct {
	text, format string
	kind         pieceKind
}

type pieceKind int

const (
	between pieceKind = iota
	digitRun
	letterRun
)

// dateWords stand in dates as they are.
var dateWords = []string{"t", "uhr", "h", "at", "de", "um", "of", "年", "月", "日", "時", "时", "分", "秒"}

const (
	shortestDate = 6 // bytes: 1.1.22
	longestDate  = 40
)

// guessDates returns formats in which a text is a date that can be told in a zone, those with the
// month before the day first where both may be; none where it does not look like a date.
func guessDates(cell []byte, zone *time.Location) []string {
	s := trimSpace(cell)
	if len(s) < shortestDate || len(s) > longestDate || !bytes.ContainsAny(s, "0123456789") || isDigits(s) {
		return nil
	}
	g := dateGuess{parts: datePieces(string(s)), month: -1, time: -1}
	if !g.names() {
		return nil
	}
	g.clock()
	orders := g.orders()
	if orders == nil || g.time < 0 && !g.bareClock() || !g.rest() {
		return nil
	}
	var fit []string
	for _, order := range orders {
		if order[0] == "%y" && len(fit) > len(order)-2 { // hardly anybody writes so
			continue
		}
		for i, at := range g.number {
			g.parts[at].format = order[i]
		}
		format := g.format()
		f := newDateFormat(format)
		f.zone = zone
		if _, ok := f.appendTime(nil, s); ok && !slices.Contains(fit, format) {
			fit = append(fit, format)
		}
	}
	return fit
}

func datePieces(s string) (parts []datePiece) {
	kindOf := func(c byte) pieceKind {
		switch {
		case c >= '0' && c <= '9':
			return digitRun
		case c|0x20 >= 'a' && c|0x20 <= 'z', c >= utf8.RuneSelf:
			return letterRun
		}
		return between
	}
	for at := 0; at < len(s); {
		end, kind := at+1, kindOf(s[at])
		for end < len(s) && kindOf(s[end]) == kind {
			end++
		}
		parts = append(parts, datePiece{text: s[at:end], kind: kind})
		at = end
	}
	return parts
}

// names finds the names of a month and of a day, the longer word first: mar may be either.
func (g *dateGuess) names() bool {
	longest := make([]int, len(g.parts))
	for i := range longest {
		longest[i] = i
	}
	slices.SortStableFunc(longest, func(a, b int) int { return len(g.parts[b].text) - len(g.parts[a].text) })
	for _, i := range longest {
		p := &g.parts[i]
		if p.kind != letterRun || len(p.text) < 2 {
			continue
		}
		text := []byte(p.text)
		for _, name := range []struct {
			names       []string
			elsewhere   map[string]int
			long, short string
			month       bool
		}{{monthNames[:], monthsElsewhere, "%B", "%b", true}, {dayNames[:], daysElsewhere, "%A", "%a", false}} {
			if name.month && g.month >= 0 && len(text) <= 3 { // the day, then
				continue
			}
			if _, rest, ok := readName(text, name.names, nil, longestDate); ok && len(rest) == 0 && len(text) > 3 {
				p.format = name.long
			} else if _, rest, ok := readName(text, name.names, name.elsewhere, 3); ok && len(rest) == 0 {
				p.format = name.short
			} else {
				continue
			}
			if name.month && g.month >= 0 {
				return false
			}
			if name.month {
				g.month = i
				break
			}
		}
	}
	return true
}

// has says whether the part at an index is digits, so many.
func (g *dateGuess) has(at int, lengths ...int) bool {
	return at >= 0 && at < len(g.parts) && g.parts[at].kind == digitRun && slices.Contains(lengths, len(g.parts[at].text))
}

func (g *dateGuess) is(at int, texts ...string) bool {
	return at >= 0 && at < len(g.parts) && slices.Contains(texts, g.parts[at].text)
}

// clock finds a time of day such as 10:00:00.123, and takes all other digits before what may be an
// offset for numbers of the date.
func (g *dateGuess) clock() {
	for i := range g.parts {
		if g.has(i, 1, 2) && g.is(i+1, ":") && g.has(i+2, 2) {
			g.takeClock(i, ":")
			break
		}
	}
	for i := range g.parts {
		if g.parts[i].kind == digitRun && g.parts[i].format == "" && !(g.time >= 0 && i >= g.after && g.isOffset(i)) {
			g.number = append(g.number, i)
		}
	}
}

// takeClock enters the formats of a time of day that begins with a part, with a character between
// its numbers.
func (g *dateGuess) takeClock(at int, colon string) {
	g.time, g.after = at, at+3
	g.parts[at].format, g.parts[at+2].format = "%H", "%M"
	if g.is(at+3, colon) && g.has(at+4, 2) {
		g.parts[at+4].format = "%S"
		g.after = at + 5
		if g.is(at+5, ".", ",") && g.has(at+6, 1, 2, 3, 4, 5, 6, 7, 8, 9) {
			g.parts[at+6].format = "%f"
			g.after = at + 7
		}
	}
}

// bareClock finds a time of day behind the numbers of a date, as 10.30 or 103000.
func (g *dateGuess) bareClock() bool {
	last := g.number[len(g.number)-1]
	for i := last + 1; i < len(g.parts); i++ {
		switch {
		case g.parts[i].kind != digitRun:
		case g.has(i, 2) && g.is(i+1, ".") && g.has(i+2, 2):
			g.takeClock(i, ".")
			return true
		case g.has(i, 4, 6):
			g.time, g.after = i, i+1
			g.parts[i].format = "%H%M%S"[:len(g.parts[i].text)]
			return true
		default:
			return false
		}
	}
	return true
}

// isOffset says whether digits are those of +0100, +01:00 or +01.
func (g *dateGuess) isOffset(at int) bool {
	signed := func(i int) bool {
		return i > 0 && (strings.HasSuffix(g.parts[i-1].text, "+") || strings.HasSuffix(g.parts[i-1].text, "-"))
	}
	return g.has(at, 2, 4) && signed(at) || g.has(at, 2) && g.is(at-1, ":") && g.has(at-2, 2) && signed(at-2)
}

// orders are the formats that the numbers of the date may have, each one for each number. Numbers
// behind the third are those of a time of day.
func (g *dateGuess) orders() [][]string {
	if len(g.number) > 0 && g.has(g.number[0], 8) {
		g.number = g.number[:1]
		return [][]string{{"%Y%m%d"}}
	}
	most := 3
	if g.month >= 0 {
		most = 2
	}
	if g.month >= 0 && len(g.number) == 1 && g.has(g.number[0], 4) {
		return [][]string{{"%Y"}}
	}
	if len(g.number) < most {
		return nil
	}
	g.number = g.number[:most]
	long := func(i int) bool { return g.has(g.number[i], 4) }
	for i := range g.number {
		if !long(i) && !g.has(g.number[i], 1, 2) {
			return nil
		}
	}
	switch {
	case g.month >= 0 && long(0):
		return [][]string{{"%Y", "%d"}}
	case g.month >= 0 && long(1):
		return [][]string{{"%d", "%Y"}}
	case g.month >= 0:
		return [][]string{{"%d", "%y"}, {"%y", "%d"}}
	case long(0):
		return [][]string{{"%Y", "%m", "%d"}}
	case long(2) && g.is(g.number[0]+1, "."):
		return [][]string{{"%d", "%m", "%Y"}}
	case long(2):
		return [][]string{{"%m", "%d", "%Y"}, {"%d", "%m", "%Y"}}
	case long(1) || !g.has(g.number[2], 2):
		return nil
	case g.is(g.number[0]+1, "."):
		return [][]string{{"%d", "%m", "%y"}}
	}
	return [][]string{{"%m", "%d", "%y"}, {"%d", "%m", "%y"}, {"%y", "%m", "%d"}}
}

// rest gives all other parts a format; false where one is nothing that dates have.
func (g *dateGuess) rest() bool {
	for i := range g.parts {
		p := &g.parts[i]
		if p.format != "" || slices.Contains(g.number, i) {
			continue
		}
		lower := strings.ToLower(p.text)
		switch {
		case p.kind == digitRun:
			if g.time < 0 || i < g.after || !g.isOffset(i) {
				return false
			}
			if g.is(i-1, ":") { // the minutes of +01:00
				g.parts[i-1].format = ""
				continue
			}
			sign := &g.parts[i-1]
			sign.format = sign.format[:len(sign.format)-1]
			p.format = "%z"
		case p.kind == between:
			if strings.Trim(p.text, " ,./-:+_") != "" && !slices.Contains(dateWords, strings.TrimSpace(p.text)) {
				return false
			}
			p.format = p.text
		case (lower == "am" || lower == "pm") && g.time >= 0 && i >= g.after:
			p.format = "%p"
			g.parts[g.time].format = strings.Replace(g.parts[g.time].format, "%H", "%I", 1)
		case p.text == "Z" && g.time >= 0 && i == g.after:
			p.format = "%z"
		case g.time >= 0 && i >= g.after && len(p.text) >= 3 && len(p.text) <= 5 && p.text == strings.ToUpper(p.text) && lower != "uhr":
			p.format = "%Z"
		case slices.Contains(dateWords, lower):
			p.format = p.text
		default:
			return false
		}
	}
	return true
}

// format joins the formats of the parts. A day of one digit behind two blanks has one of its own.
func (g *dateGuess) format() string {
	var b strings.Builder
	for _, p := range g.parts {
		text := p.format
		if text == "%d" && strings.HasSuffix(b.String(), "  ") {
			before := b.String()
			b.Reset()
			b.WriteString(before[:len(before)-1])
			text = "%e"
		}
		b.WriteString(text)
	}
	return b.String()
}
