package catalog

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"csv-pipeline/internal/filestore"
)

// Table is the files of one area, sorted by name. It is immutable, and takes some 80
// bytes of memory for each file: the texts of all files share one string, and an identity
// that the ETag begins with shares its bytes.
type Table struct {
	text    string
	entries []entry // as the store listed them
	byName  []int32 // places in entries, sorted by name
	bytes   int64

	mu     sync.Mutex // guards what is computed on first use
	orders map[Order][]int32

	listFolders sync.Once
	folders     []string // of all depths, each with its last slash, sorted
}

// entry is a file. Its texts follow each other in Table.text, beginning at start.
type entry struct {
	start                               uint32
	name, etag, ident, source, settings uint16
	// Whether the identity and the source are the beginning of the ETag, and not texts of their own.
	identInETag, sourceInETag bool
	size, modTime             int64
}

// Len is how many files there are.
func (t *Table) Len() int { return len(t.entries) }

// Bytes is the total size of all files.
func (t *Table) Bytes() int64 { return t.bytes }

// At is the file at place i of those sorted by name.
func (t *Table) At(i int) filestore.Info { return t.info(&t.entries[t.byName[i]]) }

// Name is the name of the file at place i of those sorted by name.
func (t *Table) Name(i int) string { return t.name(&t.entries[t.byName[i]]) }

func (t *Table) name(e *entry) string { return t.text[e.start : e.start+uint32(e.name)] }

func (t *Table) info(e *entry) filestore.Info {
	rest := t.text[e.start:]
	take := func(n uint16) string {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	i := filestore.Info{Name: take(e.name), ETag: take(e.etag), Size: e.size, ModTime: time.Unix(0, e.modTime).UTC()}
	if e.identInETag {
		i.Identity = i.ETag[:e.ident]
	} else {
		i.Identity = take(e.ident)
	}
	if e.sourceInETag {
		i.Source = i.ETag[:e.source]
	} else {
		i.Source = take(e.source)
	}
	i.Settings = take(e.settings)
	return i
}

// All yields the files sorted by name.
func (t *Table) All() iter.Seq[filestore.Info] {
	return func(yield func(filestore.Info) bool) {
		for i := range t.byName {
			if !yield(t.At(i)) {
				return
			}
		}
	}
}

// Place is the place of a file among those sorted by name; false when there is none.
func (t *Table) Place(name string) (int, bool) {
	return slices.BinarySearchFunc(t.byName, name, func(i int32, name string) int {
		return cmp.Compare(t.name(&t.entries[i]), name)
	})
}

// Find looks a file up by its name.
func (t *Table) Find(name string) (filestore.Info, bool) {
	i, ok := t.Place(name)
	if !ok {
		return filestore.Info{}, false
	}
	return t.At(i), true
}

// Folders are the names of the folders directly below the given one, which is "" or ends
// in a slash. They are sorted, and at most most; more reports whether there are others.
func (t *Table) Folders(below string, most int) (names []string, more bool) {
	t.listFolders.Do(t.findFolders)
	i, _ := slices.BinarySearch(t.folders, below)
	for i < len(t.folders) {
		rest, ok := strings.CutPrefix(t.folders[i], below)
		if !ok {
			break
		}
		name, _, _ := strings.Cut(rest, "/")
		if name == "" { // the folder itself
			i++
			continue
		}
		if len(names) == most {
			return names, true
		}
		names = append(names, name)
		i, _ = slices.BinarySearch(t.folders, below+name+"0") // after everything in it: '0' follows '/'
	}
	return names, false
}

func (t *Table) findFolders() {
	last := ""
	for i := range t.byName {
		name := t.Name(i)
		shared := 0
		for shared < min(len(name), len(last)) && name[shared] == last[shared] {
			shared++
		}
		for at := shared; at < len(name); at++ {
			if name[at] == '/' {
				t.folders = append(t.folders, name[:at+1])
			}
		}
		last = name
	}
}

// Order is what files are sorted by.
type Order string

// The orders, each ascending.
const (
	ByName Order = "name"
	BySize Order = "size"
	ByTime Order = "modified"
)

// Sorted returns all places in the given order. The caller must not change the slice.
func (t *Table) Sorted(by Order) []int32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if places, ok := t.orders[by]; ok {
		return places
	}
	places := make([]int32, len(t.byName))
	for i := range places {
		places[i] = int32(i)
	}
	at := func(place int32) *entry { return &t.entries[t.byName[place]] }
	switch by {
	case BySize:
		slices.SortFunc(places, func(a, b int32) int { return cmp.Or(cmp.Compare(at(a).size, at(b).size), cmp.Compare(a, b)) })
	case ByTime:
		slices.SortFunc(places, func(a, b int32) int { return cmp.Or(cmp.Compare(at(a).modTime, at(b).modTime), cmp.Compare(a, b)) })
	}
	if t.orders == nil {
		t.orders = make(map[Order][]int32)
	}
	t.orders[by] = places
	return places
}

// builder makes a table. It allocates nothing while the files are those of an earlier
// table in the same order: mostly nothing has changed, and then the earlier table is the
// result.
type builder struct {
	before  *Table
	same    int // how many files so far are those of before
	own     bool
	text    strings.Builder
	entries []entry
}

func (b *builder) add(f filestore.Info) error {
	if !b.own {
		if b.before != nil && b.same < len(b.before.entries) && same(b.before.info(&b.before.entries[b.same]), f) {
			b.same++
			return nil
		}
		b.diverge()
	}
	texts := [...]string{f.Name, f.ETag, f.Identity, f.Source, f.Settings}
	for _, s := range texts {
		if len(s) > math.MaxUint16 {
			return fmt.Errorf("the store returned %d bytes of metadata of the file %.100q", len(s), f.Name)
		}
	}
	if uint64(b.text.Len()+len(texts)*math.MaxUint16) > math.MaxUint32 {
		return fmt.Errorf("the names of %d files are too long to be kept in memory", len(b.entries))
	}
	e := entry{
		start: uint32(b.text.Len()), name: uint16(len(f.Name)), etag: uint16(len(f.ETag)), ident: uint16(len(f.Identity)), source: uint16(len(f.Source)), settings: uint16(len(f.Settings)),
		identInETag: strings.HasPrefix(f.ETag, f.Identity), sourceInETag: strings.HasPrefix(f.ETag, f.Source),
		size: f.Size, modTime: f.ModTime.UnixNano(),
	}
	b.entries = append(b.entries, e)
	b.text.WriteString(f.Name)
	b.text.WriteString(f.ETag)
	if !e.identInETag {
		b.text.WriteString(f.Identity)
	}
	if !e.sourceInETag {
		b.text.WriteString(f.Source)
	}
	b.text.WriteString(f.Settings)
	return nil
}

func same(a, b filestore.Info) bool {
	return a.ModTime.Equal(b.ModTime) && a.Size == b.Size && a.Name == b.Name && a.ETag == b.ETag && a.Identity == b.Identity && a.Source == b.Source && a.Settings == b.Settings
}

// diverge begins a table of its own with the files that were the same so far.
func (b *builder) diverge() {
	b.own = true
	if b.before == nil {
		return
	}
	b.entries = append(make([]entry, 0, len(b.before.entries)+1024), b.before.entries[:b.same]...)
	end := len(b.before.text)
	if b.same < len(b.before.entries) {
		end = int(b.before.entries[b.same].start)
	}
	b.text.Grow(len(b.before.text) + 64<<10)
	b.text.WriteString(b.before.text[:end])
}

func (b *builder) table() *Table {
	if !b.own && b.before != nil && b.same == len(b.before.entries) {
		return b.before
	}
	if !b.own {
		b.diverge()
	}
	t := &Table{text: strings.Clone(b.text.String()), entries: slices.Clip(slices.Clone(b.entries)), byName: make([]int32, len(b.entries))}
	for i := range t.byName {
		t.byName[i] = int32(i)
		t.bytes += t.entries[i].size
	}
	slices.SortFunc(t.byName, func(a, b int32) int { return cmp.Compare(t.name(&t.entries[a]), t.name(&t.entries[b])) })
	return t
}
