package query

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"csv-pipeline/internal/expression"
)

// ofProcessor are the keys below the chart's processor that are a Config's.
var ofProcessor = []string{
	"input", "groupBy", "aggregate", "select", "where", "having", "orderBy", "limit", "output", "datasets",
	"command", "commandInput", "commandTimeout", "commandMaxOutput", "commandEnv",
}

// mostTypos is how many letters may be wrong in a key that is taken for a misspelt one of ofProcessor. The
// chart's other keys differ in more.
const mostTypos = 2

// ofChart is what a file of values of the chart says of the question, and any other node as it is.
// What the chart has beside that is left out, but for keys that look misspelt.
func ofChart(body ast.Node) ast.Node {
	root, ok := body.(*ast.MappingNode)
	if !ok {
		return body
	}
	at := slices.IndexFunc(root.Values, func(v *ast.MappingValueNode) bool { return keyIn(v) == "processor" })
	if at < 0 || slices.ContainsFunc(root.Values, func(v *ast.MappingValueNode) bool { return slices.Contains(ofProcessor, keyIn(v)) }) {
		return body
	}
	processor, ok := root.Values[at].Value.(*ast.MappingNode)
	if !ok {
		return body
	}
	asked := *processor
	asked.Values = nil
	for _, v := range processor.Values {
		if v.Key.IsMergeKey() || expression.NearestWithin(keyIn(v), ofProcessor, mostTypos) != "" {
			asked.Values = append(asked.Values, v)
		}
	}
	return &asked
}

func keyIn(v *ast.MappingValueNode) string { return v.Key.GetToken().Value }
