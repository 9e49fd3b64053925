package dialect

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"csv-pipeline/internal/groupby"
)

// writer is a random way of writing CSV, and the settings that read it.
type writer struct {
	settings  Settings
	delimiter string
	quote     string // "" for none
	escape    string // what a quote within is preceded by
	lineEnd   string
	encoding  encoding.Encoding
	bom       bool
	preamble  []string
	comment   string
	blanks    bool // blank lines, here and there
	trailing  bool // a delimiter at the end of each line
	always    bool // all cells in quotes
	header    bool
	footer    int
	gzip      bool
}

func randomWriter(r *rand.Rand) *writer {
	w := &writer{delimiter: pick(r, ",", ";", "\t", "|"), quote: `"`, escape: `"`, lineEnd: pick(r, "\n", "\n", "\r\n", "\r"), header: r.IntN(4) > 0}
	maybe := func(n int) bool { return r.IntN(n) == 0 }
	if maybe(3) {
		w.delimiter = pick(r, "||", "::", " ", "\x1f", "~", ",", ";")
	}
	if maybe(2) || len(w.delimiter) > 1 || !strings.Contains(",;\t|", w.delimiter) || !w.header {
		w.settings.Delimiter = w.delimiter
	}
	if maybe(4) {
		w.quote = pick(r, "'", "`", "")
		if w.settings.QuoteChar = w.quote; w.quote == "" {
			w.settings.QuoteChar = None
		}
		w.escape = w.quote
	}
	if w.quote == `"` && maybe(2) {
		w.settings.QuoteChar = w.quote
	}
	if w.quote != "" && maybe(4) {
		w.escape = `\`
		w.settings.EscapeChar = `\`
	}
	switch r.IntN(8) {
	case 0:
		w.bom = true
	case 1:
		w.encoding = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case 2:
		w.encoding, w.settings.Encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"
	case 3:
		w.encoding, w.settings.Encoding = charmap.Windows1252, "windows-1252"
	case 4:
		w.encoding, w.settings.Encoding = japanese.ShiftJIS, "shift_jis"
	}
	if w.header && maybe(3) {
		for range 1 + r.IntN(5) {
			w.preamble = append(w.preamble, pick(r, "a report", "made on, 2024-01-05", "x;y", ""))
		}
		w.settings.Header = Header{Lines: []int{len(w.preamble) + 1}}
	}
	if !w.header {
		w.settings.Header = Header{None: true}
	}
	if maybe(4) {
		w.comment = "%%"
		w.settings.CommentPrefix = w.comment
	}
	w.blanks, w.trailing, w.always, w.gzip = maybe(4), w.header && maybe(4) && w.delimiter != " ", maybe(3), maybe(8)
	if maybe(5) {
		w.footer = 1 + r.IntN(3)
		if w.settings.SkipFooter = w.footer; w.header { // which there may be more of than rows
			w.settings.Header = Header{Lines: []int{len(w.preamble) + 1}}
		}
	}
	return w
}

func pick(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

// randomTable is a header and rows. Its cells have what the way of writing is about.
func (w *writer) randomTable(r *rand.Rand) [][]string {
	width := 2 + r.IntN(4)
	table := [][]string{make([]string, width)}
	for i := range width {
		table[0][i] = "name" + strconv.Itoa(i)
	}
	letters := "äé"
	if w.settings.Encoding == "shift_jis" {
		letters = "表ソ" // whose second bytes are a backslash
	}
	for range r.IntN(40) {
		row := make([]string, width)
		for i := range row {
			row[i] = w.randomCell(r, letters, i == 0)
		}
		table = append(table, row)
	}
	return table
}

func (w *writer) randomCell(r *rand.Rand, letters string, first bool) string {
	var b strings.Builder
	for range r.IntN(6) {
		switch r.IntN(10) {
		case 0:
			if w.quote != "" {
				b.WriteString(w.delimiter)
			}
		case 1:
			if w.quote != "" && b.Len() > 0 {
				b.WriteString(w.quote)
			}
		case 2:
			if w.quote != "" {
				b.WriteString(pick(r, "\n", "\r\n", "\r"))
			}
		case 3:
			b.WriteString(letters)
		case 4:
			odd := pick(r, "'", `"`, ".", "-", "#")
			if odd != "'" || w.settings.QuoteChar != "" { // which could quote a column
				b.WriteString(odd)
			}
		default:
			b.WriteString(pick(r, "a", "b", "12", "word"))
		}
	}
	cell := b.String()
	if first && cell == "" {
		return "x"
	}
	if w.quote == "" {
		return strings.NewReplacer(w.delimiter, "", "\n", "", "\r", "").Replace(cell)
	}
	return cell
}

// write writes a table.
func (w *writer) write(r *rand.Rand, table [][]string) []byte {
	var b strings.Builder
	if w.bom {
		b.WriteString("\uFEFF")
	}
	for _, line := range w.preamble {
		b.WriteString(line + w.lineEnd)
	}
	rows := table
	if !w.header {
		rows = table[1:]
	}
	for i, row := range rows {
		for j, cell := range row {
			if j > 0 {
				b.WriteString(w.delimiter)
			}
			b.WriteString(w.cell(cell))
		}
		if w.trailing {
			b.WriteString(w.delimiter)
		}
		if i < len(rows)-1 || w.footer > 0 || r.IntN(2) == 0 {
			b.WriteString(w.lineEnd)
		}
		if w.blanks && r.IntN(5) == 0 && i < len(rows)-1 {
			b.WriteString(pick(r, "", "  ") + w.lineEnd)
		}
		if w.comment != "" && r.IntN(5) == 0 && i < len(rows)-1 {
			b.WriteString(w.comment + ` a "comment` + w.lineEnd)
		}
	}
	for i := range w.footer {
		b.WriteString("footer " + strconv.Itoa(i) + w.lineEnd)
	}
	text := []byte(b.String())
	if w.encoding != nil {
		encoded, _, err := transform.Bytes(w.encoding.NewEncoder(), text)
		if err != nil {
			panic(err)
		}
		text = encoded
	}
	if w.gzip {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(text)
		_ = z.Close()
		text = packed.Bytes()
	}
	return text
}

func (w *writer) cell(cell string) string {
	if w.quote == "" {
		return cell
	}
	plain := !strings.ContainsAny(cell, "\r\n"+w.quote+`\`) && !strings.Contains(cell, w.delimiter) && strings.TrimSpace(cell) == cell && !strings.HasPrefix(cell, "%")
	for _, c := range w.delimiter {
		plain = plain && !strings.ContainsRune(cell, c)
	}
	if plain && !w.always {
		return cell
	}
	if w.escape == `\` {
		cell = strings.ReplaceAll(cell, `\`, `\\`)
	}
	return w.quote + strings.ReplaceAll(cell, w.quote, w.escape+w.quote) + w.quote
}

// TestRoundTrip reads random tables, written in random ways, as they were.
func TestRoundTrip(t *testing.T) {
	n := 1500
	if more, err := strconv.Atoi(os.Getenv("ROUND_TRIPS")); err == nil {
		n = more
	}
	before := blockSize
	defer func() { blockSize = before }()
	seed := rand.Uint64()
	for i := range n {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		blockSize = 16 << r.IntN(8)
		w := randomWriter(r)
		table := w.randomTable(r)
		if !w.header && len(table) == 1 {
			continue
		}
		text := w.write(r, table)
		want := table
		if !w.header {
			want = table[1:]
		}
		if w.trailing { // a last column without a name
			for i := range want {
				want[i] = append(want[i], "")
			}
		}
		got, err := readAll(w.settings, text, 1+r.IntN(3))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(csvText(want)) {
			t.Fatalf("seed %d, %d, block %d, settings %+v\n%q\ngot  %q, %v\nwant %q", seed, i, blockSize, w.settings, text, got, err, csvText(want))
		}
	}
}

func readAll(settings Settings, text []byte, workers int) (string, error) {
	d, err := settings.Compile()
	if err != nil {
		return "", err
	}
	reading, err := d.Open(context.Background(), File{Name: "f.csv", ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, nil)
	for range 4 {
		if err != nil {
			return "", err
		}
		var read atomic.Int64
		s, err := reading.Select(context.Background(), []string{"*"}, []Want{{All: true}}, nil, workers, nil, &read)
		if err != nil {
			return "", err
		}
		out, err := io.ReadAll(s)
		s.Close()
		again, other := reading.Again(err)
		if !other {
			return string(out), err
		}
		reading = again
	}
	return "", fmt.Errorf("read in ever other ways")
}

func csvText(records [][]string) string {
	var b strings.Builder
	for _, record := range records {
		start := b.Len()
		for i, cell := range record {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(groupby.AppendField(nil, []byte(cell)))
		}
		if b.Len() == start {
			b.WriteString(`""`)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestResultsAreCSV has encoding/csv read what is written.
func TestResultsAreCSV(t *testing.T) {
	text := csvText([][]string{{"a", `b"c`}, {"d,e", "f\ng"}})
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || fmt.Sprint(rows) != "[[a b\"c] [d,e f\ng]]" {
		t.Fatalf("%q: %q, %v", text, rows, err)
	}
}
