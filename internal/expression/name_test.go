package expression

import "testing"

func TestNamesAndTextsAreReadAsTheyWere(t *testing.T) {
	for name, plain := range map[string]bool{"store": true, "sum": true, "_x1": true, "case": false, "Order By": false, "IN": false, `5" tube`: false, "1st": false, "größe": false} {
		text := ColumnName(name)
		if plain != (text == name) {
			t.Errorf("%s: %s", name, text)
		}
		item, err := ParseItem(text)
		if err != nil || item.Op != Column || item.Text != name {
			t.Errorf("%s is read as %+v: %v", text, item, err)
		}
		if n, err := ParseCondition(text + " in (" + QuoteText("o'clock") + ")"); err != nil || n.Args[0].Text != name || string(n.Args[1].Value.Text) != "o'clock" {
			t.Errorf("%s in (…) is read as %+v: %v", text, n, err)
		}
	}
}
