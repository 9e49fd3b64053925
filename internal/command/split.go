package command

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// Split splits a text into words as a POSIX shell does. No shell runs the words, so what only
// a shell could do, such as a pipe or a variable, is an error.
func Split(text string) ([]string, error) {
	var words []*syntax.Word
	for word, err := range syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).WordsSeq(strings.NewReader(text)) {
		if err != nil {
			return nil, fmt.Errorf("column %w; no shell runs this: for pipes and the like expected sh -c '…'", err)
		}
		words = append(words, word)
	}
	var err error
	for _, word := range words {
		syntax.Walk(word, func(node syntax.Node) bool {
			switch node.(type) {
			case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp:
				if err == nil {
					err = fmt.Errorf("column %d: no shell runs this, so nothing stands for $ or `: expected them within single quotes", node.Pos().Col())
				}
			}
			return true
		})
	}
	if err != nil {
		return nil, err
	}
	return expand.Fields(nil, words...)
}
