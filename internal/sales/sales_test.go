package sales_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/queue/redistest"
	"csv-pipeline/internal/sales"
)

func write(t *testing.T, p sales.Params, day int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.WriteDay(t.Context(), &b, p.Day(day)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDaysOfTheDemo(t *testing.T) {
	p := sales.Default()
	if first, last := sales.FileName(p.Day(0)), sales.FileName(p.Day(p.Days-1)); first != "20220101.csv" || last != "20220630.csv" || p.Days != 181 {
		t.Errorf("%d files from %s to %s", p.Days, first, last)
	}
	items, quantities := map[int]bool{}, map[int]bool{}
	for day := range p.Days {
		records, err := csv.NewReader(bytes.NewReader(write(t, p, day))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if head := records[0]; len(head) != 3 || head[0] != "timestamp" || head[1] != "item_id" || head[2] != "quantity" || len(records) != 201 {
			t.Fatalf("day %d has the header %q and %d lines", day, head, len(records))
		}
		last := p.Day(day)
		for _, r := range records[1:] {
			at, err := time.Parse(time.RFC3339, r[0])
			if err != nil || at.Before(last) || !at.Before(p.Day(day+1)) {
				t.Fatalf("day %d: the time %q follows %v, %v", day, r[0], last, err)
			}
			last = at
			item, err1 := strconv.Atoi(r[1])
			quantity, err2 := strconv.Atoi(r[2])
			if err1 != nil || err2 != nil || item < 1 || item > 5 || quantity < 1 || quantity > 10 {
				t.Fatalf("day %d: %q", day, r)
			}
			items[item], quantities[quantity] = true, true
		}
	}
	if len(items) != 5 || len(quantities) != 10 {
		t.Errorf("only %d items and %d quantities ever appear", len(items), len(quantities))
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	p := sales.Default()
	if !bytes.Equal(write(t, p, 3), write(t, p, 3)) {
		t.Error("the same seed made other bytes")
	}
	if bytes.Equal(write(t, p, 3)[45:], write(t, p, 4)[45:]) {
		t.Error("two days have the same sales")
	}
	q := p
	q.Seed = 2
	if bytes.Equal(write(t, p, 3), write(t, q, 3)) {
		t.Error("another seed made the same bytes")
	}
}

func TestMemoryDoesNotGrowWithTheRows(t *testing.T) {
	p := sales.Default()
	p.Rows = 2_000_000
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := p.WriteDay(t.Context(), io.Discard, p.Day(0)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d rows took %d bytes", p.Rows, grown)
	}
}

func TestRunningAgainIsHarmless(t *testing.T) {
	folder := t.TempDir()
	store, err := dirstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	q := queue.New(redistest.Start(t).Client(t), "csvs-to-process", queue.Options{})
	run := func(p sales.Params) (written, queued int) {
		t.Helper()
		err := (&sales.Generator{Params: p, Store: store, Queue: q, Report: func(f sales.File) {
			if f.Written {
				written++
			}
			if f.Queued {
				queued++
			}
		}}).Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return written, queued
	}
	expect := func(p sales.Params, wantWritten, wantQueued int, wantDepth int64) {
		t.Helper()
		written, queued := run(p)
		depth, err := q.Depth(t.Context())
		if err != nil || written != wantWritten || queued != wantQueued || depth != wantDepth {
			t.Errorf("wrote %d, queued %d, %d wait, %v; want %d, %d, %d", written, queued, depth, err, wantWritten, wantQueued, wantDepth)
		}
	}
	p := sales.Default()
	p.Days = 3
	expect(p, 3, 3, 3)
	expect(p, 0, 0, 3) // they wait
	claim, err := q.Claim(t.Context(), "w1")
	if err != nil {
		t.Fatal(err)
	}
	expect(p, 0, 0, 2) // one is in flight
	raw, err := store.Stat(t.Context(), filestore.Raw, claim.Name)
	if err != nil {
		t.Fatal(err)
	}
	name, _ := filestore.ResultName(claim.Name)
	w, err := store.Create(t.Context(), filestore.Processed, name, &raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := claim.Complete(t.Context(), queue.Outcome{}); err != nil {
		t.Fatal(err)
	}
	expect(p, 0, 0, 2) // and now done
	if err := os.WriteFile(filepath.Join(folder, "raw", claim.Name), []byte("scribbled over"), 0o666); err != nil {
		t.Fatal(err)
	}
	expect(p, 1, 1, 3) // somebody changed it: it is made anew, and processed
	p.Days = 4
	expect(p, 1, 1, 4)
}
