package catalog_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
)

func put(t *testing.T, store filestore.Store, area filestore.Area, name, text string, source *filestore.Info) filestore.Info {
	t.Helper()
	w, err := store.Create(t.Context(), area, name, source)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	info, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// After any change of the files, a new snapshot has what a listing has, also where it shares
// most of its memory with the one before.
func TestSnapshotFollowsTheStore(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	files := catalog.New(store)
	random := rand.New(rand.NewPCG(1, 2))
	name := func() string { return fmt.Sprintf("%d/%02d.csv", random.IntN(3), random.IntN(20)) }
	var before *catalog.Snapshot
	for range 300 {
		changed := true
		switch random.IntN(4) {
		case 0:
			put(t, store, filestore.Raw, name(), strings.Repeat("x", random.IntN(50)), nil)
		case 1:
			raw := name()
			info, err := store.Stat(t.Context(), filestore.Raw, raw)
			if err != nil {
				continue
			}
			result, err := filestore.ResultName(raw)
			if err != nil {
				t.Fatal(err)
			}
			put(t, store, filestore.Processed, result, "y", &info)
		case 2:
			changed = store.Remove(t.Context(), filestore.Raw, name()) == nil
		case 3:
			changed = false
		}
		s, err := files.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !changed && before != nil && (s.Raw != before.Raw || s.Processed != before.Processed) {
			t.Fatal("nothing changed, but the tables were made anew")
		}
		before = s
		check(t, store, s)
	}
}

func check(t *testing.T, store filestore.Store, s *catalog.Snapshot) {
	t.Helper()
	listed := map[filestore.Area][]filestore.Info{}
	for _, area := range []filestore.Area{filestore.Raw, filestore.Processed} {
		for info, err := range store.List(context.Background(), area) {
			if err != nil {
				t.Fatal(err)
			}
			info.ModTime = info.ModTime.UTC()
			listed[area] = append(listed[area], info)
		}
		slices.SortFunc(listed[area], func(a, b filestore.Info) int { return strings.Compare(a.Name, b.Name) })
		if got := slices.Collect(s.Files(area).All()); !slices.Equal(got, listed[area]) {
			t.Fatalf("%s: the snapshot has\n%v\nthe store\n%v", area, got, listed[area])
		}
	}
	done := 0
	for i, raw := range listed[filestore.Raw] {
		result, _ := filestore.ResultName(raw.Name)
		at := slices.IndexFunc(listed[filestore.Processed], func(f filestore.Info) bool { return f.Name == result })
		current := at >= 0 && listed[filestore.Processed][at].MadeFrom(raw)
		if current {
			done++
		}
		if s.HasResult(i) != current {
			t.Fatalf("%s: HasResult is %v", raw.Name, !current)
		}
		if _, ok := s.Current(raw); ok != current {
			t.Fatalf("%s: Current says %v", raw.Name, ok)
		}
	}
	if s.Done != done || s.Pending != len(listed[filestore.Raw])-done {
		t.Fatalf("%d are done and %d pending, want %d of %d done", s.Done, s.Pending, done, len(listed[filestore.Raw]))
	}
}

// listed is a store of which only the listing counts.
type listed struct {
	filestore.Store
	raw, processed []filestore.Info
}

func (l listed) List(_ context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	return func(yield func(filestore.Info, error) bool) {
		files := l.raw
		if area == filestore.Processed {
			files = l.processed
		}
		for _, f := range files {
			if !yield(f, nil) {
				return
			}
		}
	}
}

// Identities and sources that an ETag begins with share its bytes; others have their own.
func TestSnapshotKeepsAllMetadata(t *testing.T) {
	var files []filestore.Info
	for _, etag := range []string{"", "a", "a-1"} {
		for _, identity := range []string{"", "a", "b", "a-1-2"} {
			for _, source := range []string{"", "a", "-1"} {
				for _, settings := range []string{"", "a"} {
					files = append(files, filestore.Info{Name: fmt.Sprintf("%04d", len(files)), ETag: etag, Identity: identity, Source: source, Settings: settings,
						Size: int64(len(files)), ModTime: time.Unix(int64(len(files)), 1).UTC()})
				}
			}
		}
	}
	s, err := catalog.Take(t.Context(), listed{processed: files})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(s.Processed.All()); !slices.Equal(got, files) {
		t.Errorf("got %+v\nwant %+v", got, files)
	}
}

// The folders are those of the names.
func TestFolders(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	want := map[string]map[string]bool{}
	parts := []string{"a", "a-b", "a.b", "a0", "b", "é"}
	for i := range 200 {
		name := ""
		for range random.IntN(4) {
			part := parts[random.IntN(len(parts))]
			if want[name] == nil {
				want[name] = map[string]bool{}
			}
			want[name][part] = true
			name += part + "/"
		}
		put(t, store, filestore.Raw, fmt.Sprintf("%s%d.csv", name, i), "", nil)
	}
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	for below, folders := range want {
		names := slices.Sorted(maps.Keys(folders))
		// The slash that follows a name counts: a-b/ and a.b/ are before a/.
		slices.SortFunc(names, func(a, b string) int { return strings.Compare(a+"/", b+"/") })
		if got, more := s.Raw.Folders(below, 100); !slices.Equal(got, names) || more {
			t.Errorf("below %q: %v, want %v", below, got, names)
		}
		if got, more := s.Raw.Folders(below, 1); !slices.Equal(got, names[:1]) || more != (len(names) > 1) {
			t.Errorf("one below %q: %v, more: %v", below, got, more)
		}
	}
	for _, none := range []string{"z/", "a/a/a/a/", "0"} {
		if got, more := s.Raw.Folders(none, 100); len(got) > 0 || more {
			t.Errorf("below %q: %v", none, got)
		}
	}
}

func TestSorted(t *testing.T) {
	store, err := dirstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	base := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, f := range []struct{ name, text string }{{"b.csv", "12"}, {"a.csv", "1234"}, {"c.csv", "12"}} {
		put(t, store, filestore.Raw, f.name, f.text, &filestore.Info{ModTime: base.Add(-time.Duration(i) * time.Hour)})
	}
	s, err := catalog.Take(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	for by, want := range map[catalog.Order]string{
		catalog.ByName: "a.csv b.csv c.csv", catalog.BySize: "b.csv c.csv a.csv", catalog.ByTime: "c.csv a.csv b.csv",
	} {
		var names []string
		for _, place := range s.Raw.Sorted(by) {
			names = append(names, s.Raw.Name(int(place)))
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("by %s: %s, want %s", by, got, want)
		}
	}
}
