package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"csv-pipeline/internal/dialect"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
)

// tryDemo returns the error that the question has for the demo's files; nil if it has none.
func tryDemo(ctx context.Context, questions *query.Questions) error {
	params := sales.Default()
	params.Rows = 1
	var file bytes.Buffer
	if err := params.WriteDay(ctx, &file, params.Start); err != nil {
		return err
	}
	name := sales.FileName(params.Start)
	question, _ := questions.For(name)
	_, err := question.Run(ctx, dialect.File{Name: name, ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}, func() (result, rejects io.Writer, err error) {
		return io.Discard, io.Discard, nil
	}, query.Options{})
	return err
}

// makeDemo writes and queues the files of the demonstration, the same as the generator's.
func makeDemo(ctx context.Context, store filestore.Store, q *queue.Queue, stdout io.Writer) error {
	written := 0
	err := (&sales.Generator{Params: sales.Default(), Store: store, Queue: q, Report: func(f sales.File) {
		if f.Written {
			written++
		}
	}}).Run(ctx)
	if err == nil && written > 0 {
		fmt.Fprintf(stdout, "%d demo files were made.\n", written)
	}
	return err
}
