// Package sales generates the data of the demonstration: CSV files of sales, one for each day.
package sales

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"
)

// Params are the parameters of the files. The same parameters make the same bytes.
type Params struct {
	Start       time.Time // midnight UTC of the first day
	Days        int       // how many days, each a file
	Rows        int64     // of each file
	Items       int64     // item IDs are from 1 to Items
	MaxQuantity int64     // quantities are from 1 to MaxQuantity
	Seed        uint64
}

// header is the first line of every file.
const header = "timestamp,item_id,quantity\n"

// Months returns the number of days in the n months from start on.
func Months(start time.Time, n int) int {
	return int(start.AddDate(0, n, 0).Sub(start) / (24 * time.Hour))
}

// Day returns the n-th day; the first one is day 0.
func (p Params) Day(n int) time.Time { return p.Start.AddDate(0, 0, n) }

// FileName returns the name of a day's file, such as 20220101.csv.
func FileName(day time.Time) string { return day.Format("20060102") + ".csv" }

const secondsADay = 24 * 60 * 60

// WriteDay writes the file of a day to w. The rows are spread evenly over the day, in order of
// time. Memory does not grow with their number. When ctx ends, WriteDay returns its error.
func (p Params) WriteDay(ctx context.Context, w io.Writer, day time.Time) error {
	random := rand.New(rand.NewPCG(p.Seed, uint64(day.Unix())))
	buffered := bufio.NewWriterSize(w, 64<<10)
	if _, err := buffered.WriteString(header); err != nil {
		return err
	}
	date := day.Format(time.DateOnly)
	var line []byte
	for row := range p.Rows {
		if row%100_000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		second := int64(float64(row) / float64(p.Rows) * secondsADay)
		line = append(line[:0], date...)
		line = appendTwo(append(line, 'T'), second/3600)
		line = appendTwo(append(line, ':'), second/60%60)
		line = appendTwo(append(line, ':'), second%60)
		line = append(line, "Z,"...)
		line = strconv.AppendInt(line, 1+random.Int64N(p.Items), 10)
		line = append(line, ',')
		line = strconv.AppendInt(line, 1+random.Int64N(p.MaxQuantity), 10)
		line = append(line, '\n')
		if _, err := buffered.Write(line); err != nil {
			return err
		}
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("write the sales of %s: %w", date, err)
	}
	return nil
}

func appendTwo(line []byte, n int64) []byte {
	return append(line, byte('0'+n/10), byte('0'+n%10))
}

// Default returns the parameters of the demonstration: the first six months of 2022, with 200
// sales a day of five items.
func Default() Params {
	start := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)
	return Params{Start: start, Days: Months(start, 6), Rows: 200, Items: 5, MaxQuantity: 10, Seed: 1}
}
