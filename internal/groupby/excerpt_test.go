package groupby

import (
	"errors"
	"strings"
	"testing"
)

// An error shows the record that it is about, and which part of it is wrong.
func TestExcerpt(t *testing.T) {
	total := Spec{GroupBy: []string{"item_id"}, Aggregates: []string{"sum(quantity)"}}
	semicolons := total
	semicolons.Comma = ';'
	long := strings.Repeat("ä", 1000)
	for _, c := range []struct {
		name string
		spec Spec
		in   string
		line int64
		want Excerpt
	}{
		{"the last field", total, "item_id,quantity\n1,2\n3,seven\n", 3, Excerpt{"3,", "seven", ""}},
		{"with CRLF", total, "item_id,quantity\r\n3,seven\r\n", 2, Excerpt{"3,", "seven", ""}},
		{"at the end", total, "item_id,quantity\n3,seven", 2, Excerpt{"3,", "seven", ""}},
		{"the same text twice", total, "quantity,x,item_id\nseven,seven,seven\n", 2, Excerpt{"", "seven", ",seven,seven"}},
		{"quotes", total, "item_id,quantity,x\n\"a,\"\"\",\"b,\"\"\nc\",\"\"\n", 2, Excerpt{`"a,""","`, "b,\"\"\nc", `",""`}},
		{"an empty field before", total, "x,item_id,quantity\n,\"\",-\n", 2, Excerpt{`,"",`, "-", ""}},
		{"semicolons", semicolons, "item_id;quantity\n1,5;x\n", 2, Excerpt{"1,5;", "x", ""}},
		{"a NUL", total, "item_id,quantity,x\n1,2,a\x00b\n", 2, Excerpt{"1,2,", "a\x00b", ""}},
		{"a NUL in a field too many", total, "item_id,quantity\n1,2,\x00\n", 2, Excerpt{"1,2,", "\x00", ""}},
		{"too many fields", total, "item_id,quantity\n1,2,3\n", 2, Excerpt{Before: "1,2,3"}},
		{"a bare quote", total, "item_id,quantity\n1\",2\n3,4\n", 2, Excerpt{Before: `1",2`}},
		{"an open quote", total, "item_id,quantity\n\"1,2\n3,4\n", 2, Excerpt{Before: `"1,2`}},
		{"the header", total, "\nitem_id,number\n1,2\n", 2, Excerpt{Before: "item_id,number"}},
		{"the header's quotes", total, "\"item_id,quantity\n1,2\n", 1, Excerpt{Before: `"item_id,quantity`}},
		{"a NUL in the header", total, "item_id,quan\x00tity\n1,2\n", 1, Excerpt{"item_id,", "quan\x00tity", ""}},
		{"too wide a sum", total, "item_id,quantity\n" + strings.Repeat("1,"+strings.Repeat("9", 37)+"\n", 20), 10,
			Excerpt{"1,", strings.Repeat("9", 37), ""}},
		{"long fields", total, "x,item_id,quantity,y\n" + long + ",1,x" + long + "," + long + "\n", 2,
			Excerpt{ellipsis + strings.Repeat("ä", 73) + ",1,", "x" + strings.Repeat("ä", 99) + ellipsis, "," + strings.Repeat("ä", 74) + ellipsis}},
		{"a long row", total, "item_id,quantity\n" + long + "\n", 2, Excerpt{Before: strings.Repeat("ä", maxShown/2) + ellipsis}},
		{"Latin-1", total, "item_id,quantity\nM\xe4rz,\xe4\n", 2, Excerpt{"M\xe4rz,", "\xe4", ""}},
		{"nothing but Latin-1", total, "item_id,quantity\n" + strings.Repeat("\x84", 1000) + "\n", 2, Excerpt{Before: strings.Repeat("\x84", maxShown-4) + ellipsis}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := runText(t, c.spec, c.in)
			var bad *InputError
			if !errors.As(err, &bad) {
				t.Fatal(err)
			}
			if bad.Line != c.line || bad.Row != c.want {
				t.Errorf("%v\ngot  line %d, %q\nwant line %d, %q", err, bad.Line, bad.Row, c.line, c.want)
			}
		})
	}
}
