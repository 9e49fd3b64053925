package dirstore

import (
	"context"
	"fmt"
	"time"

	"github.com/djherbis/times"

	"csv-pipeline/internal/filestore"
)

// Published is when a file got its name, which the modification time of a result
// does not say: that is its input's. A file whose mode or owner was changed later,
// or that was copied, seems to be from then.
func (s *Store) Published(_ context.Context, area filestore.Area, name string) (time.Time, error) {
	if err := filestore.CheckName(name); err != nil {
		return time.Time{}, err
	}
	fi, err := s.root.Stat(at(area, name))
	if err != nil {
		return time.Time{}, notThere(err)
	}
	t := times.Get(fi)
	if !t.HasChangeTime() {
		return time.Time{}, fmt.Errorf("%s: the file system does not say when it was published", at(area, name))
	}
	return t.ChangeTime(), nil
}
