package views

import (
	"net/url"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
)

// ListData is what the page of an area's files shows.
type ListData struct {
	Area           filestore.Area
	Files          []api.File
	Folder         string // that is shown; "" is all of the area
	State          string // that is shown; "" is every one
	Text           string // that the names contain
	Dataset        string // of the files; "" is every one
	Datasets       []string
	Sort           string // name, size, modified or made
	Descending     bool
	Limit          int // of files on a page
	All            int // files of the area
	Bytes          int64
	Folders        []Folder
	MoreFolders    bool     // than Folders
	Breadcrumbs    []Folder // from the area down to Folder
	AreaAddress    string   // of the whole area
	ArchiveAddress string   // of a zip file of all that match
	Query          url.Values
	Chosen         []string // names whose boxes are ticked
	Paging
}

// Folder is a link to a part of the files.
type Folder struct{ Name, Path string }

// AreaTitles are the names of the areas on the pages.
var AreaTitles = map[filestore.Area]string{filestore.Raw: "Raw files", filestore.Processed: "Results"}

// modified says of which file the time of a file is.
var modified = map[filestore.Area]string{filestore.Raw: "Modified", filestore.Processed: "Input modified"}

// haveStates reports whether these are raw files.
func (d ListData) haveStates() bool { return d.Area == filestore.Raw }

// With is the address of this page with some parameters changed, given as names and
// values in turn. It begins at the first file again.
func (d ListData) With(pairs ...string) string {
	q := url.Values{}
	for _, key := range []string{"q", "folder", "state", "dataset", "sort", "order", "limit"} {
		if v := d.Query.Get(key); v != "" {
			q.Set(key, v)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if q.Del(pairs[i]); pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + q.Encode()
}

// sortBy is the address behind the heading of a column: a second click reverses the
// order.
func (d ListData) sortBy(column string) string {
	order := ""
	if d.Sort == column && !d.Descending || column == "made" && d.Sort != column { // the newest are wanted first
		order = "desc"
	}
	return d.With("sort", column, "order", order)
}

// sorted is the column's value of aria-sort.
func (d ListData) sorted(column string) string { return ariaSort(d.Sort == column, d.Descending) }

func ariaSort(sorted, descending bool) string {
	switch {
	case !sorted:
		return "none"
	case descending:
		return "descending"
	}
	return "ascending"
}
