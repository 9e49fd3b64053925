package cleanup_test

import (
	"testing"

	"csv-pipeline/internal/filestore"
)

// TestAnOldResultInAnotherFormatGoesAlone: the raw file and the rejected rows stay for the
// result that is not old.
func TestAnOldResultInAnotherFormatGoesAlone(t *testing.T) {
	p := setUp(t)
	raw := p.put(t, filestore.Raw, "a.csv", "x", nil)
	p.put(t, filestore.Processed, "a_aggregated_sales.csv", "old", &raw)
	before := p.now(t)
	p.put(t, filestore.Processed, "a_rejected.csv", "bad", &raw)
	p.put(t, filestore.Processed, "a_aggregated_sales.parquet", "new", &raw)
	p.clean(t, before)
	p.expect(t, "r/a.csv", "p/a.parquet", "p/a_rejected.csv")
	p.clean(t, p.now(t))
	p.expect(t)
}
