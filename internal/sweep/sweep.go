// Package sweep makes the queue follow the files. A sweep queues every raw file that is not
// queued and has no result for its current version. So a Redis that lost its data is filled
// again, and a file that is copied into raw/ is processed without a message.
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
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
)

// Sweeper compares the files with the queue. It is for one goroutine.
type Sweeper struct {
	Catalog *catalog.Catalog
	Store   filestore.Store
	Queue   *queue.Queue
	Log     *zap.Logger
	// Questions are the settings in force, which the sweeper announces on the queue. Dead letters
	// that they may mend are tried again. Nil: there are none.
	Questions *query.Questions
	// Settle is how long a file must have been unchanged before it is queued.
	Settle time.Duration

	// StuckAfter is how long files may wait, with no worker taking one, until it is told that the
	// queue is stuck; 0: that is not told.
	StuckAfter time.Duration

	maxWaiting int64 // names that may wait before a sweep adds no more; 0: defaultMax
	maxOrphans int64 // dead letters without a file that are kept; 0: defaultMax

	changing map[string]sighting // files that may still be written
	snapshot *catalog.Snapshot   // the last one that was swept
	next     int                 // the index in it of the raw file to look at next
	failed   int64               // how many dead letters there were when nothing could be done about any; 0: something could
}

// defaultMax bounds the list of names that wait: a sweep finds again later what it does not
// queue now. It also bounds the dead letters whose files are gone. Dead letters of files
// that are there all stay, or the files would be tried again.
const defaultMax = 10_000

// sighting is the version of a file, and when it was first seen.
type sighting struct {
	version string
	since   time.Time
}

// old is the age at which a file counts as unchanged without a second look. It is above the
// difference of the clocks of this machine and of the file server.
const old = time.Minute

// Once does the queue's housekeeping and one sweep. It returns how many names it queued.
func (s *Sweeper) Once(ctx context.Context) (int, error) {
	if err := s.keepHouse(ctx); err != nil {
		return 0, err
	}
	maxWaiting := cmp.Or(s.maxWaiting, defaultMax)
	depth, err := s.Queue.Depth(ctx)
	if err != nil || depth >= maxWaiting {
		return 0, err
	}
	// The queue is asked before the files are listed and again afterwards. A file that was
	// queued before and is done by then has a result in the listing; one that is queued
	// meanwhile is in the second answer. A file that is missed by both is processed once
	// more, to the same bytes.
	before, err := s.Queue.Queued(ctx)
	if err != nil {
		return 0, err
	}
	files, err := s.Catalog.Due(ctx)
	if err != nil || files == nil {
		return 0, err
	}
	if files != s.snapshot {
		s.snapshot, s.next = files, 0
	}
	if err := s.lookAtLetters(ctx, files); err != nil {
		return 0, err
	}
	candidates := s.candidates(files, before)
	if len(candidates) == 0 {
		return 0, nil
	}
	after, err := s.Queue.Queued(ctx)
	if err != nil {
		return 0, err
	}
	room := int(maxWaiting - depth)
	offers := make([]queue.Offer, 0, min(len(candidates), room))
	began := time.Now()
	for len(candidates) > 0 && len(offers) < room && time.Since(began) < maxRechecking {
		some := candidates[:min(len(candidates), atOnce, room-len(offers))]
		candidates = candidates[len(some):]
		for _, raw := range s.unfinished(ctx, files, some, after) {
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

// keepHouse does the queue's housekeeping, announces the settings and tells of a queue that is
// stuck.
func (s *Sweeper) keepHouse(ctx context.Context) error {
	moved, err := s.Queue.Tidy(ctx)
	if err != nil {
		return err
	}
	if moved != (queue.Tidied{}) {
		s.Log.Info("housekeeping", zap.Int("due", moved.Due), zap.Int("reclaimed", moved.Reclaimed), zap.Int("poison", moved.Poison))
	}
	if err := s.announce(ctx); err != nil {
		return err
	}
	if s.StuckAfter > 0 {
		if err := s.Queue.TellStuck(ctx, s.StuckAfter); err != nil && !queue.Refused(err) {
			return err
		}
	}
	return nil
}

const (
	// atOnce is how many candidates are checked again at the same time.
	atOnce = 16
	// maxRechecking is how long that may take before the next housekeeping.
	maxRechecking = 20 * time.Second
)

// unfinished returns those of the candidates that are not queued and have no result now: one
// may have been published since the files were listed.
func (s *Sweeper) unfinished(ctx context.Context, files *catalog.Snapshot, places []int32, queued map[string]struct{}) []filestore.Info {
	found := make([]filestore.Info, len(places))
	var group sync.WaitGroup
	var told sync.Once
	for i, place := range places {
		raw := files.Raw.At(int(place))
		if _, ok := queued[raw.Name]; ok {
			continue
		}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, maxRechecking)
			defer cancel()
			done, err := s.done(ctx, raw)
			if !done {
				found[i] = raw
			}
			if err != nil && !errors.Is(err, filestore.ErrUnavailable) && ctx.Err() == nil {
				told.Do(func() {
					s.Log.Warn("a result could not be looked at; its file is not queued until the next listing", zap.String("file", raw.Name), zap.Error(err))
				})
			}
		})
	}
	group.Wait()
	return slices.DeleteFunc(found, func(f filestore.Info) bool { return f.Name == "" })
}

// announce says on the queue which settings are in force. A Redis that may not grow is no error.
func (s *Sweeper) announce(ctx context.Context) error {
	if s.Questions == nil {
		return nil
	}
	if err := s.Queue.Announce(ctx, s.Questions.Current().String()); err != nil && !queue.Refused(err) {
		return err
	}
	return nil
}

// lookAtLetters withdraws the dead letters of files that have a result after all, as when
// a worker that was taken for dead finished late, and the oldest ones without a file where
// these are more than maxOrphans. It has those tried again that other settings may mend. It
// reads all dead letters. When there are many and nothing can be done about any, it does not
// read them again until there are a tenth more.
func (s *Sweeper) lookAtLetters(ctx context.Context, files *catalog.Snapshot) error {
	keep := int(cmp.Or(s.maxOrphans, defaultMax))
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
	var outdated []queue.DeadLetter
	later := false // whether one is newer than the listing, which may not have its result yet
	var remedies []queue.Remedy
	orphans := 0 // those so far, from the newest on
	for _, l := range letters {
		raw, there := files.Raw.Find(l.Name)
		if !there {
			orphans++
		}
		newer := there && !l.At.Before(files.At)
		later = later || newer
		if there && !newer && s.overtaken(ctx, l, raw, files) || !there && orphans > keep {
			outdated = append(outdated, l)
			continue
		}
		if there && s.Questions != nil {
			question, _ := s.Questions.For(l.Name)
			if settings := question.AllSettings(); l.Helps(settings) {
				remedies = append(remedies, queue.Remedy{DeadLetter: l, Settings: settings})
			}
		}
	}
	n, err := s.Queue.Withdraw(ctx, outdated)
	if err != nil {
		return err
	}
	if n > 0 {
		s.Log.Info("withdrew outdated dead letters", zap.Int("withdrawn", n), zap.Int64("left", counts.Failed-int64(n)))
	}
	names, err := s.Queue.Mend(ctx, remedies)
	if len(names) > 0 {
		s.Log.Info("the settings have changed: dead letters are tried again that the new ones may mend", zap.Int("files", len(names)), zap.String("first", names[0]))
	}
	if s.failed = 0; n+len(names) == 0 && !later {
		s.failed = counts.Failed
	}
	return err
}

// overtaken reports whether the file of a dead letter has a result after all. A malformed file has none:
// a result of it was made with other settings. The result of a file that was missing is that of the file
// which is back. Otherwise one of the tries made it, as an older result is of an earlier time that the file
// was done; but what killed the workers is not in a file that the engine has read under the same settings.
func (s *Sweeper) overtaken(ctx context.Context, l queue.DeadLetter, raw filestore.Info, files *catalog.Snapshot) bool {
	if l.Kind != queue.KindPoison && l.Kind != queue.KindError && l.Kind != queue.KindMissing {
		return false
	}
	result, done := files.Current(raw)
	if !done || l.Kind == queue.KindMissing || l.Kind == queue.KindPoison && s.isCurrent(ctx, raw, result) {
		return done
	}
	published, err := filestore.Published(ctx, s.Store, filestore.Processed, result)
	return err == nil && l.Overtaken(published.Add(s.resolution()))
}

// isCurrent reports whether the result of a file was made under the settings in force.
func (s *Sweeper) isCurrent(ctx context.Context, raw, result filestore.Info) bool {
	if s.Questions == nil {
		return false
	}
	question, _ := s.Questions.For(raw.Name)
	under, err := filestore.SettingsOf(ctx, s.Store, result)
	return err == nil && under == question.ResultSettings()
}

// resolution is by how much the time at which a file was published may be too early: buckets have
// whole seconds, and file systems the time of the kernel's last tick.
func (s *Sweeper) resolution() time.Duration {
	if filestore.IsRemote(s.Store) {
		return time.Second
	}
	return 20 * time.Millisecond
}

// candidates returns the indexes of the raw files that have no result, are not queued and
// have not changed for Settle. It begins where the last sweep of the same snapshot ended.
// Files of a remote store are complete when they appear, so they need not settle.
func (s *Sweeper) candidates(files *catalog.Snapshot, queued map[string]struct{}) []int32 {
	complete := filestore.IsRemote(s.Store)
	var found []int32
	changing := make(map[string]sighting)
	for i := s.next; i < files.Raw.Len(); i++ {
		if files.HasResult(i) {
			continue
		}
		raw := files.Raw.At(i)
		if _, ok := queued[raw.Name]; ok {
			continue
		}
		if !complete && files.At.Sub(raw.ModTime).Abs() < max(old, s.Settle) {
			seen, ok := s.changing[raw.Name]
			if !ok || seen.version != raw.ETag {
				seen = sighting{raw.ETag, files.At}
			}
			changing[raw.Name] = seen
			if files.At.Sub(seen.since) < s.Settle {
				continue
			}
		}
		found = append(found, int32(i))
	}
	s.changing = changing
	return found
}

// done reports whether a raw file has a result for its current version. When the result
// cannot be looked at, the file counts as done until the next snapshot; the error says why.
func (s *Sweeper) done(ctx context.Context, raw filestore.Info) (bool, error) {
	_, err := filestore.Current(ctx, s.Store, raw, s.Catalog.Formats(raw.Name))
	switch {
	case errors.Is(err, filestore.ErrNotExist), errors.Is(err, filestore.ErrInvalidName): // a processor makes a dead letter of the latter
		return false, nil
	case err != nil:
		return true, err
	}
	return true, nil
}

// Run sweeps at the given interval until ctx ends, and calls beat after each sweep. When a
// sweep takes more than a tenth of the interval, the pause after it is ten times as long as
// the sweep; for a remote store it is 10 s at most, or the interval if that is longer.
func (s *Sweeper) Run(ctx context.Context, interval time.Duration, beat func()) {
	longest := time.Duration(math.MaxInt64)
	if filestore.IsRemote(s.Store) {
		longest = 10 * time.Second // such a sweep took long because the store could not be reached
	}
	var lastProblem string
	for {
		began := time.Now()
		_, err := s.Once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && lastProblem != "":
			s.Log.Info("the sweep works again")
			lastProblem = ""
		case err != nil && err.Error() != lastProblem:
			lastProblem = err.Error()
			s.Log.Warn("the sweep failed, trying again", zap.Error(err))
		}
		beat()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(interval, min(10*time.Since(began), longest))):
		}
	}
}
