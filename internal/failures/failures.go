// Package failures groups dead letters by why they failed, so that a page can say "400 files:
// quantity is not a number" where a list would have 400 entries.
package failures

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"csv-pipeline/internal/queue"
)

// Group is the dead letters of one dataset that failed for the same reason.
type Group struct {
	ID      string    `json:"group"`             // the same for the same reason, kind and dataset, also after a restart
	Reason  string    `json:"reason"`            // without what is special to a file: "…" stands for that
	Kind    string    `json:"kind"`              // a queue.Kind… constant
	Dataset string    `json:"dataset,omitempty"` // whose question was asked of the files; "" for the main one
	Files   int       `json:"files"`
	Newest  time.Time `json:"newest"`  // when the last of them failed
	Example string    `json:"example"` // the name of that one

	lower string // the reason as it is searched
}

// Letter is a dead letter of an Index.
type Letter struct {
	Name  string
	Group int32 // place in Index.Groups

	at int64 // when it failed, in unix ms
}

// Index has all dead letters of one time, and their groups. It is immutable, and has about a
// hundred bytes for each letter.
type Index struct {
	Letters []Letter // the newest first
	Groups  []Group  // in no order; see Count
}

// Filter is which dead letters are meant: those that match all that is said.
type Filter struct {
	Group string    // of this group
	Text  string    // that have this text in their names or the reasons of their groups, in any case
	Until time.Time // that failed at this time at the latest; zero: at any time
}

// All reports whether every dead letter matches.
func (f Filter) All() bool { return f == Filter{} }

// Find returns the letters that match.
func (x *Index) Find(f Filter) []Letter {
	if f.All() {
		return x.Letters
	}
	text := strings.ToLower(f.Text)
	matching := make([]bool, len(x.Groups))
	for i, g := range x.Groups {
		matching[i] = strings.Contains(g.lower, text)
	}
	found := []Letter{}
	for _, l := range x.Letters {
		if f.Group != "" && x.Groups[l.Group].ID != f.Group || !f.Until.IsZero() && l.at > f.Until.UnixMilli() {
			continue
		}
		if matching[l.Group] || strings.Contains(strings.ToLower(l.Name), text) {
			found = append(found, l)
		}
	}
	return found
}

// Newest is when the last of all letters failed, by Redis' clock; zero where there is none.
func (x *Index) Newest() time.Time {
	if len(x.Letters) == 0 {
		return time.Time{}
	}
	return time.UnixMilli(x.Letters[0].at).UTC()
}

// Count returns the groups of letters that Find found, each with how many of them it has.
func (x *Index) Count(found []Letter) []Group {
	files := make([]int, len(x.Groups))
	newest := make([]Letter, len(x.Groups))
	for _, l := range found {
		if files[l.Group] == 0 {
			newest[l.Group] = l
		}
		files[l.Group]++
	}
	groups := []Group{}
	for i, g := range x.Groups {
		if files[i] > 0 {
			g.Files, g.Newest, g.Example = files[i], time.UnixMilli(newest[i].at).UTC(), newest[i].Name
			groups = append(groups, g)
		}
	}
	slices.SortStableFunc(groups, func(a, b Group) int { return b.Newest.Compare(a.Newest) })
	return groups
}

// Grouper says which group a dead letter is of.
type Grouper struct {
	// Dataset is the dataset of a name, "" for the main one.
	Dataset func(name string) string
}

// cause is what the letters of a group have in common.
type cause struct{ kind, dataset, reason string }

func (g Grouper) cause(l queue.DeadLetter) cause {
	c := cause{kind: l.Kind, reason: Normal(l)}
	if g.Dataset != nil {
		c.dataset = g.Dataset(l.Name)
	}
	return c
}

// Of is the group of one letter alone.
func (g Grouper) Of(l queue.DeadLetter) Group { return groupOf(g.cause(l), l) }

func groupOf(c cause, l queue.DeadLetter) Group {
	sum := sha256.Sum256([]byte(c.kind + "\x00" + c.dataset + "\x00" + c.reason))
	return Group{ID: hex.EncodeToString(sum[:6]), Reason: c.reason, Kind: c.kind, Dataset: c.dataset,
		Files: 1, Newest: l.At, Example: l.Name, lower: strings.ToLower(c.reason)}
}

// Matches reports whether a letter matches a filter.
func (g Grouper) Matches(l queue.DeadLetter, f Filter) bool {
	if !f.Until.IsZero() && l.At.After(f.Until) {
		return false
	}
	if f.Group == "" && f.Text == "" {
		return true
	}
	group, text := g.Of(l), strings.ToLower(f.Text)
	return (f.Group == "" || group.ID == f.Group) && (strings.Contains(group.lower, text) || strings.Contains(strings.ToLower(l.Name), text))
}

// builder makes an Index.
type builder struct {
	grouper Grouper
	index   Index
	places  map[cause]int32 // of groups
}

func (b *builder) add(l queue.DeadLetter) {
	c := b.grouper.cause(l)
	place, known := b.places[c]
	if !known {
		place = int32(len(b.index.Groups))
		b.places[c] = place
		b.index.Groups = append(b.index.Groups, groupOf(c, l))
	}
	b.index.Letters = append(b.index.Letters, Letter{Name: l.Name, Group: place, at: l.At.UnixMilli()})
}

func (b *builder) finish() *Index {
	slices.SortFunc(b.index.Letters, func(a, b Letter) int {
		return cmp.Or(cmp.Compare(b.at, a.at), cmp.Compare(a.Name, b.Name))
	})
	return &b.index
}
