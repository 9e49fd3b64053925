// Package storetest is the contract of filestore.Store as a test suite, which every
// implementation runs.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
)

// Run runs the suite. open makes an empty store for each test.
func Run(t *testing.T, open func(t *testing.T) filestore.Store) {
	for name, test := range map[string]func(t *testing.T, s filestore.Store){
		"a published file is read back whole":     readBack,
		"what is not committed is not there":      uncommitted,
		"a result tells what it was made from":    lineage,
		"a result tells its settings":             settings,
		"an open file stays what it was":          stability,
		"names that leave the area are refused":   names,
		"missing files are ErrNotExist":           missing,
		"listing shows every file and only files": listing,
		"parallel writers, one whole winner":      parallel,
		"exclusive writers replace nothing":       exclusive,
		"only the version is removed":             removeVersion,
		"an empty file is a file":                 empty,
		"a large file is read from anywhere":      large,
		"what dead writers left is removed":       removeStale,
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() { _ = s.Close() })
			test(t, s)
		})
	}
}

func put(t *testing.T, s filestore.Store, area filestore.Area, name, text string, source *filestore.Info) filestore.Info {
	t.Helper()
	w, err := s.Create(t.Context(), area, name, source)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	info, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func get(t *testing.T, s filestore.Store, area filestore.Area, name string) (string, filestore.Info) {
	t.Helper()
	f, err := s.Open(t.Context(), area, name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), f.Info()
}

func list(t *testing.T, s filestore.Store, area filestore.Area) map[string]filestore.Info {
	t.Helper()
	all := map[string]filestore.Info{}
	for info, err := range s.List(t.Context(), area) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[info.Name]; twice {
			t.Errorf("%q is listed twice", info.Name)
		}
		all[info.Name] = info
	}
	return all
}

func readBack(t *testing.T, s filestore.Store) {
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	const name, text = "2022/01/Umsätze 1.csv", "timestamp,item_id,quantity\n"
	published := put(t, s, filestore.Raw, name, text, nil)
	got, opened := get(t, s, filestore.Raw, name)
	stat, err := s.Stat(t.Context(), filestore.Raw, name)
	if err != nil {
		t.Fatal(err)
	}
	listed := list(t, s, filestore.Raw)[name]
	for where, i := range map[string]filestore.Info{"commit": published, "open": opened, "stat": stat, "list": listed} {
		sameTime := i.ModTime.Equal(stat.ModTime) || where == "commit" && i.ModTime.Sub(stat.ModTime).Abs() < time.Minute
		if i.Name != name || i.Size != int64(len(text)) || i.ETag != stat.ETag || i.Identity != stat.Identity || !sameTime {
			t.Errorf("%s says %+v, stat says %+v", where, i, stat)
		}
	}
	if got != text || stat.ETag == "" || stat.Identity == "" || strings.ContainsAny(stat.ETag, "\"\r\n") || time.Since(stat.ModTime).Abs() > time.Hour {
		t.Errorf("got %q, %+v", got, stat)
	}
	f, err := s.Open(t.Context(), filestore.Raw, name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	part := make([]byte, 7)
	if n, err := f.ReadAt(part, 10); n != 7 || err != nil || string(part) != text[10:17] {
		t.Errorf("ReadAt: %d %v %q", n, err, part)
	}
	if n, err := f.ReadAt(part, int64(len(text))-3); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt over the end: %d %v", n, err)
	}
	if at, err := f.Seek(-3, io.SeekEnd); at != int64(len(text))-3 || err != nil {
		t.Errorf("Seek: %d %v", at, err)
	}
	if rest, err := io.ReadAll(f); string(rest) != text[len(text)-3:] || err != nil {
		t.Errorf("after Seek: %q %v", rest, err)
	}
}

func uncommitted(t *testing.T, s filestore.Store) {
	put(t, s, filestore.Processed, "a.csv", "old", nil)
	for _, name := range []string{"a.csv", "b.csv"} {
		w, err := s.Create(t.Context(), filestore.Processed, name, nil)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, "half of the n")
		if all := list(t, s, filestore.Processed); len(all) != 1 {
			t.Errorf("while writing, the listing has %d files", len(all))
		}
		w.Abort()
		w.Abort()
		if _, err := w.Commit(); err == nil {
			t.Error("Commit after Abort worked")
		}
	}
	if text, _ := get(t, s, filestore.Processed, "a.csv"); text != "old" {
		t.Errorf("an aborted writer changed the file to %q", text)
	}
	if _, err := s.Stat(t.Context(), filestore.Processed, "b.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("an aborted file: %v", err)
	}
}

func lineage(t *testing.T, s filestore.Store) {
	in := put(t, s, filestore.Raw, "a.csv", "one", nil)
	result := put(t, s, filestore.Processed, "a_r.csv", "sum", &in)
	stat, err := s.Stat(t.Context(), filestore.Processed, "a_r.csv")
	if err != nil {
		t.Fatal(err)
	}
	_, opened := get(t, s, filestore.Processed, "a_r.csv")
	for where, r := range map[string]filestore.Info{"commit": result, "open": opened, "stat": stat, "list": list(t, s, filestore.Processed)["a_r.csv"]} {
		if !r.MadeFrom(in) {
			t.Errorf("%s: %+v was made from %+v", where, r, in)
		}
	}
	again := put(t, s, filestore.Processed, "a_r.csv", "max", &in)
	for tries := 0; again.ETag == result.ETag && tries < 1000; tries++ { // some file systems' clocks are coarse
		again = put(t, s, filestore.Processed, "a_r.csv", "max", &in)
	}
	if again.ETag == result.ETag || !again.MadeFrom(in) {
		t.Errorf("another result of the same input, of the same size, is %+v; the first was %+v", again, result)
	}
	changed := put(t, s, filestore.Raw, "a.csv", "two", nil)
	if stat.MadeFrom(changed) || changed.ETag == in.ETag {
		t.Errorf("%+v was not made from %+v", stat, changed)
	}
}

func stability(t *testing.T, s filestore.Store) {
	put(t, s, filestore.Raw, "a.csv", "first version", nil)
	f, err := s.Open(t.Context(), filestore.Raw, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	put(t, s, filestore.Raw, "a.csv", "second", nil)
	now, err := s.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil || now.ETag == f.Info().ETag {
		t.Errorf("the replaced file has the ETag of the first, %v", err)
	}
	if text, err := io.ReadAll(f); err == nil && string(text) != "first version" {
		t.Errorf("an open file became %q", text)
	}
}

func names(t *testing.T, s filestore.Store) {
	for _, name := range []string{"", "/etc/passwd", "../x.csv", "a/../../x.csv", "a//b", ".tmp/x", "a\x00b", `a\b`, "a\nb", strings.Repeat("x", 2000)} {
		_, statErr := s.Stat(t.Context(), filestore.Raw, name)
		_, openErr := s.Open(t.Context(), filestore.Raw, name)
		_, createErr := s.Create(t.Context(), filestore.Raw, name, nil)
		removeErr := s.Remove(t.Context(), filestore.Raw, name)
		_, removeVersionErr := s.RemoveVersion(t.Context(), filestore.Raw, filestore.Info{Name: name})
		for op, err := range map[string]error{"stat": statErr, "open": openErr, "create": createErr, "remove": removeErr, "remove a version of": removeVersionErr} {
			if !errors.Is(err, filestore.ErrInvalidName) {
				t.Errorf("%s %.40q: %v, want ErrInvalidName", op, name, err)
			}
		}
	}
}

func missing(t *testing.T, s filestore.Store) {
	put(t, s, filestore.Raw, "folder/a.csv", "x", nil)
	for _, name := range []string{"none.csv", "folder", "folder/none.csv", "none/a.csv", "folder/a.csv/b.csv"} {
		_, statErr := s.Stat(t.Context(), filestore.Raw, name)
		_, openErr := s.Open(t.Context(), filestore.Raw, name)
		_, removeErr := s.RemoveVersion(t.Context(), filestore.Raw, filestore.Info{Name: name})
		for op, err := range map[string]error{"stat": statErr, "open": openErr, "remove a version of": removeErr} {
			if !errors.Is(err, filestore.ErrNotExist) {
				t.Errorf("%s %q: %v, want ErrNotExist", op, name, err)
			}
		}
	}
	if err := s.Remove(t.Context(), filestore.Raw, "folder/a.csv"); err != nil {
		t.Error(err)
	}
	if _, err := s.Stat(t.Context(), filestore.Raw, "folder/a.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("a removed file: %v", err)
	}
}

func listing(t *testing.T, s filestore.Store) {
	if all := list(t, s, filestore.Raw); len(all) != 0 {
		t.Errorf("an empty area lists %v", all)
	}
	want := []string{"a.csv", "b/c.csv", "b/d/e.csv", "z.txt"}
	for _, name := range want {
		put(t, s, filestore.Raw, name, name, nil)
	}
	put(t, s, filestore.Processed, "other.csv", "", nil)
	var got []string
	for name := range list(t, s, filestore.Raw) {
		got = append(got, name)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, err := range s.List(t.Context(), filestore.Raw) {
		if err != nil {
			t.Error(err)
		}
		break // stopping early is allowed
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.List(cancelled, filestore.Raw) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("a cancelled listing ended with %v", last)
	}
}

func parallel(t *testing.T, s filestore.Store) {
	var wg sync.WaitGroup
	texts := map[string]bool{}
	for i := range 8 {
		text := strings.Repeat(fmt.Sprint(i), 100_000)
		texts[text] = true
		wg.Go(func() {
			w, err := s.Create(t.Context(), filestore.Processed, "a.csv", nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer w.Abort()
			for part := range slices.Chunk([]byte(text), 1000) {
				if _, err := w.Write(bytes.Clone(part)); err != nil {
					t.Error(err)
				}
			}
			if _, err := w.Commit(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if text, _ := get(t, s, filestore.Processed, "a.csv"); !texts[text] {
		t.Errorf("the file is a mixture of %d bytes", len(text))
	}
}

func empty(t *testing.T, s filestore.Store) {
	put(t, s, filestore.Raw, "a.csv", "", nil)
	if text, info := get(t, s, filestore.Raw, "a.csv"); text != "" || info.Size != 0 || info.Identity == "" {
		t.Errorf("%q, %+v", text, info)
	}
}

func large(t *testing.T, s filestore.Store) {
	text := make([]byte, 21<<20+12_345)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(text)
	w, err := s.Create(t.Context(), filestore.Raw, "large.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for part := range slices.Chunk(text, 300_000) {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if all := list(t, s, filestore.Raw); len(all) != 0 {
		t.Errorf("before it is complete, %d files are listed", len(all))
	}
	published, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), filestore.Raw, "large.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Info().ETag != published.ETag || f.Info().Size != int64(len(text)) {
		t.Errorf("published %+v, opened %+v", published, f.Info())
	}
	// Blocks in order by several readers, each a little into the next, and then any.
	var next atomic.Int64
	var group sync.WaitGroup
	const block = 256 << 10
	for reader := range 3 {
		random := rand.New(rand.NewPCG(1, uint64(reader)))
		group.Go(func() {
			b := make([]byte, block+4096)
			for {
				i := next.Add(1) - 1
				at := i * block
				if at >= int64(len(text)) {
					if at = random.Int64N(int64(len(text))); i > 150 {
						return
					}
				}
				n, err := f.ReadAt(b, at)
				whole := at+int64(n) == int64(len(text)) && errors.Is(err, io.EOF)
				if !whole && (err != nil || n != len(b)) || !bytes.Equal(b[:n], text[at:at+int64(n)]) {
					t.Errorf("at %d: %d bytes, %v", at, n, err)
					return
				}
			}
		})
	}
	group.Wait()
	if _, err := f.Seek(1000, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(f); err != nil || !bytes.Equal(rest, text[1000:]) {
		t.Errorf("read on: %d bytes, %v", len(rest), err)
	}
	put(t, s, filestore.Raw, "large.csv", "small", nil)
	b := make([]byte, block)
	if n, err := f.ReadAt(b, 11<<20); err == nil && !bytes.Equal(b[:n], text[11<<20:11<<20+n]) {
		t.Error("bytes of another version were read")
	} else if errors.Is(err, filestore.ErrUnavailable) {
		t.Errorf("a replaced file: %v", err)
	}
}

func removeStale(t *testing.T, s filestore.Store) {
	put(t, s, filestore.Processed, "a.csv", "kept", nil)
	w, err := s.Create(t.Context(), filestore.Processed, "b.csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "left behind by a dead process")
	if n, err := s.RemoveStale(t.Context(), time.Hour); n != 0 || err != nil {
		t.Errorf("RemoveStale took %d files that are new, %v", n, err)
	}
	if _, err := s.RemoveStale(t.Context(), 0); err != nil {
		t.Error(err)
	}
	if n, err := s.RemoveStale(t.Context(), 0); n != 0 || err != nil {
		t.Errorf("RemoveStale took, the second time, %d files, %v", n, err)
	}
	if all := list(t, s, filestore.Processed); len(all) != 1 {
		t.Errorf("RemoveStale left %v", all)
	}
}
