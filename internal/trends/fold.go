package trends

import (
	"cmp"
	"slices"
	"strings"
)

// Limits of what is kept of the groups. Beyond them the smallest become one, so that memory
// stays bounded, however many groups the results have.
var (
	maxKeys     = 100_000
	maxKeyBytes = 32 << 20
	maxCells    = 1_000_000
)

// others is the key of the groups that have become one.
const others = -1

// add adds the rows of a result. The values of a group are either all its own or, where it
// was folded or came after folding, all among the others: so what is told of a group is
// exact.
func (v *daily) add(name string, of period, rows []row, how Combine) {
	v.files++
	v.units[of.unit]++
	day := dayOf(of.first)
	v.last = max(v.last, dayOf(of.last()))
	for _, r := range rows {
		key, known := v.index[r.key]
		switch {
		case known:
		case v.folded > 0:
			key = others
		default:
			key = int32(len(v.keys))
			group := strings.Clone(r.key)
			v.keys = append(v.keys, group)
			v.index[group] = key
			v.keyBytes += len(group)
		}
		c := cell{day, key}
		v.cells[c] = v.cells[c].merge(r.value, how)
		if len(v.keys) > maxKeys || v.keyBytes > maxKeyBytes || len(v.cells) > maxCells {
			v.fold(how)
		}
	}
	if len(rows) > v.most.Groups {
		groups := make(map[string]bool, len(rows))
		for _, r := range rows {
			groups[r.key] = true
		}
		if len(groups) > v.most.Groups {
			v.most = Widest{name, len(groups)}
		}
	}
}

// fold keeps the largest groups, with at most half of what may be kept, and adds the others
// up.
func (v *daily) fold(how Combine) {
	totals := make([]value, len(v.keys))
	cells := make([]int, len(v.keys)) // of each key
	for c, w := range v.cells {
		if c.key != others {
			totals[c.key] = totals[c.key].merge(w, how)
			cells[c.key]++
		}
	}
	ranked := v.ranked(totals, how)
	keys, size, left, rest := 0, 0, maxCells/2, maxKeyBytes/2
	for _, key := range ranked {
		left -= cells[key]
		rest -= len(v.keys[key])
		if left < 0 || rest < 0 || keys == maxKeys/2 {
			break
		}
		size += len(v.keys[key])
		keys++
	}
	kept := make([]string, keys)
	place := make([]int32, len(v.keys)) // of each key; others where it is folded
	for i := range place {
		place[i] = others
	}
	clear(v.index)
	for i, key := range ranked[:keys] {
		kept[i], place[key] = v.keys[key], int32(i)
		v.index[kept[i]] = int32(i)
	}
	folded := make(map[cell]value, len(v.cells)/2)
	for c, w := range v.cells {
		if c.key != others {
			c.key = place[c.key]
		}
		folded[c] = folded[c].merge(w, how)
	}
	v.folded += len(v.keys) - keys
	v.keys, v.keyBytes, v.cells = kept, size, folded
}

// ranked are the keys that have a value, the largest first.
func (v *daily) ranked(totals []value, how Combine) (keys []int) {
	for key, total := range totals {
		if total.n > 0 {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b int) int {
		return cmp.Or(totals[b].of(how).Compare(totals[a].of(how)), cmp.Compare(v.keys[a], v.keys[b]))
	})
	return keys
}
