package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind is what a token is.
type tokenKind uint8

const (
	endToken    tokenKind = iota
	nameToken             // a word that may be a keyword, a function or a column
	quotedToken           // "a column"
	columnToken           // #2
	numberToken           // 1.5
	textToken             // 'a text'
	symbolToken           // + <= ( …
)

// token is a piece of the source. text is what it says: without quotes, and small letters
// of a word are in word.
type token struct {
	kind    tokenKind
	text    string
	word    string
	at, end int
}

func (t *token) is(symbol string) bool { return t.kind == symbolToken && t.text == symbol }
func (t *token) isWord(w string) bool  { return t.kind == nameToken && t.word == w }
func isDigit(c byte) bool              { return c-'0' <= 9 }
func isNameRune(r rune) bool           { return unicode.IsLetter(r) || unicode.IsDigit(r) || isNameSign(r) }
func isNameSign(r rune) bool {
	return strings.ContainsRune("_.$@%", r) || r >= 0x80 && !unicode.IsSpace(r)
}
func (p *parser) fail(at, end int, problem string) *SyntaxError {
	return &SyntaxError{Source: p.source, At: at, End: end, Problem: problem}
}

// lex cuts the source into tokens, of which the last is an endToken.
func (p *parser) lex() *SyntaxError {
	s := p.source
	for i := 0; ; {
		for i < len(s) {
			r, n := utf8.DecodeRuneInString(s[i:])
			if !unicode.IsSpace(r) {
				break
			}
			i += n
		}
		t := token{at: i, end: i}
		if i == len(s) {
			p.tokens = append(p.tokens, t)
			return nil
		}
		r, _ := utf8.DecodeRuneInString(s[i:])
		var bad *SyntaxError
		switch c := s[i]; {
		case c == '"', c == '\'':
			bad = p.lexQuoted(&t, c)
		case c == '#':
			for t.end = i + 1; t.end < len(s) && isDigit(s[t.end]); t.end++ {
			}
			if t.kind = columnToken; t.end == i+1 {
				bad = p.fail(i, i+1, "# has no number: expected a column such as #2")
			}
			t.text = s[i+1 : t.end]
		case isDigit(c), c == '.' && i+1 < len(s) && isDigit(s[i+1]):
			p.lexNumber(&t)
		case isNameRune(r):
			p.lexName(&t)
		default:
			t.kind, t.end = symbolToken, i+1
			for _, two := range []string{"||", "<=", ">=", "<>", "!=", "=="} {
				if strings.HasPrefix(s[i:], two) {
					t.end = i + 2
				}
			}
			if t.text = s[i:t.end]; !strings.Contains("+ - * / || = <> != == < <= > >= ( ) ,", t.text) || t.text == "|" || t.text == "!" {
				bad = p.fail(i, t.end, p.unknownSign(i, t.text))
			}
		}
		if bad != nil {
			return bad
		}
		p.tokens = append(p.tokens, t)
		i = t.end
	}
}

// lexQuoted reads up to the quote that closes, a quote within being doubled.
func (p *parser) lexQuoted(t *token, quote byte) *SyntaxError {
	if t.kind = textToken; quote == '"' {
		t.kind = quotedToken
	}
	var text strings.Builder
	for i := t.at + 1; i < len(p.source); i++ {
		if p.source[i] == quote {
			if i+1 == len(p.source) || p.source[i+1] != quote {
				if t.text, t.end = text.String(), i+1; t.kind == quotedToken && t.text == "" {
					return p.fail(t.at, t.end, "the name is missing")
				}
				return nil
			}
			i++
		}
		text.WriteByte(p.source[i])
	}
	return p.fail(t.at, t.at+1, "a quote is not closed")
}

// lexNumber reads digits [. digits] [e exponent]; with letters behind it is a name.
func (p *parser) lexNumber(t *token) {
	s := p.source
	digits := func(i int) int {
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		return i
	}
	i := digits(t.at)
	if i < len(s) && s[i] == '.' {
		i = digits(i + 1)
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if k := digits(j); k > j {
			i = k
		}
	}
	t.kind, t.text, t.end = numberToken, s[t.at:i], i
	if r, _ := utf8.DecodeRuneInString(s[i:]); i < len(s) && isNameRune(r) {
		p.lexName(t)
	}
}

func (p *parser) lexName(t *token) {
	i := t.at
	for i < len(p.source) {
		r, n := utf8.DecodeRuneInString(p.source[i:])
		if !isNameRune(r) {
			break
		}
		i += n
	}
	t.kind, t.end, t.text = nameToken, i, p.source[t.at:i]
	t.word = strings.ToLower(t.text)
}
