package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"csv-pipeline/internal/command"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/faultpoint"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
)

// failure is why a file could not be processed.
type failure struct {
	err       error
	kind      string // a Kind… constant of the queue
	permanent bool   // a retry cannot succeed
	version   string // of the input

	settings string // that failed; "" where no others could help
	found    string // how the input is written, as far as that is known
}

// temporary is the failure of a file that may succeed when it is tried again.
func temporary(name string, err error, version string) *failure {
	return &failure{err: fmt.Errorf("%s: %w", name, err), kind: queue.KindError, version: version}
}

// permanent is the failure of a file that no retry can process.
func permanent(kind string, err error, version string) *failure {
	return &failure{err: err, kind: kind, permanent: true, version: version}
}

// notBegun is the failure of a file on which the worker did not begin.
func notBegun(cause error) *failure { return &failure{err: cause, kind: queue.KindError} }

// storeFails reports whether the store failed as it would for every file. Such a failure does
// not count as one of the file's tries.
func (f *failure) storeFails() bool {
	return errors.Is(f.err, filestore.ErrFull) || errors.Is(f.err, filestore.ErrReadOnly) || errors.Is(f.err, filestore.ErrUnavailable)
}

// errOtherSettings: a name waits to be tried under settings that this worker does not have.
var errOtherSettings = errors.New("it is to be tried under other settings than this processor has: the processor is of another release, or is not upgraded yet")

// cannotStart reports whether the command fails as it would for every file.
func (f *failure) cannotStart() bool { return errors.Is(f.err, command.ErrCannotStart) }

func (f *failure) report() queue.Failure {
	report := queue.Failure{Reason: f.err.Error(), Kind: f.kind, Version: f.version, Settings: f.settings, Found: f.found}
	var at *groupby.InputError
	if errors.As(f.err, &at) {
		report.Place = queue.Place{Line: at.Line, Column: at.Column, Field: at.Field,
			Excerpt: queue.Excerpt{Before: at.Row.Before, Bad: at.Row.Field, After: at.Row.After}}
	}
	return report
}

// mostPostponed is how often a name is put off that is to be tried under other settings: some five
// minutes, which is enough for an upgrade. Then it is tried all the same.
const mostPostponed = 10

// absent is the version of an input that does not exist.
const absent = "absent"

// job makes the result of one file.
type job struct {
	*Worker
	claim       *queue.Claim
	bytes, rows atomic.Int64
	version     atomic.Value // the version of the input, a string, once the input is open
}

func newJob(w *Worker, claim *queue.Claim) *job { return &job{Worker: w, claim: claim} }

func (j *job) progress() queue.Progress {
	j.Beat()
	version, _ := j.version.Load().(string)
	return queue.Progress{Bytes: j.bytes.Load(), Rows: j.rows.Load(), Version: version}
}

// run aggregates the file and publishes the result.
func (j *job) run(ctx context.Context) (queue.Outcome, *failure) {
	began := time.Now()
	name := j.claim.Name
	question, dataset := j.Questions.For(name)
	result, err := question.Format().ResultName(name)
	if err != nil {
		return queue.Outcome{}, permanent(queue.KindName, fmt.Errorf("%.200q: %w", name, err), "")
	}
	if wanted := j.claim.Settings; wanted != "" && wanted != question.AllSettings() && j.claim.Postponed < mostPostponed {
		return queue.Outcome{}, notBegun(errOtherSettings)
	}
	in, err := j.open(ctx, name)
	switch {
	case errors.Is(err, filestore.ErrNotExist):
		return queue.Outcome{}, permanent(queue.KindMissing, fmt.Errorf("%s: there is no such file in raw/", name), absent)
	case err != nil:
		return queue.Outcome{}, temporary(name, err, "")
	}
	defer in.Close()
	source := in.Info()
	source.Settings = question.ResultSettings()
	j.version.Store(source.ETag)
	if j.claim.Crashes > 0 {
		// If this file kills its worker again, the queue must know which version did. An error
		// of this call needs no handling: the lease then ends, or a later call renews it.
		_ = j.claim.Renew(ctx, j.progress())
	}

	var out filestore.Writer
	checksum := sha256.New()
	rejected := &rejects{job: j, ctx: ctx, source: source}
	abort := func() {
		if out != nil {
			out.Abort()
		}
		rejected.abort()
	}
	defer func() { abort() }()
	options := query.Options{Engine: j.Engine}
	options.Engine.Progress = func(p groupby.Progress) {
		j.bytes.Store(p.Bytes)
		j.rows.Store(p.Rows)
	}
	faultpoint.Reach(ctx, faultpoint.Reading, name)
	options.Dataset = dataset
	options.Tell = func(line string) {
		j.Log.Info("the command wrote to standard error", zap.String("file", name), zap.String("line", line))
	}
	report, err := question.Run(ctx, dialect.File{Name: name, ReaderAt: in, Size: source.Size}, func() (io.Writer, io.Writer, error) {
		abort()
		var err error
		if out, err = j.Store.Create(ctx, filestore.Processed, result, &source); err != nil {
			return nil, nil, err
		}
		checksum.Reset()
		return io.MultiWriter(out, checksum), rejected, nil
	}, options)
	found := strings.Join(report.Found(), "; ")
	if f := j.judge(ctx, in, err); f != nil {
		f.found = found
		if f.permanent && f.kind != queue.KindMissing {
			f.settings = question.AllSettings()
		}
		return queue.Outcome{}, f
	}
	// A worker whose lease has ended must not replace a newer result by an outdated one.
	if err := j.claim.Renew(ctx, j.progress()); errors.Is(err, queue.ErrLost) {
		return queue.Outcome{}, &failure{err: err}
	}
	faultpoint.Reach(ctx, faultpoint.Written, name)
	if err := rejected.commit(report.Rejected, question.Skips()); err != nil {
		return queue.Outcome{}, temporary(name, err, source.ETag)
	}
	if _, err := out.Commit(); err != nil {
		return queue.Outcome{}, temporary(name, err, source.ETag)
	}
	faultpoint.Reach(ctx, faultpoint.Renamed, name)
	j.tell(name, dataset, report)
	return queue.Outcome{Result: result, Rows: report.Rows, Bytes: report.Bytes, Took: time.Since(began), Checksum: hex.EncodeToString(checksum.Sum(nil)), Found: found}, nil
}

// tell logs what was found of a file that is not as the simplest files are.
func (j *job) tell(name, dataset string, report query.Report) {
	if notes := report.Found(); len(notes) > 0 || dataset != "" {
		j.Log.Info("found how the file is written", zap.String("file", name), zap.String("dataset", dataset), zap.Strings("found", notes))
	}
}

// tick is above the resolution of the modification times of file systems.
const tick = 20 * time.Millisecond

// open opens the input. If it was written within the last tick, open waits until the tick is
// over: a change within the same tick would not change the file's version.
func (j *job) open(ctx context.Context, name string) (filestore.File, error) {
	in, err := j.Store.Open(ctx, filestore.Raw, name)
	if err != nil {
		return nil, err
	}
	age := time.Since(in.Info().ModTime)
	if filestore.IsPinned(in) || age < 0 || age > tick {
		return in, nil
	}
	if err := in.Close(); err != nil {
		return nil, err
	}
	pause(ctx, tick-age)
	return j.Store.Open(ctx, filestore.Raw, name)
}

// judge turns the error of an aggregation into a failure; nil if there is none. A file that
// changed while it was read is read again, whatever error the mixture of its versions had.
func (j *job) judge(ctx context.Context, in filestore.File, err error) *failure {
	source := in.Info()
	if cause := context.Cause(ctx); cause != nil {
		return &failure{err: cause, kind: queue.KindError}
	}
	if filestore.IsPinned(in) && err == nil {
		return nil // one version was read as a whole, and the result names it
	}
	now, statErr := j.Store.Stat(ctx, filestore.Raw, source.Name)
	switch {
	case errors.Is(statErr, filestore.ErrNotExist):
		return permanent(queue.KindMissing, fmt.Errorf("%s: the file was removed while it was read", source.Name), absent)
	case statErr != nil:
		return temporary(source.Name, statErr, source.ETag)
	case now.ETag != source.ETag:
		return &failure{err: fmt.Errorf("%s: the file changed while it was read", source.Name), kind: queue.KindError, version: source.ETag}
	}
	var malformed *groupby.InputError
	switch {
	case errors.As(err, &malformed):
		return permanent(queue.KindMalformed, err, source.ETag)
	case errors.Is(err, command.ErrTooMuchOutput):
		return permanent(queue.KindError, fmt.Errorf("%s: %w", source.Name, err), source.ETag)
	case errors.Is(err, groupby.ErrTooManyGroups):
		return permanent(queue.KindError, err, source.ETag)
	case err != nil:
		return temporary(source.Name, err, source.ETag)
	}
	return nil
}
