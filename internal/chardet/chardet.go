// Package chardet ranks the encodings that a text without a mark of its encoding may be in, by how
// likely what they make of it is: letters of one script, in the frequencies of a language, with
// capitals where words begin; in East Asian texts the characters that are met most. The idea is
// that of Mozilla's detectors (Li and Momoi, "A composite approach to language/encoding detection",
// 2001; Sivonen, chardetng, 2020); the model is a simple one of single characters.
package chardet

import (
	"bytes"
	"cmp"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"csv-pipeline/internal/encodings"
)

// Guess is an encoding that a text may be in.
type Guess struct {
	Encoding string  // its name, of package encodings
	Text     string  // what it makes of the cells that are looked at
	Score    float64 // the logarithm of how likely that is; only differences mean something
}

const (
	mostBytes = 16 << 10 // that are looked at
	wrongByte = -12      // for each byte that an encoding does not have
	trailing  = 3.4      // about what an ASCII byte tells that is not taken as the second byte of a character
	twoOfThem = -6       // how unlikely a text in two encodings is
)

// Rank is the encodings that a text, which is no UTF-8, is likely to be in, the best first. There is
// always one. Where two make the same of the text, only the more usual one is there.
func Rank(text []byte) []Guess {
	all := rank(foreignCells(text))
	good := slices.DeleteFunc(slices.Clone(all), func(g Guess) bool { return g.nonsense() })
	if len(good) == 0 {
		good = all
	}
	n := float64(letters(good[0].Text))
	margin := min(4+n, 8) + 0.15*min(n, 80)
	for i := range good {
		if good[0].Score-good[i].Score > margin {
			return good[:i]
		}
	}
	return good
}

// nonsense says whether so much of a text has no meaning in an encoding that it is in another.
func (g Guess) nonsense() bool {
	bad := 0
	for _, r := range g.Text {
		if r == unicode.ReplacementChar || r >= 0x80 && r < 0xa0 {
			bad++
		}
	}
	return 20*bad > letters(g.Text)
}

// Mixed says whether a text is rather in UTF-8 here and in another encoding there than all in one
// other encoding; or, as a part of such a text, in UTF-8.
func Mixed(text []byte) bool {
	var inUTF8, other []byte
	known := map[string]bool{}
	for cell := range cellsOf(text) {
		into := &other
		switch {
		case isASCII(cell) || known[string(cell)]:
			continue
		case utf8.Valid(cell):
			into = &inUTF8
		}
		if len(*into)+len(cell) < mostBytes/2 {
			known[string(cell)] = true
			*into = append(append(*into, cell...), '\n')
		}
	}
	score := scoreUTF8(inUTF8)
	if len(other) > 0 {
		score += twoOfThem + max(rank(other)[0].Score, scoreUTF8(other)) // cells of UTF-8 may be cut within a character
	}
	return score > rank(append(inUTF8, other...))[0].Score
}

// scoreUTF8 is the score of a text in UTF-8.
func scoreUTF8(text []byte) float64 {
	best := math.Inf(-1)
	for _, e := range candidates {
		for _, l := range e.languages {
			best = max(best, l.score(string(text)))
		}
	}
	return best
}

// Names are those of all encodings that are told apart, the more usual ones first.
func Names() (all []string) {
	for _, e := range candidates {
		all = append(all, e.name)
	}
	return all
}

// rank is all encodings, the best first.
func rank(text []byte) (all []Guess) {
	for _, e := range candidates {
		found, _, ok := encodings.Named(e.name)
		if !ok {
			panic("there is no encoding " + e.name)
		}
		decoded, err := found.NewDecoder().Bytes(text)
		if err != nil {
			panic(err) // wrong bytes are no error
		}
		g := Guess{Encoding: e.name, Text: string(decoded), Score: math.Inf(-1)}
		for _, l := range e.languages {
			g.Score = max(g.Score, l.score(g.Text))
		}
		g.Score += e.rare + trailing*float64(asciis(text)-asciis(decoded))
		same := slices.IndexFunc(all, func(other Guess) bool { return other.Text == g.Text })
		if same < 0 {
			all = append(all, g)
			continue
		}
		all[same].Score = max(all[same].Score, g.Score)
	}
	slices.SortStableFunc(all, func(a, b Guess) int { return cmp.Compare(b.Score, a.Score) })
	return all
}

// foreignCells are the cells of a text that are not ASCII, each once and on a line, so many bytes of them.
func foreignCells(text []byte) (cells []byte) {
	known := map[string]bool{}
	for cell := range cellsOf(text) {
		if isASCII(cell) || known[string(cell)] {
			continue
		}
		if len(cells)+len(cell) > mostBytes {
			if len(cells) == 0 {
				cells = cell[:mostBytes]
			}
			break
		}
		known[string(cell)] = true
		cells = append(append(cells, cell...), '\n')
	}
	return cells
}

// cellsOf splits a text where no character of an encoding of two bytes has its second one.
func cellsOf(text []byte) iter.Seq[[]byte] {
	return bytes.FieldsFuncSeq(text, func(r rune) bool { return r < ' ' || strings.ContainsRune(",;\"", r) })
}

func isASCII(text []byte) bool { return asciis(text) == len(text) }

func asciis(text []byte) (n int) {
	for _, c := range text {
		if c < utf8.RuneSelf {
			n++
		}
	}
	return n
}

func letters(text string) (n int) {
	for _, r := range text {
		if r >= utf8.RuneSelf {
			n++
		}
	}
	return n
}

func isASCIILetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// score is the logarithm of how likely the characters beyond ASCII of a text are in a language.
func (l *language) score(text string) (sum float64) {
	before, symbol := ' ', false // symbol: the last character is one, with a letter before it
	var w word
	for _, r := range text {
		if !isLetter(r) {
			sum += l.word(&w)
		}
		switch {
		case r < utf8.RuneSelf:
			if isASCIILetter(r) {
				w.ascii++
				if l.atEnd && w.last != 0 {
					sum += inWord
				}
				w.last = 0
				sum += l.ascii(before, r) + beside(before)
				if before == '°' && (r == 'C' || r == 'F') {
					sum -= alone
				}
				if symbol {
					sum += inWord
				}
			} else if isDigit(r) {
				switch {
				case before == '¥':
					sum -= alone
				case before >= utf8.RuneSelf && isLetter(before) && l.east == nil:
					sum += alone
				}
			}
		case r == unicode.ReplacementChar:
			sum += wrongByte
		case l.east != nil:
			sum += l.east.log(before, r)
		case isLetter(r):
			w.others++
			w.last = r
			sum += l.letter(before, r) + beside(before)
			if symbol {
				sum += inWord
			}
		default:
			sum += sign(r)
			switch {
			case before == 'm' && (r == '²' || r == '³'), isDigit(before) && r == '¥':
				sum -= alone
			case isLetter(before):
				sum += beside(r)
			}
		}
		symbol = r >= utf8.RuneSelf && !isLetter(r) && !strings.ContainsRune("’\u00ad"+delimiters, r) && isLetter(before)
		before = r
	}
	return sum + l.word(&w)
}

// word is how many letters a word has.
type word struct {
	ascii, others int
	last          rune // where that is none of ASCII
}

// word is what the number of its letters tells of a word that has some beyond ASCII, and begins another.
func (l *language) word(w *word) (log float64) {
	switch {
	case w.others == 1 && w.ascii == 0 && !strings.ContainsRune("àèéåØ", w.last):
		log = alone
	case l.latin && w.others > 0:
		plain := math.Log(1 - l.share)
		log = float64(w.ascii)*plain - math.Log(1-math.Exp(plain*float64(w.ascii+w.others)))
	}
	*w = word{}
	return log
}

func isLetter(r rune) bool {
	return isASCIILetter(r) || r != 'µ' && r != 'ª' && r != 'º' && (unicode.IsLetter(r) || unicode.IsMark(r))
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

var (
	inWord    = math.Log(0.01) // a symbol between two letters
	alone     = math.Log(0.02) // a letter beside a digit, or by itself
	twoScript = math.Log(0.01) // letters of two scripts side by side
)

// ascii is what a letter of ASCII tells behind one that is none.
func (l *language) ascii(before, r rune) float64 {
	switch {
	case before < utf8.RuneSelf || !isLetter(before):
		return 0
	case l.east != nil:
		return math.Log(0.1)
	case !l.latin:
		return twoScript
	case r < 'a' && unicode.IsLower(before):
		return math.Log(0.01)
	}
	return 0
}

// familiar are the letters that other languages with Latin letters have in names of abroad.
const familiar = "éèáàâíóúçñãäöüåøôêëï"

// delimiters are signs that may be between fields.
const delimiters = "¦§"

// beside is what a letter beside a character tells, where that is a sign that has none there.
func beside(r rune) float64 {
	if r < utf8.RuneSelf || isLetter(r) || strings.ContainsRune("«»“”‘’„¿¡©®™°²³…–—·µªº№،؛؟\u00a0\u00ad"+delimiters, r) {
		return 0
	}
	return math.Log(0.1)
}

// letter is the logarithm of how likely a letter is behind another character.
func (l *language) letter(before, r rune) float64 {
	lower := unicode.ToLower(r)
	log, known := l.logs[r]
	if !known {
		log, known = l.logs[lower]
	}
	if !known {
		switch log = math.Log(1e-6); {
		case l.latin && strings.ContainsRune(familiar, lower):
			log = math.Log(l.share * 3e-3)
		case unicode.Is(l.script, r):
			log = math.Log(l.share * 2e-4)
		}
	}
	if isLetter(before) && (isASCIILetter(before) || unicode.Is(unicode.Latin, before)) != (l.latin && unicode.Is(unicode.Latin, r)) && !unicode.IsMark(r) {
		log += twoScript
	}
	if isDigit(before) || !isLetter(before) && unicode.IsMark(r) {
		log += alone
	}
	if lower == r && unicode.ToUpper(r) == r {
		return log // a script without cases
	}
	upper := lower != r
	switch {
	case !isLetter(before): // as often a capital as not
		return log + math.Log(0.5)
	case unicode.IsUpper(before) && upper:
		return log + math.Log(0.3)
	case unicode.IsUpper(before):
		return log + math.Log(0.7)
	case upper:
		return log + math.Log(0.004)
	}
	return log
}

// sign is the logarithm of how likely a character is that is no letter.
func sign(r rune) float64 {
	switch r {
	case '\u00a0', '’', '“', '”', '–', '€', '°':
		return math.Log(0.01)
	case '‘', '„', '—', '…', '«', '»', '£', '²', '³', '§', '®', '™', '·', '•', '½', '©', '¿', '¡', 'µ', 'º', 'ª', '×', '±', '´', '№', '¦', '،', '؛', '؟', '₪', '฿':
		return math.Log(0.004)
	}
	switch {
	case r < 0xa0, r >= 0xe000 && r < 0xf900:
		return math.Log(1e-8)
	case r >= 0x2500 && r < 0x25a0:
		return math.Log(1e-6)
	case r < 0x100:
		return math.Log(2e-4)
	}
	return math.Log(5e-5)
}
