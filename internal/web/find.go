package web

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/respond"
)

// filter is which files a request is for, and in what order.
type filter struct {
	Text, Folder, State string
	Dataset             string
	Sort                catalog.Order
	Descending          bool
	Offset, Limit       int // Limit 0: all
	SHA256              bool
}

// mostListed bounds limits and offsets of lists.
const mostListed = 10_000_000

func parseFilter(q url.Values, area filestore.Area, limit int) (f filter, err error) {
	f = filter{Text: q.Get("q"), Folder: q.Get("folder"), State: q.Get("state"), Dataset: q.Get("dataset"), Sort: catalog.Order(q.Get("sort")), SHA256: q.Get("sha256") == "1"}
	if len(f.Text) > 1024 || len(f.Folder) > 1024 {
		return f, respond.BadRequestf("q and folder: expected at most 1024 bytes")
	}
	if f.Sort == "" {
		f.Sort = catalog.ByName
	}
	if !slices.Contains([]catalog.Order{catalog.ByName, catalog.BySize, catalog.ByTime}, f.Sort) && (f.Sort != byMade || area != filestore.Processed) {
		return f, respond.BadRequestf("sort: expected name, size or modified, and of results also made")
	}
	switch q.Get("order") {
	case "", "asc":
	case "desc":
		f.Descending = true
	default:
		return f, respond.BadRequestf("order: expected asc or desc")
	}
	if f.State != "" && (area != filestore.Raw || !slices.Contains(api.States, f.State)) {
		return f, respond.BadRequestf("state: expected one of %s, and of raw files only", strings.Join(api.States, ", "))
	}
	if f.Folder != "" && !strings.HasSuffix(f.Folder, "/") {
		f.Folder += "/"
	}
	if f.Limit, err = respond.WholeNumber(q, "limit", limit, 1, mostListed); err != nil {
		return f, err
	}
	if f.Offset, err = respond.WholeNumber(q, "offset", 0, 0, mostListed); err != nil {
		return f, err
	}
	if f.SHA256 && (f.Limit == 0 || f.Limit > 1000) {
		return f, respond.BadRequestf("sha256=1 reads every file: expected a limit of at most 1000")
	}
	return f, nil
}

// find returns the places of the files that match a filter: those on the page that the
// filter names, and how many match in all.
func (s *Server) find(ctx context.Context, files *catalog.Snapshot, area filestore.Area, f filter) (places []int32, total int, err error) {
	table := files.Files(area)
	keep, err := s.predicate(ctx, files, table, f)
	if err != nil {
		return nil, 0, err
	}
	var sorted []int32
	if f.Sort == byMade {
		sorted = s.sortedByMade(files)
	} else {
		sorted = table.Sorted(f.Sort)
	}
	limit := f.Limit
	if limit == 0 {
		limit = len(sorted)
	}
	at := func(i int) int32 {
		if f.Descending {
			return sorted[len(sorted)-1-i]
		}
		return sorted[i]
	}
	if keep == nil {
		for i := f.Offset; i < min(len(sorted), f.Offset+limit); i++ {
			places = append(places, at(i))
		}
		return places, len(sorted), nil
	}
	for i := range sorted {
		place := at(i)
		if !keep(int(place)) {
			continue
		}
		if total >= f.Offset && len(places) < limit {
			places = append(places, place)
		}
		total++
	}
	return places, total, nil
}

// predicate returns a function that reports whether the file at a place matches; nil when
// all files match.
func (s *Server) predicate(ctx context.Context, files *catalog.Snapshot, table *catalog.Table, f filter) (func(place int) bool, error) {
	var tests []func(place int) bool
	if f.Folder != "" {
		tests = append(tests, func(place int) bool { return strings.HasPrefix(table.Name(place), f.Folder) })
	}
	if f.Text != "" {
		tests = append(tests, table.Containing(f.Text))
	}
	if f.Dataset != "" {
		want := f.Dataset
		if want == api.NoDataset {
			want = ""
		} else if !slices.Contains(s.datasets(), want) {
			return nil, respond.BadRequestf("dataset: there is no %.100q; there are: %s, and %s for files of none", f.Dataset, strings.Join(s.datasets(), ", "), api.NoDataset)
		}
		dataset := s.dataset
		if table == files.Processed {
			dataset = s.datasetOfResult
		}
		tests = append(tests, func(place int) bool { return dataset(table.Name(place)) == want })
	}
	switch f.State {
	case "":
	case api.StateDone:
		failed, err := s.inState(ctx, table, queue.Failed)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(place int) bool { return files.HasResult(place) && !failed[place] })
	case api.StateFailed:
		failed, err := s.inState(ctx, table, queue.Failed)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(place int) bool { return failed[place] })
	case api.StateRetrying, api.StateInFlight:
		of := queue.Delayed
		if f.State == api.StateInFlight {
			of = queue.InFlightState
		}
		in, err := s.inState(ctx, table, of)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(place int) bool { return in[place] && !files.HasResult(place) })
	default:
		elsewhere, err := s.inState(ctx, table, queue.Failed, queue.Delayed, queue.InFlightState)
		if err != nil {
			return nil, err
		}
		tests = append(tests, func(place int) bool { return !files.HasResult(place) && !elsewhere[place] })
	}
	if len(tests) == 0 {
		return nil, nil
	}
	return func(place int) bool {
		for _, test := range tests {
			if !test(place) {
				return false
			}
		}
		return true
	}, nil
}

// inState returns the places of the files that are in one of the given states of the queue.
func (s *Server) inState(ctx context.Context, table *catalog.Table, states ...queue.State) (map[int]bool, error) {
	in := map[int]bool{}
	for _, state := range states {
		names, err := s.Queue.InState(ctx, state)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if place, ok := table.Place(name); ok {
				in[place] = true
			}
		}
	}
	return in, nil
}

// telling is what is told of files beside what the listing has: for it, each file is looked at.
type telling struct{ sums, settings bool }

// describe returns the files at the given places, with their states by the queue.
func (s *Server) describe(ctx context.Context, files *catalog.Snapshot, area filestore.Area, places []int32, tell telling) ([]api.File, error) {
	table := files.Files(area)
	shown := make([]api.File, len(places))
	var pending, done []string
	var at, doneAt []int // their indexes in shown
	for i, place := range places {
		info := table.At(int(place))
		l := api.File{Name: info.Name, Size: info.Size, ModTime: info.ModTime, ETag: info.ETag}
		if area == filestore.Processed {
			if raw, ok := filestore.RawName(info.Name); ok {
				l.Source = raw
				var source *filestore.Info
				if found, there := files.Raw.Find(raw); there {
					source = &found
				}
				l.Outdated = s.Catalog.Outdated(info, source)
			}
		} else if files.HasResult(int(place)) {
			l.Result = files.ResultName(int(place))
			done, doneAt = append(done, info.Name), append(doneAt, i)
		} else {
			pending, at = append(pending, info.Name), append(at, i)
		}
		if tell.sums {
			sum, err := s.sha256(ctx, area, info.Name)
			if err != nil && !errors.Is(err, filestore.ErrNotExist) {
				return nil, err
			}
			l.SHA256 = sum
		}
		shown[i] = l
	}
	if area == filestore.Processed {
		s.tellMade(shown)
	}
	if area == filestore.Processed && tell.settings {
		if err := s.tellSettings(ctx, table, places, shown); err != nil {
			return nil, err
		}
	}
	standings, err := s.Queue.Standings(ctx, pending)
	if err != nil {
		return nil, err
	}
	for i, st := range standings {
		l := &shown[at[i]]
		l.State, l.Reason = state(st, false)
	}
	letters, err := s.Queue.LettersOf(ctx, done)
	if err != nil {
		return nil, err
	}
	for i, letter := range letters {
		l := &shown[doneAt[i]]
		l.State, l.Reason = state(queue.Standing{Failed: letter}, true)
	}
	return shown, nil
}

// looksAtOnce is how many results are looked at together.
const looksAtOnce = 16

// tellSettings says of results whether they were made under the settings in force.
func (s *Server) tellSettings(ctx context.Context, table *catalog.Table, places []int32, shown []api.File) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(looksAtOnce)
	for i, place := range places {
		if shown[i].Source == "" {
			continue
		}
		group.Go(func() (err error) {
			shown[i].Settings, _, err = s.settings(ctx, shown[i].Source, table.At(int(place)))
			return err
		})
	}
	return group.Wait()
}

// settings says whether the result of a raw file was made under the settings in force, and gives the
// fingerprint of those that it was made under; "" where these are not known or the result is gone.
func (s *Server) settings(ctx context.Context, raw string, result filestore.Info) (made, fingerprint string, err error) {
	if s.Questions == nil {
		return "", "", nil
	}
	under, err := filestore.SettingsOf(ctx, s.Store, result)
	question, _ := s.Questions.For(raw)
	switch {
	case errors.Is(err, filestore.ErrNotExist):
		return "", "", nil
	case err != nil:
		return "", "", err
	case under == "":
		return api.SettingsUnknown, "", nil
	case under != question.ResultSettings():
		return api.SettingsOther, under, nil
	}
	return api.SettingsCurrent, under, nil
}

// state is the state of a raw file, and why it failed if it did. done says that it has a
// result of its current version. A file can fail although it has one: when it is done again
// under other settings.
func state(st queue.Standing, done bool) (state, reason string) {
	switch {
	case st.InFlight:
		return api.StateInFlight, ""
	case st.Failed != nil:
		return api.StateFailed, st.Failed.Reason
	case done:
		return api.StateDone, ""
	case !st.Delayed.IsZero():
		return api.StateRetrying, ""
	}
	return api.StateWaiting, ""
}
