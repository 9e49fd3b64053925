package dialect

import (
	"bytes"
	"slices"
	"strings"
)

// totals are what totals of other rows are called, and remarks what else stands below a table.
var (
	totals = []string{"total", "totals", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "endsumme", "zwischensumme", "ergebnis", "gesamtergebnis", "subtotal", "sub-total", "sub total", "grand total",
		"somme", "total général", "sous-total", "totale", "subtotale", "suma", "razem", "celkem", "mezisoučet", "totaal", "subtotaal", "summa", "delsumma", "i alt", "yhteensä", "összesen", "toplam",
		"saldo", "endsaldo", "saldo final", "saldo total", "closing balance", "ending balance", "total geral", "total general", "genel toplam", "итого", "всего", "усього", "разом", "σύνολο",
		"合計", "小計", "総計", "总计", "合计", "小计", "합계", "총계", "tổng cộng", "รวม", "कुल", "सकल योग", "الإجمالي", "المجموع", "סה\"כ", "סה״כ"}
	remarks = []string{"trl", "trailer", "eof", "end", "ende", "footer", "count", "records", "disclaimer", "printed", "generated", "created", "source", "quelle", "note", "notes", "stand", "exported", "hinweis", "bemerkung"}
)

// beginsWith says whether a text begins with one of the words.
func beginsWith(text string, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		rest, ok := strings.CutPrefix(text, word)
		return ok && (rest == "" || !(rest[0] >= 'a' && rest[0] <= 'z') && rest[0] < 0x80)
	})
}

// IsTotal says whether a text is what a total is called: Total, Total North or, as spreadsheets
// have it, North Total; and whether it can be hardly anything else, as the first and the last.
func IsTotal(text string) (is, only bool) {
	if len(text) > longestTotal {
		return false, false
	}
	text = strings.TrimSuffix(strings.ToLower(text), ":")
	only = slices.ContainsFunc(totals, func(word string) bool {
		rest, ok := strings.CutSuffix(text, word)
		return ok && (rest == "" || rest[len(rest)-1] == ' ')
	})
	return only || beginsWith(text, totals), only
}

const longestTotal = 60 // bytes

// IsRemark says whether a text begins as what stands below a table and is no total.
func IsRemark(text string) bool { return beginsWith(strings.ToLower(text), remarks) }

// findTotal finds out whether the last row of a file that is whole in head is called a total.
func (r *Reading) findTotal(head []byte) {
	l := r.Layout
	if l == nil || r.rules.SkipFooter > 0 || int(l.start) >= len(head) {
		return
	}
	text := bytes.TrimRight(head[l.start:], "\r\n\x1a")
	text = text[1+bytes.LastIndexAny(text, "\r\n"):]
	var rec record
	if l.syntax(r.rules).parse(text, true, &rec) != row || len(rec.fields) != l.width {
		return
	}
	first, empty := "", false
	for _, f := range rec.fields {
		cell := trimSpace(text[f.start:f.end])
		if empty = empty || len(cell) == 0; first == "" {
			first = string(cell)
		}
	}
	if is, only := IsTotal(first); only || is && empty { // Total Energies has something in every cell
		r.total = first
	}
}

// Total is what the last row of a file is called where that is as totals are, and the file is
// short; "" otherwise.
func (r *Reading) Total() string { return r.total }
