package dialect

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the images have no time zones of their own
	"unicode/utf8"

	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
)

// Settings are what a user says of a file. The zero value leaves everything to be
// found; the names and meanings are those of the documentation of the input.
type Settings struct {
	Delimiter           string   `yaml:"delimiter"`
	QuoteChar           string   `yaml:"quoteChar"`
	EscapeChar          string   `yaml:"escapeChar"`
	Encoding            string   `yaml:"encoding"`
	Header              Header   `yaml:"header"`
	SkipRows            int      `yaml:"skipRows"`
	SkipRowsAfterHeader int      `yaml:"skipRowsAfterHeader"`
	SkipFooter          int      `yaml:"skipFooter"`
	CommentPrefix       string   `yaml:"commentPrefix"`
	RaggedRows          string   `yaml:"raggedRows"`
	Trim                bool     `yaml:"trim"`
	MissingValues       []string `yaml:"missingValues"`
	DecimalChar         string   `yaml:"decimalChar"`
	GroupChar           string   `yaml:"groupChar"`
	BareNumber          *bool    `yaml:"bareNumber"`
	DateFormats         []string `yaml:"dateFormats"`
	TimeZone            string   `yaml:"timeZone"`
	Lenient             bool     `yaml:"lenient"`
	OnBadRow            string   `yaml:"onBadRow"`
	MaxBadShare         float64  `yaml:"maxBadShare"`
	MaxExpansion        int      `yaml:"maxExpansion"`
}

// Header says where a file's header is: Lines from 1, or None; neither leaves it to
// be found.
type Header struct {
	None  bool
	Lines []int
}

// Auto, None and the like are the words that settings take.
const (
	Auto   = "auto"
	None   = "none"
	Common = "common"
	Space  = "space"
	ISO    = "iso"
	Refuse = "refuse"
	Pad    = "pad"
	Fail   = "fail"
	Skip   = "skip"

	epoch   = "epoch"
	epochMS = "epochms"
)

// DefaultMaxBadShare is what MaxBadShare 0 means.
const DefaultMaxBadShare = 0.1

const defaultMaxExpansion = 1000

// commonWords are what programs write for nothing.
var commonWords = []string{"NA", "N/A", "#N/A", "n/a", "NULL", "null", "None", "NaN", "nan", `\N`, "-", "?", "."}

// SettingError says that a setting has a value that it does not take.
type SettingError struct {
	Setting  string // as in a file of settings, e.g. decimalChar
	Value    string
	Expected string
}

func (e *SettingError) Error() string {
	return fmt.Sprintf("%s %q: expected %s", e.Setting, e.Value, e.Expected)
}

// rules are settings that were checked.
type rules struct {
	Settings
	delimiter []byte // nil: to be found
	quote     byte   // 0: none
	quoteAuto bool
	escape    byte // 0: none
	escAuto   bool
	charset   *charset // nil: to be found
	comment   []byte
	pad       bool
	skip      bool // bad rows
	missing   map[string]bool
	longest   int // of missing, in bytes
	numbers   numberFormat
	dates     dateFormat
	cells     *groupby.CellFormat // of the engine; nil: as they are

	// otherDates reads the dates that minima, maxima and orders take by time; nil where ISO 8601 is
	// the only form, whose texts they take, and offsets do not count.
	otherDates expression.Dates
}

// compile checks the settings. Its errors are *SettingError.
func (s Settings) compile() (*rules, error) {
	r := &rules{Settings: s, comment: []byte(s.CommentPrefix), missing: map[string]bool{"": true}}
	var err error
	oneOf := func(setting, value string, known ...string) bool {
		if err == nil && value != "" && !slices.Contains(known, value) {
			err = &SettingError{setting, value, strings.Join(known, " or ")}
		}
		return value == known[len(known)-1]
	}
	atLeast := func(setting string, value int) {
		if err == nil && value < 0 {
			err = &SettingError{setting, fmt.Sprint(value), "0 or more"}
		}
	}
	r.pad = oneOf("raggedRows", s.RaggedRows, Refuse, Pad) || s.Lenient
	r.skip = oneOf("onBadRow", s.OnBadRow, Fail, Skip)
	atLeast("skipRows", s.SkipRows)
	atLeast("skipRowsAfterHeader", s.SkipRowsAfterHeader)
	atLeast("skipFooter", s.SkipFooter)
	atLeast("maxExpansion", s.MaxExpansion)
	if err != nil {
		return nil, err
	}
	if r.MaxBadShare == 0 {
		r.MaxBadShare = DefaultMaxBadShare
	}
	if !(r.MaxBadShare > 0 && r.MaxBadShare <= 1) {
		return nil, &SettingError{"maxBadShare", fmt.Sprint(s.MaxBadShare), "a number above 0, up to 1"}
	}
	if r.MaxExpansion == 0 {
		r.MaxExpansion = defaultMaxExpansion
	}
	for i, line := range s.Header.Lines {
		if line < 1 || i > 0 && line <= s.Header.Lines[i-1] {
			return nil, &SettingError{"header", fmt.Sprint(s.Header.Lines), "auto, none, or numbers of lines from 1, in order"}
		}
	}
	for _, word := range s.MissingValues {
		words := []string{word}
		if word == Common {
			words = commonWords
		}
		for _, word := range words {
			r.missing[word] = true
			r.longest = max(r.longest, len(word))
		}
	}
	if err := r.compileSyntax(); err != nil {
		return nil, err
	}
	if r.numbers, err = s.numberFormat(); err != nil {
		return nil, err
	}
	r.cells = r.cellFormat()
	r.dates, err = s.dateFormat()
	if err == nil && (r.dates.zone != nil || slices.ContainsFunc(r.dates.formats, func(f string) bool { return f != ISO })) {
		r.otherDates = r.dates.appendComparable
	}
	return r, err
}

func (r *rules) compileSyntax() error {
	switch r.Delimiter {
	case "", Auto:
	case "tab", `\t`:
		r.delimiter = []byte{'\t'}
	default:
		if strings.ContainsAny(r.Delimiter, "\r\n\x00") || !utf8.ValidString(r.Delimiter) || len(r.Delimiter) > 16 {
			return &SettingError{"delimiter", r.Delimiter, "auto, tab, or the characters between the fields"}
		}
		r.delimiter = []byte(r.Delimiter)
	}
	var err error
	if r.quote, r.quoteAuto, err = oneCharacter("quoteChar", r.QuoteChar); err != nil {
		return err
	}
	if r.quoteAuto {
		r.quote = '"'
	}
	if r.escape, r.escAuto, err = oneCharacter("escapeChar", r.EscapeChar); err != nil {
		return err
	}
	if r.escape == r.quote { // doubled: which is always so
		r.escape = 0
	}
	if r.Encoding != "" && r.Encoding != Auto {
		if r.charset, err = charsetNamed(r.Encoding); err != nil {
			return err
		}
	}
	for _, c := range [...]byte{r.quote, r.escape} {
		if c != 0 && len(r.delimiter) > 0 && r.delimiter[0] == c {
			return &SettingError{"delimiter", r.Delimiter, "other characters than quoteChar and escapeChar"}
		}
	}
	return nil
}

// oneCharacter is the value of a setting that takes one character, auto or none.
func oneCharacter(setting, value string) (c byte, auto bool, err error) {
	switch {
	case value == "" || value == Auto:
		return 0, true, nil
	case value == None:
		return 0, false, nil
	case len(value) == 1 && value[0] > ' ' && value[0] < 0x7f:
		return value[0], false, nil
	}
	return 0, false, &SettingError{setting, value, "auto, none, or one ASCII character"}
}

// knownConversions are those of package timefmt that read a text.
const knownConversions = "%Y %y %C %G %g %m %B %b %h %d %e %j %V %U %W %A %a %u %w %H %k %I %l %p %P %M %S %f %s %z %:z %Z %F %D %x %v %T %X %R %r %c %+ %t %n %%"

// unknownConversion is the first of a strftime format that is none, or "".
func unknownConversion(format string) string {
	known := strings.Fields(knownConversions)
	for {
		_, rest, found := strings.Cut(format, "%")
		if !found {
			return ""
		}
		if zone := strings.TrimLeft(rest, ":"); strings.HasPrefix(zone, "z") && len(rest)-len(zone) <= len("::") {
			format = zone[1:]
			continue
		}
		_, size := utf8.DecodeRuneInString(rest)
		if !slices.Contains(known, "%"+rest[:size]) {
			return "%" + rest[:size]
		}
		format = rest[size:]
	}
}

func (s Settings) dateFormat() (dateFormat, error) {
	d := newDateFormat(s.DateFormats...)
	if len(d.formats) == 0 {
		d = newDateFormat(ISO)
	}
	for _, format := range d.formats {
		if format != ISO && format != epoch && format != epochMS && !strings.Contains(format, "%") {
			return d, &SettingError{"dateFormats", format, "iso, epoch, epochms, or a strftime format such as %d.%m.%Y"}
		}
		if strings.TrimSpace(format) != format {
			return d, &SettingError{"dateFormats", format, `no blank at an end; in a list with commas between, a format with a comma stands in double quotes, "%b %d, %Y"`}
		}
		if unknown := unknownConversion(format); unknown != "" {
			return d, &SettingError{"dateFormats", format, "other conversions than " + unknown + "; known are " + knownConversions}
		}
	}
	if s.TimeZone != "" {
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil {
			return d, &SettingError{"timeZone", s.TimeZone, "the name of a time zone such as Europe/Berlin or UTC"}
		}
		d.zone = zone
	}
	d.plain = s.TimeZone == "" && len(d.formats) == 1 && d.formats[0] == ISO
	return d, nil
}

func (s Settings) numberFormat() (numberFormat, error) {
	n := numberFormat{decimal: '.', bare: s.BareNumber == nil || *s.BareNumber, said: s.DecimalChar != "" || s.GroupChar != ""}
	switch s.DecimalChar {
	case "", ".":
	case ",":
		n.decimal = ','
	default:
		return n, &SettingError{"decimalChar", s.DecimalChar, `"." or ","`}
	}
	switch s.GroupChar {
	case "":
	case ",", ".", "'":
		n.group = s.GroupChar[0]
	case "\u2019":
		n.group = '\''
	case Space, " ":
		n.group = ' '
	default:
		return n, &SettingError{"groupChar", s.GroupChar, `one of "," "." "'" and space`}
	}
	if n.group == n.decimal {
		return n, &SettingError{"groupChar", s.GroupChar, "another character than decimalChar"}
	}
	n.plain = n.decimal == '.' && n.group == 0 && n.bare
	return n, nil
}
