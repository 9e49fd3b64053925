package worker_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/resultformat"
)

// TestFormats: a result in another format is published as one of CSV is, with the version of its
// input and its checksum; a dataset may have a format of its own.
func TestFormats(t *testing.T) {
	b := setUp(t, queue.Options{})
	config, err := query.ParseConfig([]byte("output: {format: parquet}\ndatasets: [{files: ['l*.csv'], output: {format: jsonl}}, {files: ['c*.csv'], output: {format: csv}}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if b.Questions, err = config.Compile(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lines.csv", "comma.csv", "a.csv"} {
		b.put(t, name, rows(2, 7))
		b.push(t, name)
	}
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.expect(t, 0, 0, 0, 0, 3)
	for name, want := range map[string]string{
		"lines_aggregated_sales.jsonl": "{\"item_id\":1,\"total_quantity\":7}\n{\"item_id\":2,\"total_quantity\":7}\n",
		"comma_aggregated_sales.csv":   "item_id,total_quantity\n1,7\n2,7\n",
	} {
		if got, err := os.ReadFile(filepath.Join(b.folder, "processed", name)); err != nil || string(got) != want {
			t.Errorf("%s is %q (%v), want %q", name, got, err, want)
		}
	}
	const name = "a_aggregated_sales.parquet"
	f, err := b.store.Open(t.Context(), filestore.Processed, name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	table, err := resultformat.ParquetTable(f, f.Info().Size, 10)
	if err != nil || table.Damage != "" || len(table.Rows) != 2 || table.Rows[1][0] != "2" || table.Rows[1][1] != "7" {
		t.Errorf("the table is %+v (%v)", table, err)
	}
	raw, err := b.store.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil || !f.Info().MadeFrom(raw) {
		t.Errorf("the result does not say what it was made from (%v)", err)
	}
	text, err := os.ReadFile(filepath.Join(b.folder, "processed", name))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	done, err := b.rdb.XRevRangeN(t.Context(), "{"+list+"}:completed", "+", "-", 1).Result()
	if err != nil || len(done) != 1 {
		t.Fatalf("%v (%v)", done, err)
	}
	found := false
	for _, value := range done[0].Values {
		found = found || value == hex.EncodeToString(sum[:])
	}
	if !found {
		t.Errorf("the checksum is not that of the file: %v", done[0].Values)
	}
}
