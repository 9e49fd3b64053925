package sweep

import (
	"testing"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
)

// TestAResultInAnotherFormatIsNotTakenForTheOneThatIsAskedFor: when the format changes, files
// are queued again, once; and those whose format did not change are not.
func TestAResultInAnotherFormatIsNotTakenForTheOneThatIsAskedFor(t *testing.T) {
	b := setUp(t)
	b.Settle = 0
	b.put(t, "a.csv", "x")
	b.put(t, "b.csv", "x")
	b.once(t, 2)
	b.finish(t)
	b.finish(t)
	b.once(t, 0)
	other := catalog.New(b.Store)
	defer other.Close()
	other.Format = func(raw string) filestore.Format {
		if raw == "a.csv" {
			return filestore.Parquet
		}
		return filestore.CSV
	}
	b.Catalog = other
	b.once(t, 1)
	if files := other.Latest(); files.Done != 1 || files.Pending != 1 {
		t.Errorf("%d are done and %d pending, want one of each", files.Done, files.Pending)
	}
	raw, err := b.Store.Stat(t.Context(), filestore.Raw, "a.csv")
	if err != nil {
		t.Fatal(err)
	}
	result, err := b.Store.Stat(t.Context(), filestore.Processed, "a_aggregated_sales.csv")
	if err != nil {
		t.Fatal(err)
	}
	if !other.Outdated(result, &raw) {
		t.Error("the result in the format before is not shown as outdated")
	}
}
