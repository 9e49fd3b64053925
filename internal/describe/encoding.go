package describe

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"csv-pipeline/internal/chardet"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/groupby"
)

const fallback = "windows-1252" // as which a text is read that is no UTF-8

// rank finds the encodings that the beginning of the file may be in, where that is no UTF-8 and
// nothing tells. The rest of the settings is then sought in the likeliest.
func (f *finder) rank() {
	if f.said.Encoding != "" && f.said.Encoding != dialect.Auto {
		return
	}
	beginning, whole, err := dialect.Head(f.ctx, f.file, headBytes)
	if err != nil {
		return // as opening the file says
	}
	text, err := io.ReadAll(io.NewSectionReader(beginning.ReaderAt, 0, beginning.Size))
	if err != nil || bytes.IndexByte(text, 0) >= 0 || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) || bytes.HasPrefix(text, []byte("\ufeff")) {
		return
	}
	valid := text
	for n := 1; !whole && n < utf8.UTFMax && n <= len(text) && !utf8.Valid(valid); n++ {
		valid = text[:len(text)-n] // its last line is longer than that, and may be cut
	}
	if utf8.Valid(valid) || chardet.Mixed(text) {
		return
	}
	if f.guesses = chardet.Rank(text); f.guesses[0].Encoding != fallback {
		f.likely = f.guesses[0].Encoding
	}
}

// encodings are those in which the columns of the question may be there, or the file be read at all.
func (f *finder) encodings(best attempt) (all []dialect.Settings) {
	if f.said.Encoding != "" && f.said.Encoding != dialect.Auto {
		return nil
	}
	add := func(name string) {
		s := best.settings
		s.Encoding = name
		all = append(all, s)
	}
	switch {
	case bytes.IndexByte(f.head, 0) >= 0 && !(len(f.head) > 1 && (f.head[0] >= 0xfe && f.head[1] >= 0xfe)):
		if len(f.head) > 1 && f.head[0] == 0 {
			add("utf-16be")
		}
		add("utf-16le")
	case len(f.columns) > 0 && !best.asked && len(f.guesses) > 0:
		for _, g := range f.guesses {
			add(g.Encoding)
		}
		for _, name := range chardet.Names() {
			if !slices.ContainsFunc(f.guesses, func(g chardet.Guess) bool { return g.Encoding == name }) {
				add(name)
			}
		}
	}
	return all
}

// describeEncoding says what a text is in other encodings, where nothing tells its own: as a choice
// where windows-1252, as which it is read, is not the likeliest, otherwise as a note.
func (f *finder) describeEncoding(d *decision, a attempt) error {
	guessed := a.reading.Layout.Guessed()
	if len(f.guesses) == 0 || !guessed && (a.settings.Encoding == "" || f.named(a)) {
		return nil
	}
	beginning, _, err := dialect.Head(f.ctx, f.file, headBytes)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.NewSectionReader(beginning.ReaderAt, 0, min(beginning.Size, headBytes)))
	if err != nil {
		return fmt.Errorf("read %s: %w", f.file.Name, err)
	}
	const most, near = 8, 5
	var names []string
	for _, g := range f.guesses[:min(len(f.guesses), most)] {
		if !guessed || f.guesses[0].Score-g.Score < near {
			names = append(names, g.Encoding)
		}
	}
	cells := foreignCells(text, a.reading.Layout.Delimiter)
	if guessed {
		noteEncodings(d, cells, names)
		return nil
	}
	d.settings.Encoding = f.said.Encoding
	d.notes = append(d.notes, fmt.Sprintf("columns and settings are shown as %s has them, the likeliest encoding; describe the file with another if it is that", f.likely))
	if len(names) == 1 && names[0] != fallback {
		names = append(names, fallback)
	}
	d.choices = slices.Insert(d.choices, 0, Choice{ // as it comes before any other
		About:   fmt.Sprintf("%s: the text is no UTF-8, and nothing tells its encoding", f.file.Name),
		Options: encodingOptions(cells, names),
	})
	return nil
}

// named says whether the columns of the question tell the encoding, as a name of theirs is not ASCII.
func (f *finder) named(a attempt) bool {
	return a.asked && slices.ContainsFunc(f.columns, func(c groupby.Column) bool { return !isASCII([]byte(c.Name)) })
}

// encodingOptions are encodings with what each makes of some cells, by which they differ.
func encodingOptions(cells [][]byte, names []string) (options []Option) {
	means := make([]string, len(names))
	different := func(of []string) int { return len(slices.Compact(slices.Sorted(slices.Values(of)))) }
	for range min(3, len(cells)) {
		best := means
		for _, cell := range cells {
			with := make([]string, len(names))
			for i, name := range names {
				with[i] = means[i] + ", " + decoded(name, cell)
			}
			if different(with) > different(best) || means[0] == "" && best[0] == "" {
				best = with
			}
		}
		if different(best) == different(means) && means[0] != "" {
			break
		}
		means = best
	}
	for i, name := range names {
		options = append(options, Option{Means: "it has " + strings.TrimPrefix(means[i], ", "), Settings: dialect.Settings{Encoding: name}})
	}
	return options
}

// decoded is the beginning of a cell in an encoding, with U+FFFD for what that does not have.
func decoded(name string, cell []byte) string {
	const most = 24 // characters
	text := []rune(dialect.Decode(name, cell))
	return strings.TrimRight(string(text[:min(len(text), most)]), " ")
}

// noteEncodings names other encodings that read some cell as another text.
func noteEncodings(d *decision, cells [][]byte, names []string) {
	const most = 4
	var ways []string
	for _, name := range names {
		for _, cell := range cells {
			here, there := decoded(fallback, cell), decoded(name, cell)
			if there != here {
				ways = append(ways, fmt.Sprintf("in %s %s is %s", name, here, there))
				break
			}
		}
		if len(ways) == most {
			break
		}
	}
	if len(ways) > 0 {
		d.notes = append(d.notes, "the text is no UTF-8 and is read as windows-1252, and nothing tells for sure: "+strings.Join(ways, ", ")+"; encoding names the right one")
	}
}

// foreignCells are the first cells of a text that have bytes beyond ASCII, each from the word on
// that has the first of them.
func foreignCells(text []byte, delimiter string) (cells [][]byte) {
	const most, mostBytes = 64, 96
	for cell := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r < ' ' || strings.ContainsRune(",;\""+delimiter, r) }) {
		at := slices.IndexFunc(cell, func(c byte) bool { return c >= utf8.RuneSelf })
		if at < 0 {
			continue
		}
		if len(cell) > 24 {
			cell = cell[bytes.LastIndexByte(cell[:at], ' ')+1:]
		}
		if cells = append(cells, cell[:min(len(cell), mostBytes)]); len(cells) == most {
			break
		}
	}
	return cells
}

func isASCII(text []byte) bool {
	return !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
}
