package describe

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"csv-pipeline/internal/dialect"
)

var (
	// latin are encodings of languages with Latin letters beside windows-1252, the most common first.
	latin     = []string{"windows-1250", "windows-1254", "windows-1257", "iso-8859-2", "macintosh"}
	encodings = slices.Concat([]string{"shift_jis", "gb18030", "big5", "euc-kr", "euc-jp", "windows-1251", "koi8-r", "windows-1253", "windows-1255", "windows-1256", "iso-8859-5", "ibm866"}, latin)
)

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
	case len(f.columns) > 0 && !best.asked && !utf8.Valid(f.head[:max(0, len(f.head)-4)]):
		for _, name := range encodings {
			add(name)
		}
	case len(f.columns) > 0 && !best.asked && len(f.head) <= 4 && !utf8.Valid(f.head):
		for _, name := range encodings {
			add(name)
		}
	}
	return all
}

// describeEncoding says what a text is in other encodings, where windows-1252 is only what is left:
// as a choice where its letters are unlikely in windows-1252, otherwise as a note.
func (f *finder) describeEncoding(d *decision, a attempt) error {
	if !a.reading.Layout.Guessed() {
		return nil
	}
	text, err := a.reading.Beginning(f.ctx, headBytes)
	if err != nil {
		return err
	}
	cells := foreignCells(text)
	if len(cells) == 0 {
		return nil
	}
	used := slices.Compact(slices.Sorted(slices.Values(bytes.Join(cells, nil))))
	others := slices.DeleteFunc(slices.Clone(encodings), func(name string) bool {
		_, ok := dialect.Decode(name, used)
		return !ok && slices.Contains(latin, name)
	})
	switch symbols := slices.IndexFunc(cells, hasSymbols); {
	case isUnlikely(text):
		f.chooseEncoding(d, cells[0], others)
	case symbols >= 0:
		f.chooseEncoding(d, cells[symbols], slices.DeleteFunc(others, func(name string) bool { return !slices.Contains(latin, name) }))
	default:
		f.noteEncoding(d, cells, slices.DeleteFunc(others, func(name string) bool { return !slices.Contains(latin[:3], name) }))
	}
	return nil
}

func (f *finder) chooseEncoding(d *decision, sample []byte, others []string) {
	choice := Choice{About: fmt.Sprintf("%s: the text is no UTF-8, and nothing tells its encoding", f.file.Name)}
	for _, name := range slices.Concat([]string{"windows-1252"}, others) {
		shown, ok := dialect.Decode(name, sample)
		means := "it has " + shown
		if !ok || slices.ContainsFunc(choice.Options, func(o Option) bool { return o.Means == means }) {
			continue
		}
		if choice.Options = append(choice.Options, Option{Means: means, Settings: dialect.Settings{Encoding: name}}); len(choice.Options) == 6 {
			break
		}
	}
	if len(choice.Options) > 1 {
		d.choices = append(d.choices, choice)
	}
}

// noteEncoding names other encodings that read some cell as another text.
func (f *finder) noteEncoding(d *decision, cells [][]byte, others []string) {
	var ways []string
	for _, name := range others {
		for _, cell := range cells {
			here, _ := dialect.Decode("windows-1252", cell)
			if there, ok := dialect.Decode(name, cell); ok && there != here {
				ways = append(ways, fmt.Sprintf("in %s %s is %s", name, here, there))
				break
			}
		}
	}
	if len(ways) > 0 {
		d.notes = append(d.notes, "the text is no UTF-8 and is read as windows-1252, and nothing tells for sure: "+strings.Join(ways, ", ")+"; encoding names the right one")
	}
}

// foreignCells are the first cells of a text that have bytes beyond ASCII, the beginning of each.
func foreignCells(text []byte) (cells [][]byte) {
	const most, mostBytes = 256, 24
	for cell := range bytes.FieldsFuncSeq(text, func(r rune) bool { return r < ' ' || strings.ContainsRune(",;|\"", r) }) {
		if cell = cell[:min(len(cell), mostBytes)]; !isASCII(cell) {
			if cells = append(cells, cell); len(cells) == most {
				break
			}
		}
	}
	return cells
}

func isASCII(text []byte) bool {
	return !slices.ContainsFunc(text, func(c byte) bool { return c >= utf8.RuneSelf })
}

// isUnlikely says whether a text's bytes beyond ASCII are not as those of a language of western
// Europe: most of them stand side by side, or some are hardly ever used.
func isUnlikely(text []byte) bool {
	together, rare, of := 0, 0, 0
	for i, c := range text {
		if c < utf8.RuneSelf {
			continue
		}
		if of++; i > 0 && text[i-1] >= utf8.RuneSelf || i+1 < len(text) && text[i+1] >= utf8.RuneSelf {
			together++
		}
		if strings.IndexByte("\x81\x83\x86\x87\x88\x89\x8b\x8d\x8f\x90\x98\x9b\x9d", c) >= 0 {
			rare++
		}
	}
	return 2*together > of || 5*rare >= of
}

// hasSymbols says whether a cell has a symbol of windows-1252 where words have a letter.
func hasSymbols(cell []byte) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(cell) && (isLetter(rune(cell[i])) || cell[i] >= 0xc0 && cell[i] != 0xd7 && cell[i] != 0xf7)
	}
	for i, c := range cell {
		before, after := letter(i-1), letter(i+1)
		switch {
		case strings.IndexByte("\xa3\xa5\xaf\xb3\xb9", c) >= 0 && (after || before && letter(i-2) && letter(i-3)),
			c > 0xa0 && c < 0xc0 && strings.IndexByte("\xab\xb4\xb7\xbb\xaa\xba", c) < 0 && before && after,
			c == 0x9f && before && cell[i-1] > 'Z':
			return true
		}
	}
	return false
}
