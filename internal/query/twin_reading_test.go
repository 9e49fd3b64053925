package query

import (
	"regexp"
	"strings"
	"time"

	"csv-pipeline/internal/dialect"
)

// The simple twin of reading: a text, as the settings of a trial say, is a header and rows.

// field is a cell as it stands, between its quotes if it has any, and what it says.
type field struct{ raw, text string }

// records splits the text, whose first lines are no table.
func (o *trial) records() (all [][]field) {
	rest := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(o.text)
	skip := o.input.SkipRows
	if len(o.input.Header.Lines) > 0 {
		skip = o.input.Header.Lines[0] - 1
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, "\n")
	}
	for rest != "" {
		line, after, _ := strings.Cut(rest, "\n")
		if p := o.input.CommentPrefix; p != "" && strings.HasPrefix(line, p) || strings.TrimSpace(line) == "" {
			rest = after
			continue
		}
		var record []field
		for {
			var f field
			f, rest = o.field(rest)
			record = append(record, f)
			if rest == "" || rest[0] == '\n' {
				rest = strings.TrimPrefix(rest, "\n")
				break
			}
			rest = rest[len(o.delimiter):]
		}
		all = append(all, record)
	}
	return all
}

// field is the first of a text, and what follows it, from a delimiter or a line's end on.
func (o *trial) field(s string) (field, string) {
	var f field
	blanks := len(s) - len(strings.TrimLeft(s, " \t"))
	if strings.Trim(o.delimiter, " \t") == "" {
		blanks = 0
	}
	if o.quote != "" && strings.HasPrefix(s[blanks:], o.quote) {
		i := blanks + 1
		for {
			switch {
			case o.escape != "" && strings.HasPrefix(s[i:], o.escape):
				f.raw += s[i : i+2]
				f.text += s[i+1 : i+2]
				i += 2
			case strings.HasPrefix(s[i:], o.quote+o.quote) && o.escape == "":
				f.raw += s[i : i+2]
				f.text += o.quote
				i += 2
			case strings.HasPrefix(s[i:], o.quote):
				rest := s[i+1:]
				if t := strings.TrimLeft(rest, " "); o.delimiter != ", " {
					rest = t
				}
				return f, rest
			default:
				f.raw += s[i : i+1]
				f.text += s[i : i+1]
				i++
			}
		}
	}
	for i := 0; ; {
		if i == len(s) || s[i] == '\n' || strings.HasPrefix(s[i:], o.delimiter) {
			return f, s[i:]
		}
		if o.escape != "" && strings.HasPrefix(s[i:], o.escape) && i+1 < len(s) {
			f.raw += s[i : i+1]
			i++
		}
		f.raw += s[i : i+1]
		f.text += s[i : i+1]
		i++
	}
}

// rows are the data, NULLs left out; bad says which cannot be read.
func (o *trial) rows() (rows []map[string]string, bad []bool) {
	records := o.records()
	missing := map[string]bool{"": true}
	for _, word := range o.input.MissingValues {
		if word == dialect.Common {
			for w := range strings.SplitSeq(`NA N/A #N/A n/a NULL null None NaN nan \N - ? .`, " ") {
				missing[w] = true
			}
		}
		missing[word] = true
	}
	data := records
	if !o.input.Header.None {
		data = data[1:]
	}
	data = data[min(o.input.SkipRowsAfterHeader, len(data)):]
	data = data[:len(data)-min(o.input.SkipFooter, len(data))]
	for _, record := range data {
		row := map[string]string{}
		again := len(record) >= len(columnNames) && !o.input.Header.None
		for i, f := range record {
			again = again && (i < len(columnNames) && strings.TrimSpace(f.text) == columnNames[i] || i >= len(columnNames) && f.text == "")
		}
		if again {
			continue
		}
		wrong := len(record) < len(columnNames) && o.input.RaggedRows != dialect.Pad
		for i, f := range record {
			if o.input.Trim {
				f.raw, f.text = strings.TrimSpace(f.raw), strings.TrimSpace(f.text)
			}
			switch {
			case i >= len(columnNames):
				wrong = wrong || f.text != ""
			case !missing[f.raw]:
				row[o.names[i]] = f.text
			}
		}
		rows, bad = append(rows, row), append(bad, wrong)
	}
	return rows, bad
}

func (o *trial) world() *world {
	grouped := regexp.MustCompile(`^[+-]?\d{1,3}(` + regexp.QuoteMeta(o.group) + `\d{3})+(` + regexp.QuoteMeta(o.decimal) + `\d*)?$`)
	w := &world{
		number: func(s string) (decimal, bool) {
			s = strings.TrimSpace(s)
			if o.group != "" && grouped.MatchString(s) {
				s = strings.ReplaceAll(s, o.group, "")
			}
			if o.decimal == "," {
				if strings.Contains(s, ".") {
					return decimal{}, false
				}
				s = strings.Replace(s, ",", ".", 1)
			}
			return plainNumber(s)
		},
		time: func(s string) (at time.Time, ok bool) {
			formats := []string{"2006-01-02", "2006-01-02T15:04:05Z", "2006-01-02 15:04", "2006-01-02 15:04:05"}
			if o.format != "" {
				formats = []string{o.format}
			}
			for _, format := range formats {
				if at, err := time.Parse(format, s); err == nil {
					return at, true
				}
			}
			return at, false
		},
	}
	if o.format != "" {
		w.date = func(s string) (at time.Time, ok bool) {
			if at, ok = w.time(strings.TrimSpace(s)); ok {
				return at, true
			}
			for _, format := range []string{"2006-01-02", "2006-01-02T15"} { // as day() and hour() give it
				if at, err := time.Parse(format, strings.TrimSpace(s)); err == nil {
					return at, true
				}
			}
			return at, false
		}
	}
	return w
}
