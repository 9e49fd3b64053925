package storetest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"csv-pipeline/internal/filestore"
)

func settings(t *testing.T, s filestore.Store) {
	const name = "a/b_r.csv"
	in := put(t, s, filestore.Raw, "a/b.csv", "one", nil)
	told := func(listed filestore.Info) string {
		t.Helper()
		got, err := filestore.SettingsOf(t.Context(), s, listed)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, under := range []string{"0123456789abcdef", "", "fedcba9876543210"} {
		in.Settings = under
		committed := put(t, s, filestore.Processed, name, "sum", &in)
		stat, err := s.Stat(t.Context(), filestore.Processed, name)
		if err != nil {
			t.Fatal(err)
		}
		_, opened := get(t, s, filestore.Processed, name)
		all := list(t, s, filestore.Processed)
		for where, r := range map[string]filestore.Info{"commit": committed, "open": opened, "stat": stat, "list": all[name]} {
			if got := told(r); got != under || !r.MadeFrom(in) {
				t.Errorf("%s: %+v was made under %q, want %q", where, r, got, under)
			}
		}
		if len(all) != 1 {
			t.Errorf("the listing has %d files, want the result alone", len(all))
		}
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Processed, list(t, s, filestore.Processed)[name]); !removed || err != nil {
		t.Fatal(removed, err)
	}
	in.Settings = ""
	if again := put(t, s, filestore.Processed, name, "sum", &in); told(again) != "" {
		t.Errorf("a new result has the settings %q of one that was removed", told(again))
	}
	if err := s.Remove(t.Context(), filestore.Processed, name); err != nil {
		t.Fatal(err)
	}
}

// exclusive has writers of small and large files race for a name.
func exclusive(t *testing.T, s filestore.Store) {
	for name, size := range map[string]int{"folder/small.csv": 10, "large.csv": 9 << 20} {
		write := func(text string) error {
			w, err := s.Create(t.Context(), filestore.Raw, name, nil)
			if err != nil {
				return err
			}
			defer w.Abort()
			w.Exclusive()
			if _, err := io.WriteString(w, text); err != nil {
				return err
			}
			i, err := w.Commit()
			if err == nil && i.Size != int64(size) {
				t.Errorf("%s: it says %+v", name, i)
			}
			return err
		}
		const writers = 4
		var errs [writers]error
		var group sync.WaitGroup
		for i := range writers {
			group.Go(func() { errs[i] = write(strings.Repeat(fmt.Sprint(i), size)) })
		}
		group.Wait()
		winner := -1
		for i, err := range errs {
			switch {
			case err == nil && winner < 0:
				winner = i
			case err == nil:
				t.Errorf("%s: writers %d and %d both made it", name, winner, i)
			case !errors.Is(err, filestore.ErrExist):
				t.Errorf("%s: writer %d: %v, want ErrExist", name, i, err)
			}
		}
		if winner < 0 {
			t.Fatalf("%s: nobody made it", name)
		}
		if err := write(strings.Repeat("x", size)); !errors.Is(err, filestore.ErrExist) {
			t.Errorf("%s: after them: %v, want ErrExist", name, err)
		}
		if text, _ := get(t, s, filestore.Raw, name); text != strings.Repeat(fmt.Sprint(winner), size) {
			t.Errorf("%s is not what writer %d wrote: %d bytes, %.20q", name, winner, len(text), text)
		}
	}
	if all := list(t, s, filestore.Raw); len(all) != 2 {
		t.Errorf("there are %v", all)
	}
}

func removeVersion(t *testing.T, s filestore.Store) {
	first := put(t, s, filestore.Raw, "folder/a.csv", "one", nil)
	second := put(t, s, filestore.Raw, "folder/a.csv", "two", nil)
	for second.ETag == first.ETag { // within one tick of the file system's clock they are the same version
		second = put(t, s, filestore.Raw, "folder/a.csv", "two", nil)
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Raw, first); removed || err != nil {
		t.Errorf("a version that was replaced: removed %v, %v", removed, err)
	}
	text, now := get(t, s, filestore.Raw, "folder/a.csv")
	if text != "two" || now.ETag != second.ETag {
		t.Errorf("the newer version is %q, %+v, and was %+v", text, now, second)
	}
	if removed, err := s.RemoveVersion(t.Context(), filestore.Raw, now); !removed || err != nil {
		t.Errorf("the version that is there: removed %v, %v", removed, err)
	}
	if _, err := s.Stat(t.Context(), filestore.Raw, "folder/a.csv"); !errors.Is(err, filestore.ErrNotExist) {
		t.Errorf("a removed file: %v", err)
	}
}
