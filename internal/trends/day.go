package trends

import (
	"regexp"
	"time"

	"csv-pipeline/internal/filestore"
)

// The years of days that count. All their months fit into one chart, so that a result
// with an odd date does not make the chart of the others impossible.
const firstYear, lastYear = 1900, 2199

var dates = regexp.MustCompile(`(?:^|[^0-9])((?:19|20|21)[0-9]{2})([-_/.]?)([01][0-9])([-_/.]?)([0-3][0-9])(?:[^0-9]|$)`)

// dayOfResult is the day that a result counts for.
func dayOfResult(result filestore.Info) time.Time {
	if m := dates.FindStringSubmatch(result.Name); m != nil && (m[2] == "") == (m[4] == "") {
		if day, err := time.Parse("20060102", m[1]+m[3]+m[5]); err == nil {
			return day
		}
	}
	return result.ModTime.UTC().Truncate(24 * time.Hour)
}
