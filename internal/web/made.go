package web

import (
	"slices"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
)

// byMade is the order of results by when they were made, as far as the queue remembers.
const byMade catalog.Order = "made"

// sortedByMade are the places of all files in processed/: first those that the queue does not
// remember, by name, then the others, the earliest first.
func (s *Server) sortedByMade(files *catalog.Snapshot) []int32 {
	table := files.Processed
	known := make([]bool, table.Len())
	var newest []int32
	for _, a := range s.monitor.Done().Newest {
		for _, format := range s.Catalog.Formats(a.Name) {
			name, err := format.ResultName(a.Name)
			if err != nil {
				break
			}
			if place, there := table.Place(name); there && !known[place] {
				known[place] = true
				newest = append(newest, int32(place))
			}
		}
	}
	sorted := make([]int32, 0, table.Len())
	for place := range table.Len() {
		if !known[place] {
			sorted = append(sorted, int32(place))
		}
	}
	slices.Reverse(newest)
	return append(sorted, newest...)
}

// tellMade says of results when and from how many rows they were made, and of which dataset they are.
func (s *Server) tellMade(shown []api.File) {
	done := s.monitor.Done()
	for i := range shown {
		f := &shown[i]
		if f.Source == "" {
			continue
		}
		f.Dataset = s.dataset(f.Source)
		place, known := done.Place[f.Source]
		if format, _ := filestore.FormatOf(f.Name); !known || !slices.Contains(s.Catalog.Formats(f.Source), format) {
			continue
		}
		a := done.Newest[place]
		when := a.At.UTC()
		f.Made, f.Rows, f.Seconds = &when, a.Rows, a.Seconds
	}
}

// datasetOfResult is the dataset of the raw file of a result; "" where it has none.
func (s *Server) datasetOfResult(name string) string {
	raw, ok := filestore.RawName(name)
	if !ok {
		return ""
	}
	return s.dataset(raw)
}
