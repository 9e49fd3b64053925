// Package sweep makes the queue follow the files: a raw file without a result of
// just its version, that is nowhere in the queue, is made to wait. So a lost Redis
// heals by itself, and a file that is simply copied into raw/ is processed.
package sweep

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// Sweeper compares files and queue. It is for one goroutine.
type Sweeper struct {
	Catalog *catalog.Catalog
	Store   filestore.Store
	Queue   *queue.Queue
	Log     *zap.Logger
	// Settle is for how long a file must have been still.
	Settle time.Duration
	// HighWater is how many names may wait before no more are added: what is not
	// queued now is found again later, so neither the list nor the comparison grows
	// with the number of files. 0: 10,000.
	HighWater int64
	// KeepFailed is how many dead letters stay whose files are gone; those of files
	// that are there all stay, or the files would be tried again. 0: 10,000.
	KeepFailed int64

	watched map[string]sighting // files that may still grow
	looked  *catalog.Snapshot   // the last that was swept
	next    int                 // the place in it of the raw file to look at next
	failed  int64               // dead letters that were there after the last withdrawal
}

type sighting struct {
	version string
	since   time.Time
}

// old is the age at which a file is still, whatever small difference there is
// between the clocks of this machine and of the one that serves the files.
const old = time.Minute

// Once does the housekeeping of the queue and one sweep. It returns how many names
// it made wait.
func (s *Sweeper) Once(ctx context.Context) (int, error) {
	moved, err := s.Queue.Tidy(ctx)
	if err != nil {
		return 0, err
	}
	if moved != (queue.Tidied{}) {
		s.Log.Info("housekeeping", zap.Int("due", moved.Due), zap.Int("reclaimed", moved.Reclaimed), zap.Int("poison", moved.Poison))
	}
	highWater := cmp.Or(s.HighWater, 10_000)
	depth, err := s.Queue.Depth(ctx)
	if err != nil || depth >= highWater {
		return 0, err
	}
	// Who is queued now and done when we look at the files has a result; who is
	// queued later is seen by the second question. What slips through both is
	// processed once more, to the same bytes.
	before, err := s.Queue.Queued(ctx)
	if err != nil {
		return 0, err
	}
	files, err := s.Catalog.Due(ctx)
	if err != nil || files == nil {
		return 0, err
	}
	if files != s.looked {
		s.looked, s.next = files, 0
	}
	if err := s.letters(ctx, files); err != nil {
		return 0, err
	}
	candidates := s.settled(files, before)
	if len(candidates) == 0 {
		return 0, nil
	}
	after, err := s.Queue.Queued(ctx)
	if err != nil {
		return 0, err
	}
	room := int(highWater - depth)
	offers := make([]queue.Offer, 0, min(len(candidates), room))
	began := time.Now()
	for len(candidates) > 0 && len(offers) < room && time.Since(began) < longest {
		some := candidates[:min(len(candidates), atOnce, room-len(offers))]
		candidates = candidates[len(some):]
		for _, raw := range s.open(ctx, files, some, after) {
			offers = append(offers, queue.Offer{Name: raw.Name, Version: raw.ETag})
		}
		s.next = int(some[len(some)-1]) + 1
	}
	n, err := s.Queue.Offer(ctx, offers)
	if err != nil {
		s.next = 0
	}
	if n > 0 {
		s.Log.Info("found files without a result", zap.Int("queued", n), zap.String("first", offers[0].Name))
	}
	return n, err
}

const (
	// atOnce is how many results are looked at again at the same time.
	atOnce = 16
	// longest is for how long that may go on before the housekeeping's next turn.
	longest = 20 * time.Second
)

// open returns those of the candidates that are not queued and have no result now:
// it may have come since the files were listed.
func (s *Sweeper) open(ctx context.Context, files *catalog.Snapshot, places []int32, queued map[string]struct{}) []filestore.Info {
	found := make([]filestore.Info, len(places))
	var group sync.WaitGroup
	var told sync.Once
	for i, place := range places {
		raw := files.Raw.At(int(place))
		if _, ok := queued[raw.Name]; ok {
			continue
		}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, longest)
			defer cancel()
			done, err := s.done(ctx, raw)
			if !done {
				found[i] = raw
			}
			if err != nil && !errors.Is(err, filestore.ErrUnavailable) && ctx.Err() == nil {
				told.Do(func() {
					s.Log.Warn("a result cannot be looked at; its file is left until the next listing", zap.String("file", raw.Name), zap.Error(err))
				})
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(found, func(f filestore.Info) bool { return f.Name == "" })
}

// letters withdraws dead letters whose file got its result after all, as when a
// worker that was taken for dead finished late, and keeps the number of those
// without a file bounded. It reads them all: when there are many and none of them
// can go, it waits until there are a tenth more.
func (s *Sweeper) letters(ctx context.Context, files *catalog.Snapshot) error {
	keep := int(cmp.Or(s.KeepFailed, 10_000))
	counts, err := s.Queue.Counts(ctx)
	if err != nil {
		return err
	}
	s.failed = min(s.failed, counts.Failed)
	if counts.Failed == 0 || counts.Failed > int64(keep) && counts.Failed <= s.failed+s.failed/10 {
		return nil
	}
	letters, err := s.Queue.DeadLetters(ctx)
	if err != nil {
		return err
	}
	var outdated []queue.DeadLetter // what is newer than the files is judged by later ones
	orphans := 0                    // so far, the newest first
	for _, l := range letters {
		raw, there := files.Raw.Find(l.Name)
		if !there {
			orphans++
		}
		if there && l.At.Before(files.At) && overtaken(l, raw, files) || !there && orphans > keep {
			outdated = append(outdated, l)
		}
	}
	n, err := s.Queue.Withdraw(ctx, outdated)
	if err != nil {
		return err
	}
	if s.failed = counts.Failed - int64(n); n > 0 {
		s.Log.Info("withdrew dead letters that say nothing any more", zap.Int("withdrawn", n), zap.Int64("left", s.failed))
	}
	return nil
}

// overtaken reports whether a file has a result although it was given up. A file
// that is malformed has none: what looks like one was made with other settings.
func overtaken(l queue.DeadLetter, raw filestore.Info, files *catalog.Snapshot) bool {
	if l.Kind != queue.KindPoison && l.Kind != queue.KindError && l.Kind != queue.KindMissing {
		return false
	}
	_, done := files.Current(raw)
	return done
}

// settled returns the places of the raw files that have no result, are not queued
// and do not grow. Of a snapshot that is swept once more it returns those that were
// not looked at. What is in a remote store came there whole.
func (s *Sweeper) settled(files *catalog.Snapshot, queued map[string]struct{}) []int32 {
	whole := filestore.IsRemote(s.Store)
	var still []int32
	watched := make(map[string]sighting)
	for i := s.next; i < files.Raw.Len(); i++ {
		if files.HasResult(i) {
			continue
		}
		raw := files.Raw.At(i)
		if _, ok := queued[raw.Name]; ok {
			continue
		}
		if !whole && files.At.Sub(raw.ModTime).Abs() < max(old, s.Settle) {
			seen, ok := s.watched[raw.Name]
			if !ok || seen.version != raw.ETag {
				seen = sighting{raw.ETag, files.At}
			}
			watched[raw.Name] = seen
			if files.At.Sub(seen.since) < s.Settle {
				continue
			}
		}
		still = append(still, int32(i))
	}
	s.watched = watched
	return still
}

// done looks at the result of a raw file. One that cannot be looked at counts as
// done, until the next snapshot; the error is why.
func (s *Sweeper) done(ctx context.Context, raw filestore.Info) (bool, error) {
	name, err := filestore.ResultName(raw.Name)
	if err != nil {
		return false, nil // it becomes a dead letter that says so
	}
	result, err := s.Store.Stat(ctx, filestore.Processed, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName):
		return false, nil
	case err != nil:
		return true, err
	}
	return result.MadeFrom(raw), nil
}

// Run sweeps at the given interval, or less often where looking at the files takes
// more than a tenth of it, until ctx ends. Each round ends with a call of beat.
func (s *Sweeper) Run(ctx context.Context, interval time.Duration, beat func()) {
	most := time.Duration(math.MaxInt64)
	if filestore.IsRemote(s.Store) {
		most = 10 * time.Second // it took long because the store was away
	}
	var lastProblem string
	for {
		began := time.Now()
		_, err := s.Once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && lastProblem != "":
			s.Log.Info("sweeping works again")
			lastProblem = ""
		case err != nil && err.Error() != lastProblem:
			lastProblem = err.Error()
			s.Log.Warn("sweeping does not work for now", zap.Error(err))
		}
		beat()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(interval, min(10*time.Since(began), most))):
		}
	}
}
