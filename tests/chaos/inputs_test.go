//go:build linux

package chaos

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// sums is what the result of an input must say, computed without the engine under
// test; false when the input is malformed.
func sums(content []byte) (string, bool) {
	rows := csv.NewReader(bytes.NewReader(content))
	totals := map[int]int64{}
	counted := map[int]bool{} // items with any quantity at all
	for line := 0; ; line++ {
		row, err := rows.Read()
		if err == io.EOF && line == 0 {
			return "", false
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return "", false
		}
		if line == 0 {
			if strings.Join(row, ",") != header {
				return "", false
			}
			continue
		}
		item, err := strconv.Atoi(row[1])
		if err != nil {
			return "", false
		}
		if totals[item] += 0; row[2] == "" { // no value, as in SQL
			continue
		}
		quantity, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			return "", false
		}
		totals[item] += quantity
		counted[item] = true
	}
	var b strings.Builder
	b.WriteString("item_id,total_quantity\n")
	for _, item := range slices.Sorted(maps.Keys(totals)) {
		if counted[item] {
			fmt.Fprintf(&b, "%d,%d\n", item, totals[item])
		} else {
			fmt.Fprintf(&b, "%d,\n", item)
		}
	}
	return b.String(), true
}

const header = "timestamp,item_id,quantity"

// sales makes the text of an input with the given number of rows.
func sales(rng *rand.Rand, rows int) []byte {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	at := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	for range rows {
		at = at.Add(time.Duration(rng.IntN(1000)) * time.Millisecond)
		fmt.Fprintf(&b, "%s,%d,%d\n", at.Format(time.RFC3339), rng.IntN(30), rng.IntN(1000)-100)
	}
	return b.Bytes()
}

// mixture is an input as the world has them: small, large, empty or broken.
func mixture(rng *rand.Rand) []byte {
	switch n := rng.IntN(100); {
	case n < 2:
		return nil
	case n < 4:
		return sales(rng, 0)
	case n < 10:
		return sales(rng, 20_000+rng.IntN(40_000))
	case n < 14:
		return append(sales(rng, 1+rng.IntN(50)), "2022-01-02T00:00:00Z,7,many\n"...)
	case n < 17:
		return append(sales(rng, 1+rng.IntN(50)), "2022-01-02T00:00:00Z,7\n"...)
	default:
		return sales(rng, 1+rng.IntN(300))
	}
}

// input is a file of raw/ as the test put it there last.
type input struct {
	content []byte
	removed bool
	results []string // of all versions that there were
}

// inputs are all the files of raw/.
type inputs struct {
	folder string // raw/

	mu    sync.Mutex
	files map[string]*input
}

func (in *inputs) path(name string) string { return filepath.Join(in.folder, filepath.FromSlash(name)) }

// names are those of the files that are there, sorted.
func (in *inputs) names() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	var names []string
	for name, f := range in.files {
		if !f.removed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (in *inputs) note(name string, content []byte) {
	f := in.files[name]
	if f == nil {
		f = &input{}
		in.files[name] = f
	}
	f.content, f.removed = content, false
	if result, ok := sums(content); ok {
		f.results = append(f.results, result)
	}
}

// put makes a file appear whole, dated as given unless that is zero.
func (in *inputs) put(name string, content []byte, date time.Time) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	path := in.path(name)
	before, _ := os.Stat(path)
	err := persist(func() error {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		temporary := filepath.Join(filepath.Dir(path), ".part-"+filepath.Base(path))
		if err := os.WriteFile(temporary, content, 0o666); err != nil {
			return err
		}
		if !date.IsZero() {
			if err := os.Chtimes(temporary, date, date); err != nil {
				return err
			}
		}
		if now, err := os.Stat(temporary); err == nil && before != nil && now.ModTime().Equal(before.ModTime()) {
			return errSameTick
		}
		return os.Rename(temporary, path)
	})
	if err == nil {
		in.note(name, content)
	}
	return err
}

// errSameTick: the file system's clock has not moved on since the last version.
var errSameTick = errors.New("within the resolution of the file system's clock")

// copySlowly writes a file in place, a piece at a time.
func (in *inputs) copySlowly(rng *rand.Rand, name string, content []byte, halfway func()) error {
	err := persist(func() error {
		if err := os.MkdirAll(filepath.Dir(in.path(name)), 0o777); err != nil {
			return err
		}
		f, err := os.Create(in.path(name))
		if err != nil {
			return err
		}
		defer f.Close()
		pieces := 3 + rng.IntN(8)
		for i := range pieces {
			if _, err := f.Write(content[len(content)*i/pieces : len(content)*(i+1)/pieces]); err != nil {
				return err
			}
			if i == pieces/2 {
				halfway()
			}
			moment(time.Duration(10+rng.IntN(100)) * time.Millisecond)
		}
		return nil
	})
	if err == nil {
		in.mu.Lock()
		defer in.mu.Unlock()
		in.note(name, content)
	}
	return err
}

// truncate cuts a file off in place.
func (in *inputs) truncate(name string, size int) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	f := in.files[name]
	before, err := os.Stat(in.path(name))
	if err != nil {
		return err
	}
	return persist(func() error {
		if time.Since(before.ModTime()).Abs() < tick {
			return errSameTick
		}
		if err := os.Truncate(in.path(name), int64(size)); err != nil {
			return err
		}
		in.note(name, f.content[:size])
		return nil
	})
}

func (in *inputs) remove(name string) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return persist(func() error {
		if err := os.Remove(in.path(name)); err != nil {
			return err
		}
		in.files[name].removed = true
		return nil
	})
}

// tick is above the resolution of file systems' clocks.
const tick = 20 * time.Millisecond

// persist tries until the volume lets it.
func persist(do func() error) error {
	for deadline := time.Now().Add(patience); ; moment(10 * time.Millisecond) {
		err := do()
		passing := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EROFS) || errors.Is(err, errSameTick)
		if !passing || time.Now().After(deadline) {
			return err
		}
	}
}
