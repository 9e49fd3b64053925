package views

import (
	"net/url"
	"slices"
	"strings"

	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/resulttable"
	"csv-pipeline/internal/web/format"
)

// ResultsData is what the page that asks of all results shows.
type ResultsData struct {
	Query     url.Values // of the address
	GroupBy   string     // as the form shows them
	Aggregate string
	Datasets  []string // to choose from
	Columns   []string // that may be asked for, as far as they are known
	Results   int      // that the filter has
	Undated   int      // that it leaves out because they have no date
	Differing []resulttable.Column
	Problem   string          // why there is no answer; "" where there is one, or nothing was asked
	Table     *csvtable.Table // the answer; nil where there is none
}

// tableParameters are the parameters of a table of results, in their order.
var tableParameters = []string{"q", "folder", "dataset", "from", "to", "groupBy", "aggregate", "select", "where", "having", "orderBy", "limit"}

// resultsAddress is the address of a table of results, or of the page about it, with those of the
// parameters that a query has.
func resultsAddress(page string, q url.Values, more ...string) string {
	kept := url.Values{}
	for _, key := range tableParameters {
		if v := strings.Join(q[key], ","); v != "" {
			kept.Set(key, v)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		if kept.Del(more[i]); more[i+1] != "" {
			kept.Set(more[i], more[i+1])
		}
	}
	if len(kept) == 0 {
		return page
	}
	return page + "?" + kept.Encode()
}

// filterOf are those of the parameters that say which results are meant.
func filterOf(q url.Values) url.Values {
	filter := url.Values{}
	for _, key := range []string{"q", "folder", "dataset", "from", "to"} {
		filter[key] = q[key]
	}
	return filter
}

// tableOf is the address of rows of results in a format.
func tableOf(p Frame, q url.Values, kind string) string {
	return resultsAddress(p.Base+"api/v1/results", q, "format", kind)
}

// columns are the columns that may be asked for, as a sentence has them.
func (d ResultsData) columns() string {
	names := make([]string, len(d.Columns))
	for i, name := range d.Columns {
		names[i] = format.Visible(name)
	}
	return strings.Join(names, ", ")
}

// differing says which columns some results do not have.
func (d ResultsData) differing() string {
	const most = 10
	var parts []string
	for _, c := range d.Differing[:min(most, len(d.Differing))] {
		parts = append(parts, format.Visible(c.Name)+" (not in "+format.Count(c.Missing)+")")
	}
	if more := len(d.Differing) - most; more > 0 {
		parts = append(parts, format.Plural(more, "other", "others"))
	}
	return strings.Join(parts, ", ")
}

// rows says how many rows the answer has.
func (d ResultsData) rows() string {
	if d.Table.More {
		return "the first " + format.Plural(len(d.Table.Rows), "row", "rows")
	}
	return format.Plural(len(d.Table.Rows), "row", "rows")
}

// refined reports whether more is asked than the form shows at first.
func (d ResultsData) refined() bool {
	return slices.ContainsFunc([]string{"q", "folder", "where", "having", "orderBy", "limit", "select"}, func(key string) bool { return d.Query.Get(key) != "" })
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
