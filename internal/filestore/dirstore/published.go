package dirstore

import (
	"context"
	"fmt"
	"time"

	"github.com/djherbis/times"

	"csv-pipeline/internal/filestore"
)

// Published is when a file was renamed to its name: its change time. (The modification time
// of a result is that of its input.) A later change of its mode or owner, or copying it,
// makes it later.
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
		return time.Time{}, fmt.Errorf("%s: the file system has no change time, so it is not known when the file was published", at(area, name))
	}
	return t.ChangeTime(), nil
}
