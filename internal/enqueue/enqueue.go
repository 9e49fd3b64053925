// Package enqueue has files processed that are there already: those that have no
// result, or all of them, as after a change of what is aggregated. It is the
// subcommand 'enqueue' of every service that has the files and the queue at hand.
package enqueue

import (
	"context"
	"fmt"
	"hash/maphash"
	"iter"
	"path"
	"slices"
	"strings"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Enqueuer makes files wait.
type Enqueuer struct {
	Store filestore.Store // is only listed
	Queue *queue.Queue
	// Globs say which files: those that match one of them, as path.Match does, or all
	// if there are none. One without a slash is for the files of any folder.
	Globs []string
	// All is to take files that have a result, too. Names in flight are then processed
	// once more afterwards.
	All bool
	// Progress is told now and then how many files were listed, and how many of them
	// were made to wait so far; nil: nobody.
	Progress func(listed, queued int)

	waiting map[uint64]struct{} // hashes of the names: a million of them take 40 MB
	seed    maphash.Seed
	listed  int
	sum     Summary
}

// Summary is what was done.
type Summary struct {
	queue.Enqueued
	Matching int // CSV files that match
	Waiting  int // matching ones that waited already
}

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
	return text
}

func count(files int) string {
	if files == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", files)
}

// atOnce is how many files are brought into the order of their names together. So a
// million of them are not kept in memory.
const atOnce = 10_000

// Run makes the files wait. Doing it again is harmless. After an error the summary says
// what was done before.
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

// look notes which names wait.
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

// candidates yields the names of the files that are to wait.
func (e *Enqueuer) candidates(ctx context.Context) iter.Seq2[string, error] {
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

// wanted reports whether the file is a CSV file that matches and does not wait.
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
	return len(e.Globs) == 0 || slices.ContainsFunc(e.Globs, func(glob string) bool {
		subject := name
		if !strings.Contains(glob, "/") {
			subject = path.Base(name)
		}
		ok, _ := path.Match(glob, subject)
		return ok
	})
}

// push makes names wait that were looked for.
func (e *Enqueuer) push(ctx context.Context, names []string) error {
	slices.Sort(names)
	for batch := range slices.Chunk(names, 500) {
		did, err := e.Queue.Enqueue(ctx, batch, e.All)
		e.sum.Queued += did.Queued
		e.sum.DeadLetters += did.DeadLetters
		if err != nil {
			return err
		}
		e.progress()
	}
	return nil
}

func (e *Enqueuer) progress() {
	if e.Progress != nil {
		e.Progress(e.listed, e.sum.Queued)
	}
}

// counted is a store whose listings are progress.
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
				c.e.progress()
			}
			if !yield(info, err) {
				return
			}
		}
	}
}
