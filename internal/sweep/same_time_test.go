package sweep

import (
	"os"
	"testing"
	"time"
)

// TestAnotherFileOfTheSameTimeIsTakenForTheSame: in a folder the time is all that ties a result to
// its input, to the nanosecond.
func TestAnotherFileOfTheSameTimeIsTakenForTheSame(t *testing.T) {
	b := setUp(t)
	at := time.Now().Add(-time.Hour)
	write := func(text string, at time.Time) {
		if err := os.Chtimes(b.put(t, "a.csv", text), at, at); err != nil {
			t.Fatal(err)
		}
	}
	write("one", at)
	b.once(t, 1)
	b.finish(t)
	write("another", at)
	b.once(t, 0)
	write("another", at.Add(time.Nanosecond))
	b.once(t, 1)
}
