package views

import (
	"fmt"
	"slices"
	"strings"

	"csv-pipeline/internal/chart"
	"csv-pipeline/internal/csvtable"
	"csv-pipeline/internal/describe"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/web/api"
	"csv-pipeline/internal/web/format"
)

const (
	// MostRows is how many rows of a file its page shows.
	MostRows = 1000
	// mostBars is how many of them a chart shows.
	mostBars = 40
	// mostCharts is how many columns have a chart.
	mostCharts = 4
)

// madeWith says under which settings a result was made.
var madeWith = map[string]string{
	api.SettingsCurrent: "the current ones",
	api.SettingsOther:   "not the current ones",
	api.SettingsUnknown: "not recorded: an earlier version made it, or another program",
}

// FileData is what the page of a file shows.
type FileData struct {
	*api.FileDetail
	Table      *csvtable.Table
	Sort       int // column; -1: as in the file
	Descending bool
	Charts     []chart.Chart
	Failure    *api.DeadLetter // of a raw file that failed
	Reading    *Reading        // of a raw file; nil where there was no time for it
	SourceGone bool            // the raw file of a result was deleted
	Rejected   string          // name of the file with rows that were left out; "" where there is none
}

// eventWords are what happened, and eventClasses its colour.
var (
	eventWords = map[string]string{api.LifeModified: "Last changed", api.LifeClaimed: "Taken", api.LifeDone: "Done", api.LifeError: "A try failed",
		api.LifeCrash: "The worker died", api.LifeFailed: "Failed", api.LifeWaiting: "Waits now", api.LifeRetry: "Next try"}
	eventClasses = map[string]string{api.LifeClaimed: "in-flight", api.LifeDone: "done", api.LifeError: "failed", api.LifeCrash: "failed",
		api.LifeFailed: "failed", api.LifeRetry: "retrying"}
)

// eventText says more of an event.
func eventText(e api.LifeEvent) string {
	switch {
	case e.What == api.LifeModified:
		return "by the file's modification time"
	case e.What == api.LifeClaimed && e.Rows > 0:
		return "by " + format.Visible(e.Worker) + ", " + format.Plural(e.Rows, "row", "rows") + " so far"
	case e.What == api.LifeClaimed:
		return "by " + format.Visible(e.Worker)
	case e.What == api.LifeDone:
		return format.Plural(e.Rows, "row", "rows") + " in " + format.Took(e.Took)
	case e.What == api.LifeFailed:
		return "it is not tried again by itself, unless it changes or other settings may help"
	case e.What == api.LifeWaiting:
		return "since when is not recorded"
	}
	return format.Visible(e.Text)
}

// Reading is how a raw file is written and which settings read it.
type Reading struct {
	*describe.Description
	Late     string // why there is no more, where there is not
	Needless bool   // no settings are found but those of the pipeline
	Readable bool   // a result comes of it without a choice: under the settings of the pipeline, or under those that are found
	AsItIs   bool   // under those of the pipeline
	Previews []Preview
}

// Preview is what comes of a file with some settings.
type Preview struct {
	Title   string
	Table   *csvtable.Table // nil if there is none
	Problem string          // why
	Partial bool            // it is of the beginning of the file
	Rows    int64           // of the file, that were read
	LeftOut int64           // rows that were left out, as they could not be read
}

// rows says of how many rows the preview is.
func (p Preview) rows() string {
	rows, left := format.Plural(p.Rows, "row", "rows"), ""
	if p.LeftOut > 0 {
		left = "; " + format.Plural(p.LeftOut, "row is", "rows are") + " left out, and written to a file of their own"
	}
	switch {
	case p.Partial:
		return "A sample: made from the first " + rows + " of the file" + cutColumns(p.Table) + left + "."
	case left != "":
		return "Made from " + rows + " of the file" + cutColumns(p.Table) + left + "."
	}
	return "Made from all " + rows + " of the file" + cutColumns(p.Table) + "."
}

// verdict says in a sentence whether the file can be read.
func (r Reading) verdict() string {
	switch {
	case r.Readable && r.fails():
		return "No result can be made of it:"
	case r.AsItIs && len(r.Problems)+len(r.Choices) > 0:
		return r.asItIs() + " It may be meant otherwise:"
	case r.AsItIs && !r.Needless:
		return r.asItIs() + " The settings below would read it otherwise."
	case r.AsItIs:
		return r.asItIs()
	case r.Readable:
		return "The settings below read every cell."
	case len(r.Problems) > 0:
		return "No settings read all of it:"
	}
	return "It has several readings, and you have to say which is meant:"
}

// asItIs says what the settings of the pipeline make of the file.
func (r Reading) asItIs() string {
	left := r.LeftOut
	if len(r.Previews) > 0 {
		left = r.Previews[0].LeftOut
	}
	switch {
	case left > 0:
		return "The settings of the pipeline read it, and leave out " + format.Plural(left, "row", "rows") + " that they do not read."
	case r.Needless && r.Description.Readable:
		return "The settings of the pipeline read every cell."
	}
	return "The settings of the pipeline read it."
}

// fails says whether no result comes of the file, however well its cells can be read: it may be no
// CSV file, or without the columns of the question.
func (r Reading) fails() bool {
	return len(r.Previews) > 0 && !slices.ContainsFunc(r.Previews, func(p Preview) bool { return p.Problem == "" })
}

// sampled says that not all of a file was looked at.
func (r Reading) sampled() string {
	return "Looked at: " + format.Size(r.BytesRead) + " of " + format.Size(r.Size) + ", " + format.Plural(r.Rows, "row", "rows") + "."
}

// nothing says why no row is shown.
func (d FileData) nothing() string {
	switch {
	case d.Size == 0:
		return "The file is empty."
	case d.Table.Damage != "":
		return "Nothing of it can be shown: " + format.Visible(d.Table.Damage)
	}
	return "No row was found in it."
}

// outdated says what became of the raw file that a result was made from; "" where it is as it was.
func (d FileData) outdated() string {
	switch {
	case d.SourceGone:
		return format.Visible(d.Source) + ", which was deleted"
	case d.Outdated:
		return " an earlier version of it"
	}
	return ""
}

// rowsTitle says how many rows are shown.
func (d FileData) rowsTitle() string {
	if len(d.Table.Header) == 0 {
		return "Rows"
	}
	rows := format.Plural(len(d.Table.Rows), "row", "rows")
	if d.Table.More || len(d.Table.Rows) >= MostRows {
		rows = "The first " + rows
	}
	return rows + cutColumns(d.Table)
}

// cutColumns says that a table has not all columns of its file; "" where it has.
func cutColumns(t *csvtable.Table) string {
	if t.Cut == 0 {
		return ""
	}
	return ", the first " + format.Count(len(t.Header)) + " of " + format.Count(len(t.Header)+t.Cut) + " columns"
}

// heading is the name of a column, or its number.
func (d FileData) heading(column int) string {
	if name := d.Table.Header[column]; name != "" {
		return format.Visible(name)
	}
	return "#" + format.Int(column+1)
}

// hasAttempts reports whether processors are given this file, or its input.
func (d FileData) hasAttempts() bool { return d.Area == filestore.Raw || d.Source != "" }

// sortBy is the address behind the heading of a column.
func (d FileData) sortBy(column int) string {
	if column == d.Sort && !d.Descending {
		return fmt.Sprintf("?sort=%d&order=desc", column)
	}
	return fmt.Sprintf("?sort=%d", column)
}

// sorted is the column's value of aria-sort.
func (d FileData) sorted(column int) string { return ariaSort(column == d.Sort, d.Descending) }

// ResultCharts draws a chart of each column of numbers of a result. The columns before
// the first of them are the key.
func ResultCharts(t *csvtable.Table) []chart.Chart {
	var drawn []chart.Chart
	rows := t.Rows[:min(len(t.Rows), mostBars)]
	keys := 0
	for keys < len(t.Header)-1 && (keys == 0 || !t.Numeric[keys]) {
		keys++
	}
	for column := keys; column < len(t.Header) && len(drawn) < mostCharts && len(rows) > 0; column++ {
		if !t.Numeric[column] {
			continue
		}
		values := make([]float64, len(rows))
		labels := make([]string, len(rows))
		for i, row := range rows {
			n, _ := csvtable.ParseNumber(row[column])
			values[i], labels[i] = n.Float(), format.Visible(strings.Join(row[:keys], " "))
		}
		name := format.Visible(t.Header[column])
		title := name + " by " + format.Visible(strings.Join(t.Header[:keys], ", "))
		if len(t.Rows) > len(rows) || t.More {
			title += fmt.Sprintf(", the first %d", len(rows))
		}
		drawn = append(drawn, chart.Chart{Title: title, Kind: chart.Bars, Labels: labels, Width: 640, Height: 260,
			Series: []chart.Series{{Name: name, Values: values}}})
	}
	return drawn
}

// optionText is the setting of an option.
func optionText(o describe.Option) string {
	if o.Flags == "" {
		return "no setting"
	}
	return format.Visible(o.Inline)
}

// settingsTitle says what the settings do.
func settingsTitle(r Reading) string {
	if r.Description.Readable {
		return "The settings that read it, as values of the chart"
	}
	return "The settings that read the rest, as values of the chart"
}
