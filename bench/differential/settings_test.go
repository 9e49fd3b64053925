package differential

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/query"
)

// written is a random file with the settings that read it, ours and DuckDB's.
type written struct {
	settings dialect.Settings
	options  []string
	text     []byte
}

// written writes the columns k (text), n (a number) and x (text), in a random way that both
// have settings for.
func (r asker) written() written {
	var w written
	set := func(format string, args ...any) { w.options = append(w.options, fmt.Sprintf(format, args...)) }
	maybe := func(n int) bool { return r.IntN(n) == 0 }
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

	delimiter := r.pick(",", ";", "\t", "|", "||", "::", "~", "^")
	w.settings.Delimiter = delimiter
	set("delim = %s", quoted(delimiter))
	quote, escape := r.pick(`"`, `"`, "'", ""), ""
	switch quote {
	case "":
		w.settings.QuoteChar = dialect.None
		set("quote = '', escape = ''")
	default:
		w.settings.QuoteChar, escape = quote, quote
		if maybe(3) {
			escape = `\`
			w.settings.EscapeChar = escape
		}
		set("quote = %s, escape = %s", quoted(quote), quoted(escape))
	}
	point := "."
	if maybe(3) && delimiter != "," {
		point = ","
	}
	w.settings.DecimalChar = point
	set("decimal_separator = '%s'", point)
	missing := []string{""}
	if maybe(2) {
		missing = append(missing, [][]string{{"NA"}, {"-", "null"}, {"n/a", "NA", "0"}}[r.IntN(3)]...)
		w.settings.MissingValues = missing[1:]
	}
	words := make([]string, len(missing))
	for i, m := range missing {
		words[i] = quoted(m)
	}
	set("nullstr = [%s]", strings.Join(words, ", "))
	end := "\n"
	if maybe(3) {
		end = "\r\n"
		set(`new_line = '\r\n'`)
	}
	var b strings.Builder
	if maybe(3) {
		n := 1 + r.IntN(3)
		w.settings.SkipRows = n
		set("skip = %d", n)
		for range n {
			b.WriteString(r.pick("a report", "made on, 2024-01-05", "x;y", "k,n,x", "-") + end)
		}
	}
	comment := ""
	if maybe(3) {
		comment = "#"
		w.settings.CommentPrefix = comment
		set("comment = '#'")
	}
	short := maybe(4)
	if short {
		w.settings.RaggedRows = dialect.Pad
		set("null_padding = true")
	}
	header := !maybe(4)
	set("header = %t", header)
	if !header {
		w.settings.Header.None = true
	} else {
		b.WriteString(strings.Join([]string{"k", "n", "x"}, delimiter) + end)
	}

	cell := func(s string, must bool) string {
		if quote == "" {
			return strings.NewReplacer(delimiter, "", "\n", "", "\r", "", `"`, "").Replace(s)
		}
		special := strings.ContainsAny(s, "\r\n"+quote+escape) || strings.ContainsAny(s, delimiter)
		if !special && !must && !maybe(4) {
			return s
		}
		if escape != quote {
			s = strings.ReplaceAll(s, escape, escape+escape)
		}
		return quote + strings.ReplaceAll(s, quote, escape+quote) + quote
	}
	for i := range 1 + r.IntN(40) {
		if comment != "" && maybe(6) {
			b.WriteString(comment + r.pick("", " a comment", ` "open`, " a,b;c|d") + end)
		}
		k := r.pick("a", "b", "", "NA", "-", "null", "n/a", "word", "é", "two words", " x ", `say "hi"`, "it's", `back\slash`, "a;b", "c,d", "e|f", "g::h", "1.5", "1,5", "0", "two\nlines")
		n := r.pick("", "0", "1", strconv.Itoa(r.IntN(100000)-500), fmt.Sprintf("%d%s%d", r.IntN(1000), point, r.IntN(1000)))
		if i == 0 {
			k, n = "first", "7"+point+"25" // so that no doubt is about the thousands' point
		}
		x := r.pick("z", "é", "", "end", "-", `"`, "ü b")
		row := []string{cell(k, k == ""), cell(n, false), cell(x, false)}
		if short && i > 0 && maybe(3) {
			row = row[:1+r.IntN(2)]
			if row[0] == "" { // which would be a blank line
				row[0] = "s"
			}
		}
		b.WriteString(strings.Join(row, delimiter) + end)
	}
	w.text = []byte(b.String())
	var err error
	switch r.IntN(5) {
	case 0:
		w.settings.Encoding = "latin1"
		set("encoding = 'latin-1'")
		w.text, err = charmap.ISO8859_1.NewEncoder().Bytes(w.text)
	case 1:
		w.settings.Encoding = "utf-16le"
		set("encoding = 'utf-16'")
		w.text, err = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().Bytes(w.text)
	}
	if err != nil {
		panic(err)
	}
	return w
}

func (w *written) table(path, number string) string {
	return fmt.Sprintf("read_csv('%s', auto_detect = false, parallel = false, %s, columns = {'k': 'varchar', 'n': '%s', 'x': 'varchar'})", path, strings.Join(w.options, ", "), number)
}

// TestSettingsAgainstDuckDB has files read with settings that mean the same in both.
func TestSettingsAgainstDuckDB(t *testing.T) {
	n := 600
	if more, err := strconv.Atoi(os.Getenv("QUESTIONS")); err == nil {
		n = more
	}
	db := open(t)
	path := filepath.Join(t.TempDir(), "s.csv")
	for seed := range uint64(n) {
		r := asker{rand.New(rand.NewPCG(seed, 5))}
		w := r.written()
		if err := os.WriteFile(path, w.text, 0o600); err != nil {
			t.Fatal(err)
		}
		columns := []string{"k", "n", "x"}
		if w.settings.Header.None {
			columns = []string{"#1", "#2", "#3"}
		}
		for _, c := range []struct {
			spec query.Spec
			sql  string
		}{
			{query.Spec{Select: []string{"*"}}, "select * from " + w.table(path, "varchar")},
			{query.Spec{Aggregate: []string{"count(*)", "sum(" + columns[1] + ")", "count(" + columns[0] + ")", "min(" + columns[1] + ")"}},
				"select count(*), sum(n)::varchar, count(k), min(n)::varchar from " + w.table(path, "decimal(30,3)")},
			{query.Spec{GroupBy: columns[:1], Aggregate: []string{"count(" + columns[2] + ")"}},
				"select k, count(x) from " + w.table(path, "varchar") + " group by k"},
		} {
			c.spec.Input = w.settings
			want, err := answers(db, c.sql)
			if err != nil {
				t.Fatalf("seed %d: DuckDB: %s: %v\n%q", seed, c.sql, err, w.text)
			}
			got, err := ask(c.spec, w.text, 2)
			if err == nil && (c.spec.Select == nil || !w.settings.Header.None) {
				got = got[1:]
			}
			q := asked{keys: len(c.spec.GroupBy), measured: []measured{asText, asText, asText}}
			switch {
			case c.spec.Select != nil:
				q.keys = -1
			case q.keys == 0:
				q.measured = []measured{exact, byValue, exact, byValue}
			}
			if err == nil {
				err = q.compare(got, want)
			}
			if err != nil {
				t.Errorf("seed %d: %s\n%s\n%q\n%v", seed, settingsText(w.settings), c.sql, w.text, err)
				if os.Getenv("ALL") == "" {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d random files have the same rows and sums", n)
}

// settingsText is the settings that are not zero.
func settingsText(s dialect.Settings) string {
	var out []string
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		if !v.Field(i).IsZero() {
			out = append(out, fmt.Sprintf("%s %q", v.Type().Field(i).Name, fmt.Sprint(v.Field(i).Interface())))
		}
	}
	return strings.Join(out, ", ")
}
