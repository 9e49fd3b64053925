package main

import (
	"context"
	"fmt"
	"path"
	"strings"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// enqueueFiles makes those files wait that match glob, are not queued and have no
// result (or, with all, whether they have one or not). It returns how many match
// and how many of them it made wait.
func enqueueFiles(ctx context.Context, store filestore.Store, q *queue.Queue, glob string, all bool) (matching, queued int, err error) {
	if _, err := path.Match(glob, ""); err != nil {
		return 0, 0, cli.Usagef("GLOB %q: %v; expected a pattern such as '2022*.csv'", glob, err)
	}
	waiting, err := q.Queued(ctx)
	if err != nil {
		return 0, 0, err
	}
	files, err := catalog.Take(ctx, store)
	if err != nil {
		return 0, 0, fmt.Errorf("look for files: %w", err)
	}
	var offers []queue.Offer
	for raw := range files.Raw.All() {
		if !matches(glob, raw.Name) {
			continue
		}
		matching++
		_, isQueued := waiting[raw.Name]
		if _, done := files.Current(raw); isQueued || done && !all {
			continue
		}
		if _, err := filestore.ResultName(raw.Name); err == nil {
			offers = append(offers, queue.Offer{Name: raw.Name, Version: raw.ETag})
		}
	}
	queued, err = q.Offer(ctx, offers)
	return matching, queued, err
}

func matches(glob, name string) bool {
	if !strings.Contains(glob, "/") {
		name = path.Base(name)
	}
	ok, _ := path.Match(glob, name)
	return ok
}
