// Package encodings finds encodings of texts by their names.
package encodings

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
)

// dos are code pages of DOS, which are not in the WHATWG list but for ibm866: Excel saves "CSV (MS-DOS)"
// in the one of the system, and programs on a Windows console write it.
var dos = map[string]*charmap.Charmap{
	"437": charmap.CodePage437, // the United States
	"850": charmap.CodePage850, // Western Europe
	"852": charmap.CodePage852, // Central Europe
	"855": charmap.CodePage855, // Cyrillic
	"858": charmap.CodePage858, // Western Europe, with the euro sign
	"860": charmap.CodePage860, // Portuguese
	"862": charmap.CodePage862, // Hebrew
	"863": charmap.CodePage863, // Canadian French
	"865": charmap.CodePage865, // Nordic
}

// Named finds an encoding by a name of the WHATWG Encoding Standard, or of a code page of DOS such as
// ibm850 or cp850. It also returns the standard's name, or ibm850. ok is false where there is none.
func Named(name string) (found encoding.Encoding, canonical string, ok bool) {
	if e, err := htmlindex.Get(name); err == nil {
		if canonical, err = htmlindex.Name(e); err != nil {
			canonical = name
		}
		return e, canonical, true
	}
	number := strings.ToLower(strings.TrimSpace(name))
	for _, prefix := range []string{"ibm", "cp"} {
		if rest, cut := strings.CutPrefix(number, prefix); cut {
			number = strings.TrimLeft(rest, "-_ ")
			break
		}
	}
	page := dos[number]
	return page, "ibm" + number, page != nil
}
