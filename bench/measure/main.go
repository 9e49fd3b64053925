// Command measure runs one of the ways to aggregate that are written in Go:
// measure METHOD RESULT GROUP-BY AGGREGATES FILE...; of the method query GROUP-BY is the
// whole question in YAML
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"csv-pipeline/bench/figures"
	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/expression"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/query"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 5 {
		return errors.New("expected METHOD RESULT GROUP-BY AGGREGATES and files")
	}
	method, keys, aggregates, files := args[0], args[2], args[3], args[4:]
	return figures.Measure(func() error {
		result, err := os.Create(args[1])
		if err != nil {
			return err
		}
		defer result.Close()
		switch method {
		case "groupby":
			return aggregate(result, keys, aggregates, files, groupby.Options{Workers: 2})
		case "groupby-100MiB":
			return aggregate(result, keys, aggregates, files, groupby.Options{Workers: 2, MemoryLimit: 100 << 20, TempDir: os.TempDir()})
		case "query":
			return ask(result, keys, files[0])
		case "encoding/csv":
			return naive(result, files[0])
		case "limit":
			return limit(files[0])
		case "unpack":
			return unpack(files[0], aggregates)
		}
		return fmt.Errorf("no method %q", method)
	})
}

func aggregate(result io.Writer, keys, aggregates string, files []string, opt groupby.Options) error {
	groupBy, err := expression.SplitList(keys)
	if err != nil {
		return err
	}
	list, err := expression.SplitList(aggregates)
	if err != nil {
		return err
	}
	plan, err := groupby.Compile(groupby.Spec{GroupBy: groupBy, Aggregates: list})
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := aggregateFile(plan, result, name, opt); err != nil {
			return err
		}
	}
	return nil
}

func aggregateFile(plan *groupby.Plan, result io.Writer, name string, opt groupby.Options) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = plan.Run(context.Background(), groupby.Input{Name: name, ReaderAt: f, Size: info.Size()}, result, opt)
	return err
}

// ask puts a question, as a file of settings has it, to a file that is written in any way.
func ask(result io.Writer, question, name string) error {
	config, err := query.ParseConfig([]byte(question))
	if err != nil {
		return err
	}
	q, err := query.Compile(config.Spec)
	if err != nil {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	_, err = q.Run(context.Background(), dialect.File{Name: name, ReaderAt: f, Size: info.Size()},
		func() (io.Writer, io.Writer, error) { return result, nil, nil }, query.Options{Engine: groupby.Options{Workers: 2}})
	return err
}

// naive is sum(quantity) by item_id as encoding/csv's documentation has it.
func naive(result io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		return err
	}
	sums := map[int]int{}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		item, err := strconv.Atoi(record[1])
		if err != nil {
			return err
		}
		quantity, err := strconv.Atoi(record[2])
		if err != nil {
			return err
		}
		sums[item] += quantity
	}
	out := bufio.NewWriter(result)
	fmt.Fprintln(out, "item_id,total_quantity")
	for _, item := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(out, "%d,%d\n", item, sums[item])
	}
	return out.Flush()
}

// unpack unpacks the file and does nothing with it.
func unpack(name, format string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var text io.Reader
	if format == "gzip" {
		text, err = gzip.NewReader(bufio.NewReaderSize(f, 64<<10))
	} else {
		text, err = zstd.NewReader(f)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, text)
	return err
}

// limit reads the file and counts its newlines, by two threads: no engine can
// do with less.
func limit(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	const size = 256 << 10
	var next, lines atomic.Int64
	var group sync.WaitGroup
	var failed atomic.Value
	for range 2 {
		group.Go(func() {
			buf := make([]byte, size)
			for {
				n, err := f.ReadAt(buf, (next.Add(1)-1)*size)
				lines.Add(int64(bytes.Count(buf[:n], []byte{'\n'})))
				if err == io.EOF {
					return
				}
				if err != nil {
					failed.Store(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	return nil
}
