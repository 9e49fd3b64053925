package queue

import (
	"context"
	"fmt"
	"slices"
)

// EachDeadLetter calls visit with every dead letter, in no order, and holds about a thousand at a
// time. One that comes or goes meanwhile may be left out. It ends after the first error, which
// may be that of visit.
func (q *Queue) EachDeadLetter(ctx context.Context, visit func(DeadLetter) error) error {
	seen := map[string]struct{}{}
	for cursor := uint64(0); ; {
		fields, next, err := q.rdb.HScan(ctx, q.keys.failed, cursor, "", 1000).Result()
		if err != nil {
			return fmt.Errorf("list the dead letters: %w", err)
		}
		for i := 0; i+1 < len(fields); i += 2 {
			if _, again := seen[fields[i]]; again {
				continue // HSCAN may repeat itself while the hash grows
			}
			seen[fields[i]] = struct{}{}
			letter, err := parseLetter(fields[i], fields[i+1])
			if err != nil {
				return err
			}
			if err := visit(letter); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}

// lettersAtOnce is how many names one command asks for.
const lettersAtOnce = 1000

// LettersOf returns the dead letter of each of the names, nil where it is none.
func (q *Queue) LettersOf(ctx context.Context, names []string) ([]*DeadLetter, error) {
	letters := make([]*DeadLetter, 0, len(names))
	for batch := range slices.Chunk(names, lettersAtOnce) {
		texts, err := q.rdb.HMGet(ctx, q.keys.failed, batch...).Result()
		if err != nil {
			return nil, fmt.Errorf("ask for the dead letters of %d names: %w", len(batch), err)
		}
		for i, text := range texts {
			text, ok := text.(string)
			if !ok {
				letters = append(letters, nil)
				continue
			}
			letter, err := parseLetter(batch[i], text)
			if err != nil {
				return nil, err
			}
			letters = append(letters, &letter)
		}
	}
	return letters, nil
}
