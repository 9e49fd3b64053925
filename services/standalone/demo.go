package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/groupby"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sales"
)

// tryDemo returns the error that the plan has for the demo's files; nil if it has none.
func tryDemo(ctx context.Context, plan *groupby.Plan) error {
	params := sales.Default()
	params.Rows = 1
	var file bytes.Buffer
	if err := params.WriteDay(ctx, &file, params.Start); err != nil {
		return err
	}
	_, err := plan.Run(ctx, groupby.Input{Name: sales.FileName(params.Start), Reader: &file}, io.Discard, groupby.Options{})
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
