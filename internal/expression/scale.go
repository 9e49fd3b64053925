package expression

// scale is Scale of the cells of a row.
func (b *binder) scale(n *Node) func(r *Row) int {
	type scaler = func(r *Row) int
	always := func(scale int) scaler { return func(*Row) int { return scale } }
	return scaleOf(n, scaling[scaler]{
		column: func(c *Node) scaler {
			i := b.index(c)
			return func(r *Row) int { return r.scale(i) }
		},
		always: always,
		most: func(x, y scaler) scaler {
			return func(r *Row) int { return max(x(r), y(r)) }
		},
		sum: func(x, y scaler) scaler {
			return func(r *Row) int { return x(r) + y(r) }
		},
	})
}

// Scale is how many digits after the point decimals of an expression have, given those of
// its columns: as many as the factors of a product together, and the most of the parts of
// what else is made of several. What is not known counts as none.
func (n *Node) Scale(of func(column *Node) int) int {
	return scaleOf(n, scaling[int]{
		column: of,
		always: func(scale int) int { return scale },
		most:   func(x, y int) int { return max(x, y) },
		sum:    func(x, y int) int { return x + y },
	})
}

// scaling is how numbers of digits are added up: at once, or once there is a row.
type scaling[T any] struct {
	column    func(*Node) T
	always    func(scale int) T
	most, sum func(x, y T) T
}

func scaleOf[T any](n *Node, s scaling[T]) T {
	most := func(nodes ...*Node) T {
		scale := scaleOf(nodes[0], s)
		for _, a := range nodes[1:] {
			scale = s.most(scale, scaleOf(a, s))
		}
		return scale
	}
	switch n.Op {
	case Column:
		return s.column(n)
	case Literal:
		if n.Value.Kind == NumberValue {
			return s.always(n.Value.Number.Scale())
		}
	case Add, Sub, Coalesce:
		return most(n.Args...)
	case Mul:
		return s.sum(scaleOf(n.Args[0], s), scaleOf(n.Args[1], s))
	case Neg, Abs, ToNumber, NullIf:
		return scaleOf(n.Args[0], s)
	case Round:
		if len(n.Args) == 2 {
			return s.always(int(max(0, n.Args[1].Value.Number.small)))
		}
	case Case:
		var values []*Node
		for i, a := range n.Args {
			if i%2 == 1 || i == len(n.Args)-1 {
				values = append(values, a)
			}
		}
		return most(values...)
	case Aggregate:
		switch n.Function {
		case Sum, Min, Max, First, Last:
			return scaleOf(n.Args[0], s)
		}
	}
	return s.always(0)
}
