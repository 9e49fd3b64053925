// Package groupby aggregates CSV: SELECT keys, aggregates FROM file GROUP BY
// keys, for one file at a time, exactly and in bounded memory.
//
// A [Plan] is compiled once from the configuration ([Spec]) and run over any
// number of inputs. The package does no I/O of its own beyond the reader and
// the writer it is given, and a temporary folder when the groups outgrow the
// memory it may use.
//
// # Input
//
// RFC 4180: fields separated by a delimiter, records by LF or CRLF, fields
// that hold a delimiter, a quote or a line break enclosed in double quotes,
// a quote within them doubled. A UTF-8 byte order mark, a missing final line
// break and blank lines are accepted. Every record has as many fields as the
// first. Anything else is an [InputError] that names the line, and so is an
// input without any record. Packed files are unpacked before (package dialect).
//
// # Values
//
// An empty cell is NULL: aggregates other than count(*) pass over it, a sum,
// average, minimum or maximum of nothing is NULL, and as a group key it is a
// group of its own. Group keys are text; "1" and "01" are two groups.
//
// Numbers are decimal, optionally with sign, point, exponent and surrounding
// blanks, of at most 37 digits, 18 of them after the point. Sums are exact
// and printed with as many digits after the point as the longest of the
// column has. An average is the exact quotient rounded once to the nearest
// IEEE 754 double. min and max order numbers by value and, where a column
// holds both, numbers before text (as SQLite does), text by bytes.
//
// A quantile is interpolated between the two numbers it lies between (PostgreSQL's
// percentile_cont), a variance is that of a sample, NULL for fewer than two
// numbers, and stddev its root: each is the exact value rounded once to a double
// as well. first and last are cells as they are written, in the order of the input.
//
// What each function keeps ([states]), and what it does with cells:
//
//	function           state                            NULL         text      dense table
//	count(*)           rowCount                         counts       -         yes
//	count(x)           cellCount                        is left out  counts    yes
//	count(distinct x)  distinctCount, pairs             is left out  counts    no
//	sum                cellSum                          is left out  bad row   yes
//	avg                cellSum, cellCount               is left out  bad row   yes
//	min, max           cellMin, cellMax                 is left out  by bytes  no
//	median, quantile   cellValues, cellCount            is left out  bad row   no
//	stddev, variance   cellSquares, cellSum, cellCount  is left out  bad row   no
//	first, last        cellFirst, cellLast              is left out  as it is  no
//
// A dense table ([dense]) is used where the key is one column of small integers and every
// state may be in it; other groups are in hash tables, and beyond the memory in files.
//
// # Expressions
//
// Keys, aggregates and the condition for the rows may be expressions (package
// expression). Those of several texts, and numbers as keys, are not computed here:
// [Compile] then says [ErrUnsupported], and package query has them computed while the
// file is rewritten. A number that does not fit ends the run with [ErrDoubt], for the
// same to be done.
//
// # Output
//
// CSV with a header and LF line ends, rows sorted by key: a key column by
// value where all its keys are integers and bytewise otherwise, NULL first.
// The same input gives the same bytes whatever the number of workers.
//
// # Files in the order in which data flows
//
//	plan.go terms.go column.go     what is asked
//	run.go blocks.go stream.go     the input in blocks, or from its beginning to its end
//	source.go readahead.go
//	worker.go                      a block: its header, its chunks
//	batch.go numbers.go tiny.go    512 rows by column: cells, keys and numbers
//	vector.go arithmetic.go        expressions of these rows: numbers, conditions, choices
//	mask.go choice.go memo.go
//	compute.go                     all that a worker computes of a batch
//	exact.go record.go errors.go   what is in doubt: record by record, and what is refused
//	excerpt.go rejects.go
//	states.go                      what is kept of each group
//	decimal.go double.go           numbers
//	numberformat.go
//	extreme.go place.go            minima and maxima; first and last
//	compared.go                    how many numbers and texts minima and maxima were taken of
//	variance.go quantile.go        the spread; values in order
//	sortable.go pairorder.go
//	timekey.go                     parts of a time
//	table.go dense.go present.go   groups of a worker
//	codes.go
//	merge.go partitions.go         groups of all, in memory
//	spill.go cursors.go order.go   and beyond it, sorted
//	output.go                      the result
//	sample.go                      an input with a known result, for a self-test
//	unchecked.go                   loads without bounds checks
//	hugepages_linux.go             large tables in huge pages
//	hugepages_other.go
package groupby
