package dialect

// fullWidth is a datePattern of numbers alone, of which a text has all digits: 31.12.2022 and not
// 1.2.2022. It reads most dates in files several times as fast as their pattern does.
type fullWidth struct {
	form  []byte // of a text: anyDigit, or a character
	parts []datePart
	short bool // a year of two digits
	year  int  // where it is; -1 where there is none
}

// datePart is a number of two digits in a text, and where it is in a time as the engine reads it.
type datePart struct {
	from, to      int
	least, beyond byte // it is at least the one, and below the other
}

const anyDigit = 0

// newFullWidth is nil for a pattern with other parts, or with one of them twice.
func newFullWidth(p datePattern) *fullWidth {
	w := &fullWidth{year: -1}
	seen := make(map[int]bool)
	for _, step := range p {
		if !step.conversion {
			if step.c == anyDigit {
				return nil
			}
			w.form = append(w.form, step.c)
			continue
		}
		part := datePart{from: len(w.form)}
		switch step.c {
		case 'Y', 'y':
			w.year, w.short = len(w.form), step.c == 'y'
		case 'm':
			part.to, part.least, part.beyond = len("2022-"), 1, 13
		case 'd':
			part.to, part.least, part.beyond = len("2022-01-"), 1, 32
		case 'H':
			part.to, part.beyond = len("2022-01-31T"), 24
		case 'M':
			part.to, part.beyond = len("2022-01-31T12:"), 60
		case 'S':
			part.to, part.beyond = len("2022-01-31T12:30:"), 61 // a leap second
		default:
			return nil
		}
		if seen[part.to] {
			return nil
		}
		if seen[part.to] = true; part.to > 0 {
			w.parts = append(w.parts, part)
		}
		for range width(step.c) {
			w.form = append(w.form, anyDigit)
		}
	}
	return w
}

// appendTime is that of the pattern; it says false of other texts that the pattern may read, too.
func (w *fullWidth) appendTime(dst, s []byte) ([]byte, bool) {
	if len(s) != len(w.form) {
		return dst, false
	}
	for i, c := range w.form {
		if c == anyDigit {
			if s[i]-'0' > 9 {
				return dst, false
			}
		} else if s[i] != c {
			return dst, false
		}
	}
	told := [len(engineTime)]byte([]byte("1900-01-01T00:00:00"))
	switch {
	case w.year < 0:
	case w.short:
		if told[0], told[1] = '2', '0'; s[w.year] > '6' || s[w.year] == '6' && s[w.year+1] == '9' { // see written.read
			told[0], told[1] = '1', '9'
		}
		told[2], told[3] = s[w.year], s[w.year+1]
	default:
		if copy(told[:4], s[w.year:]); told[0] == '0' {
			return dst, false
		}
	}
	for _, p := range w.parts {
		tens, ones := s[p.from], s[p.from+1]
		if n := (tens-'0')*10 + ones - '0'; n < p.least || n >= p.beyond {
			return dst, false
		}
		told[p.to], told[p.to+1] = tens, ones
	}
	if day := twoDigits(told[8:]); day > 28 && day > daysIn(twoDigits(told[:])*100+twoDigits(told[2:]), twoDigits(told[5:])) {
		return dst, false
	}
	return append(dst, told[:]...), true
}
