package describe

import (
	"encoding/csv"
	"fmt"
	"path"
	"slices"
	"strings"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/dialect"
)

// setting is one that is not as by default.
type setting struct {
	key   string
	value any // string, int, float64, bool, []string or []int
}

// settingsOf are those that are not as by default, in the order of the documentation.
func settingsOf(s dialect.Settings) (all []setting) {
	text := func(key, value string) {
		if value != "" && value != dialect.Auto {
			all = append(all, setting{key, value})
		}
	}
	number := func(key string, value int) {
		if value != 0 {
			all = append(all, setting{key, value})
		}
	}
	list := func(key string, value []string) {
		if len(value) > 0 {
			all = append(all, setting{key, value})
		}
	}
	text("delimiter", s.Delimiter)
	text("quoteChar", s.QuoteChar)
	text("escapeChar", s.EscapeChar)
	text("encoding", s.Encoding)
	switch {
	case s.Header.None:
		text("header", dialect.None)
	case len(s.Header.Lines) == 1:
		number("header", s.Header.Lines[0])
	case len(s.Header.Lines) > 1:
		all = append(all, setting{"header", s.Header.Lines})
	}
	number("skipRows", s.SkipRows)
	number("skipRowsAfterHeader", s.SkipRowsAfterHeader)
	number("skipFooter", s.SkipFooter)
	text("commentPrefix", s.CommentPrefix)
	text("raggedRows", s.RaggedRows)
	if s.Trim {
		all = append(all, setting{"trim", true})
	}
	list("missingValues", s.MissingValues)
	text("decimalChar", s.DecimalChar)
	text("groupChar", s.GroupChar)
	if s.BareNumber != nil {
		all = append(all, setting{"bareNumber", *s.BareNumber})
	}
	list("dateFormats", s.DateFormats)
	text("timeZone", s.TimeZone)
	if s.Lenient {
		all = append(all, setting{"lenient", true})
	}
	text("onBadRow", s.OnBadRow)
	if s.MaxBadShare != 0 {
		all = append(all, setting{"maxBadShare", s.MaxBadShare})
	}
	number("maxExpansion", s.MaxExpansion)
	return all
}

// merge adds to settings what other ones say.
func merge(s, more dialect.Settings) dialect.Settings {
	if more.DecimalChar != "" {
		s.DecimalChar = more.DecimalChar
	}
	if more.GroupChar != "" {
		s.GroupChar = more.GroupChar
	}
	if more.BareNumber != nil {
		s.BareNumber = more.BareNumber
	}
	if more.Encoding != "" {
		s.Encoding = more.Encoding
	}
	if more.RaggedRows != "" {
		s.RaggedRows = more.RaggedRows
	}
	if more.OnBadRow != "" {
		s.OnBadRow = more.OnBadRow
	}
	s.SkipFooter = max(s.SkipFooter, more.SkipFooter)
	s.Lenient = s.Lenient || more.Lenient
	s.MissingValues = union(s.MissingValues, more.MissingValues)
	s.DateFormats = union(s.DateFormats, more.DateFormats)
	return s
}

func union(a, b []string) []string {
	a = slices.Clone(a)
	for _, text := range b {
		if !slices.Contains(a, text) {
			a = append(a, text)
		}
	}
	return a
}

// values is a set of settings as a JSON object has it.
func values(s dialect.Settings) map[string]any {
	m := map[string]any{}
	for _, set := range settingsOf(s) {
		m[set.key] = set.value
	}
	return m
}

// flags are settings as a shell takes them, in one line.
func flags(s dialect.Settings) string {
	var words []string
	for _, set := range settingsOf(s) {
		text := fmt.Sprint(set.value)
		switch value := set.value.(type) {
		case []string:
			text = record(value)
		case []int:
			text = strings.Trim(strings.ReplaceAll(text, " ", ","), "[]")
		case bool:
			if value {
				words = append(words, "--"+cli.FlagName(set.key))
				continue
			}
		}
		words = append(words, "--"+cli.FlagName(set.key)+"="+cli.Quote(text))
	}
	return strings.Join(words, " ")
}

// record is a list as one record of CSV, quoted as a flag has to be read.
func record(items []string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(items)
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

// yamlValue is a value in the flow style of YAML.
func yamlValue(value any) string {
	switch value := value.(type) {
	case string:
		return yamlText(value)
	case []string:
		items := make([]string, len(value))
		for i, item := range value {
			items[i] = yamlText(item)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case []int:
		return strings.ReplaceAll(fmt.Sprint(value), " ", ", ")
	}
	return fmt.Sprint(value)
}

// yamlText is a text in double quotes, but a plain word of letters that YAML takes for nothing
// else.
func yamlText(text string) string {
	plain := len(text) > 2 && !slices.Contains([]string{"null", "true", "false", "yes", "off"}, strings.ToLower(text))
	for _, c := range text {
		plain = plain && (isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	if plain && isLetter(rune(text[0])) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || c == 0x85 || c == 0xa0 || c >= 0x2000 && c <= 0x206f || c == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// block is settings as lines of YAML, so many blanks before each.
func block(s dialect.Settings, indent int) string {
	var b strings.Builder
	for _, set := range settingsOf(s) {
		fmt.Fprintf(&b, "%*s%s: %s\n", indent, "", set.key, yamlValue(set.value))
	}
	return b.String()
}

// inline is settings in one line of YAML.
func inline(s dialect.Settings) string {
	var parts []string
	for _, set := range settingsOf(s) {
		parts = append(parts, set.key+": "+yamlValue(set.value))
	}
	return strings.Join(parts, ", ")
}

// chartValues are settings as values of the chart.
func chartValues(s dialect.Settings) string {
	if len(settingsOf(s)) == 0 {
		return "processor:\n  input: {}\n"
	}
	return "processor:\n  input:\n" + block(s, 4)
}

// dataset is settings as an entry of datasets, for files that are named as this one.
func dataset(name string, s dialect.Settings) string {
	base := path.Base(name)
	title, _, _ := strings.Cut(base, ".")
	title = strings.Trim(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '-'
		}
		return r
	}, title), "-_ ")
	if title == "" {
		title = "these"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "datasets:\n  - name: %s\n    files: [%s]\n", yamlText(title), yamlText(glob(base)))
	if len(settingsOf(s)) > 0 {
		fmt.Fprintf(&b, "    input:\n%s", block(s, 6))
	}
	return b.String()
}

// glob is a name with a star for each of its numbers, and what has a meaning in it escaped.
func glob(name string) string {
	var b strings.Builder
	star := false
	for _, c := range name {
		if c >= '0' && c <= '9' {
			if !star {
				b.WriteByte('*')
			}
			star = true
			continue
		}
		star = false
		if strings.ContainsRune(`*?[\`, c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
