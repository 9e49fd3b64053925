package expression

import "fmt"

// mostDepth bounds how deep expressions may be nested, and mostNodes of what they consist. mostWalked
// bounds how many nodes a walk passes: between has its left side twice, and case its subject for each
// of its values, which within each other are 2^n.
const (
	mostDepth  = 200
	mostNodes  = 10_000
	mostWalked = 100_000
)

// count counts a node whose arguments were, and notes where there are too many.
func (p *parser) count(n *Node) {
	p.nodes++
	n.size = 1
	for _, a := range n.Args {
		if a != nil {
			n.size = min(n.size+a.size, mostWalked+1)
		}
	}
	t := p.tokens[max(p.next-1, 0)]
	switch {
	case p.excess != nil:
	case p.nodes > mostNodes:
		p.excess = p.fail(t.at, t.end, fmt.Sprintf("too long: expected at most %d columns, constants and operators", mostNodes))
	case n.size > mostWalked:
		p.excess = p.fail(t.at, t.end, fmt.Sprintf("too long: between takes its left side twice, and case its subject for each value, with which there are more than %d columns, constants and operators", mostWalked))
	}
}

// expression reads one that is not too long.
func (p *parser) expression() (*Node, *SyntaxError) {
	n, err := p.or()
	if p.excess != nil {
		return nil, p.excess
	}
	return n, err
}
