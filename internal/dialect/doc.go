// Package dialect reads CSV as people and programs write it: from the bytes of a
// file to the records that the engine of package groupby takes at full speed.
//
// # Two kinds of guessing
//
// Structure is found: container, encoding, line ends, the lines before the table,
// the delimiter, the quotes and the header. It can be checked, for under the right
// reading the columns that the question names are there. Meaning is never guessed:
// a cell that is no number as it is written is refused, and the refusal names the
// setting that reads it.
//
// # Files in the order in which data flows
//
//	settings.go   what a user may say of a file, checked
//	yaml.go       the header among the settings, as YAML and flags write it
//	canonical.go  one spelling for settings that mean the same
//	container.go  gzip, zstd, bzip2, xz, lz4, zip; what is no CSV is refused by name
//	gzip.go       the members of a gzip file, and zeros behind them
//	xz.go         how much memory an xz file asks for, before it is unpacked
//	unpack.go     a file that is unpacked and no more, for a command that reads it
//	encoding.go   from any encoding to UTF-8
//	syntax.go     one record: delimiters, quotes, escapes, line ends
//	columns.go    which of a header's names are those that the question asks for
//	layout.go     how a file is written, and what is said of that
//	detect.go     the layout of a file, from its first lines
//	headerline.go its header, by the names that the question asks for
//	quotes.go     quotes, escapes and blanks that its first lines have
//	structure.go  the layout where no column goes by its name
//	number.go     a cell as a plain number
//	currency.go   the currencies beside it
//	date.go       a cell as an ISO 8601 time
//	datepattern.go fullwidth.go datenames.go
//	plain.go      files that the engine reads itself
//	transcode.go  their encoding, where that is not UTF-8
//	unescape.go   their escapes
//	cells.go      their numbers and cells, where settings say how these are written
//	rewrite.go    records as the engine takes them: only the cells that are used
//	fast.go       the same for rows that are regular, by their separators
//	compute.go    expressions over the cells of a row, and the condition for it
//	bad.go        what is said of a row or a cell that is refused
//	footer.go     records that may be the last ones
//	stream.go     the rewriting in parallel, in order
//	total.go      what totals and remarks below a table are called
//	example.go    a first cell of each column, for what is said of comparisons
//	lenient.go    rows that break the rules, where they must be read
//	hint.go       which setting would read a cell
//	datehint.go   what is said of dates that no setting reads
//	dateguess.go  the form of a date, derived from its parts
//	open.go       all of it together: a file as a groupby.Input
//	records.go    the rows of a file one by one, for package describe
//	readings.go   every way in which a cell may be read, for package describe
package dialect
