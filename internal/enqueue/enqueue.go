// Package enqueue queues files that are in the store already: those that have no result,
// those whose results were made under other settings, or all of them.
package enqueue

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Enqueuer queues files. It is for one Run.
type Enqueuer struct {
	Store filestore.Store // Run only lists it
	Queue *queue.Queue
	// Globs select the files whose names match one of them, as path.Match does. No glob
	// selects all files. A glob without a slash applies to the files of every folder.
	Globs []string
	// All also queues files that have a result. Names that are in flight are then
	// processed once more afterwards.
	All bool
	// Outdated queues other files instead: those that have a result of their current version
	// that was made under other settings than those announced on the queue. Names that are in
	// flight are processed once more, as with All.
	Outdated bool
	// Unknown makes Outdated queue also files whose results do not say under which settings they
	// were made.
	Unknown bool
	// Report is called from time to time with how far Run has come; it may be nil.
	Report func(Progress)

	waiting map[uint64]struct{} // hashes of the names: a million of them take 40 MB
	seed    maphash.Seed
	listed  int
	sum     Summary
}

// Progress is how far Run has come.
type Progress struct{ Listed, Queued int }

// String is a sentence without a full stop.
func (p Progress) String() string {
	return fmt.Sprintf("%s found, %d queued so far", count(p.Listed), p.Queued)
}

// Summary is what Run did.
type Summary struct {
	queue.Enqueued
	Matching int // CSV files that match a glob
	Waiting  int // of these, files whose names were waiting in the queue already
	Unknown  int // files with results that do not say their settings, which were left out
}

// ErrNotAnnounced means that nobody has said on the queue which settings are in force.
var ErrNotAnnounced = errors.New("it is not known which settings are in force: an inspector says so once it runs, or a standalone")

// String is a sentence without a full stop.
func (s Summary) String() string {
	text := "queued " + count(s.Queued)
	switch {
	case s.DeadLetters == 1:
		text += ", of which 1 was a dead letter"
	case s.DeadLetters > 1:
		text += fmt.Sprintf(", of which %d were dead letters", s.DeadLetters)
	}
	if s.Waiting > 0 {
		text += fmt.Sprintf("; %d more waited already", s.Waiting)
	}
	switch {
	case s.Unknown == 1:
		text += "; 1 result does not say under which settings it was made: --unknown takes it, too"
	case s.Unknown > 1:
		text += fmt.Sprintf("; %d results do not say under which settings they were made: --unknown takes them, too", s.Unknown)
	}
	return text
}

func count(files int) string {
	if files == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", files)
}

// atOnce is how many names are sorted and queued together: the names of a million files
// are never in memory at once.
const atOnce = 10_000

// Run queues the files. Running it again is harmless. After an error the summary says
// what was done before the error.
func (e *Enqueuer) Run(ctx context.Context) (Summary, error) {
	if err := e.look(ctx); err != nil {
		return e.sum, err
	}
	names := make([]string, 0, atOnce)
	for name, err := range e.candidates(ctx) {
		if err != nil {
			return e.sum, fmt.Errorf("look for files: %w", err)
		}
		if names = append(names, name); len(names) == atOnce {
			if err := e.push(ctx, names); err != nil {
				return e.sum, err
			}
			names = names[:0]
		}
	}
	return e.sum, e.push(ctx, names)
}

// look remembers which names are waiting.
func (e *Enqueuer) look(ctx context.Context) error {
	e.seed, e.waiting = maphash.MakeSeed(), make(map[uint64]struct{})
	for name, err := range e.Queue.Waiting(ctx) {
		if err != nil {
			return err
		}
		e.waiting[maphash.String(e.seed, name)] = struct{}{}
	}
	return nil
}

// candidates yields the names of the files to queue.
func (e *Enqueuer) candidates(ctx context.Context) iter.Seq2[string, error] {
	if e.Outdated {
		return e.outdated(ctx)
	}
	return func(yield func(string, error) bool) {
		if e.All {
			for raw, err := range (counted{e.Store, e}).List(ctx, filestore.Raw) {
				if err != nil || e.wanted(raw.Name) {
					if !yield(raw.Name, err) {
						return
					}
				}
			}
			return
		}
		files, err := catalog.Take(ctx, counted{e.Store, e})
		if err != nil {
			yield("", err)
			return
		}
		for raw := range files.Raw.All() {
			if _, done := files.Current(raw); !done && e.wanted(raw.Name) && !yield(raw.Name, nil) {
				return
			}
		}
	}
}

// wanted reports whether the file is a CSV file that matches a glob and is not waiting
// already.
func (e *Enqueuer) wanted(name string) bool {
	if !e.matches(name) {
		return false
	}
	if _, err := filestore.ResultName(name); err != nil {
		return false
	}
	e.sum.Matching++
	if _, waits := e.waiting[maphash.String(e.seed, name)]; waits {
		e.sum.Waiting++
		return false
	}
	return true
}

func (e *Enqueuer) matches(name string) bool {
	return len(e.Globs) == 0 || slices.ContainsFunc(e.Globs, func(glob string) bool { return filestore.MatchName(glob, name) })
}

// push queues names, sorted.
func (e *Enqueuer) push(ctx context.Context, names []string) error {
	slices.Sort(names)
	for batch := range slices.Chunk(names, 500) {
		did, err := e.Queue.Enqueue(ctx, batch, e.All || e.Outdated)
		e.sum.Queued += did.Queued
		e.sum.DeadLetters += did.DeadLetters
		if err != nil {
			return err
		}
		e.report()
	}
	return nil
}

func (e *Enqueuer) report() {
	if e.Report != nil {
		e.Report(Progress{e.listed, e.sum.Queued})
	}
}

// counted is the store, which counts and reports the raw files that it lists.
type counted struct {
	filestore.Store
	e *Enqueuer
}

func (c counted) List(ctx context.Context, area filestore.Area) iter.Seq2[filestore.Info, error] {
	return func(yield func(filestore.Info, error) bool) {
		for info, err := range c.Store.List(ctx, area) {
			if err == nil && area == filestore.Raw {
				c.e.listed++
			}
			if c.e.listed%1000 == 0 {
				c.e.report()
			}
			if !yield(info, err) {
				return
			}
		}
	}
}
