package events

import (
	"slices"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/queue"
)

// wants reports whether a sink is to be told of a change: each filter that is given must let it
// pass. An event about no file passes no filter of files or datasets.
func (s *Spec) wants(c queue.Change, dataset string) bool {
	if len(s.Types) > 0 && !slices.Contains(s.Types, c.Type) {
		return false
	}
	if len(s.Datasets) > 0 && (dataset == "" || !slices.Contains(s.Datasets, dataset)) {
		return false
	}
	return len(s.Files) == 0 || c.Name != "" && slices.ContainsFunc(s.Files, func(glob string) bool { return filestore.MatchName(glob, c.Name) })
}
