package enqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
)

// looksAtOnce is how many results are looked at together, where the listing does not have their
// settings.
const looksAtOnce = 32

// outdated yields the names of the files whose results were made under other settings than those
// in force.
func (e *Enqueuer) outdated(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		announced, err := e.Queue.Announced(ctx)
		if err == nil && announced == "" {
			err = ErrNotAnnounced
		}
		if err != nil {
			yield("", err)
			return
		}
		current, err := query.ParseCurrent(announced)
		if err != nil {
			yield("", err)
			return
		}
		files, err := catalog.Take(ctx, counted{e.Store, e})
		if err != nil {
			yield("", err)
			return
		}
		some := make([]made, 0, looksAtOnce)
		for raw := range files.Raw.All() {
			should := current.Of(raw.Name)
			name, err := should.Format.ResultName(raw.Name)
			if err != nil || !e.matches(raw.Name) {
				continue
			}
			result, there := files.Processed.Find(name)
			if !there || !result.MadeFrom(raw) {
				continue
			}
			if some = append(some, made{raw: raw.Name, result: result, should: should.Settings}); len(some) == looksAtOnce {
				if !e.ask(ctx, some, yield) {
					return
				}
				some = some[:0]
			}
		}
		e.ask(ctx, some, yield)
	}
}

// made is a result, and the settings that it should have been made under.
type made struct {
	raw    string
	result filestore.Info
	should string

	under string
	err   error
}

// ask yields the raw files of those results that were made under other settings; false when
// it is to end.
func (e *Enqueuer) ask(ctx context.Context, some []made, yield func(string, error) bool) bool {
	var group sync.WaitGroup
	for i := range some {
		m := &some[i]
		group.Go(func() { m.under, m.err = filestore.SettingsOf(ctx, e.Store, m.result) })
	}
	group.Wait()
	for _, m := range some {
		switch {
		case errors.Is(m.err, filestore.ErrNotExist): // it was removed meanwhile
		case m.err != nil:
			yield("", fmt.Errorf("look at the result of %s: %w", m.raw, m.err))
			return false
		case m.under == m.should:
		case m.under == "" && !e.Unknown:
			e.sum.Unknown++
		default:
			if e.wanted(m.raw) && !yield(m.raw, nil) {
				return false
			}
		}
	}
	return true
}
