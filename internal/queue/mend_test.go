package queue_test

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/queue"
)

// mender is a queue with one file.
type mender struct {
	*testing.T
	*queue.Queue
}

func (m mender) claim() *queue.Claim {
	m.Helper()
	c, err := m.Claim(m.Context(), "w1")
	if err != nil {
		m.Fatal(err)
	}
	return c
}

// fail lets the next name fail as a malformed file does.
func (m mender) fail(version, settings string) queue.DeadLetter {
	m.Helper()
	if _, err := m.claim().Fail(m.Context(), queue.Failure{Reason: "no number", Kind: queue.KindMalformed, Version: version, Settings: settings}); err != nil {
		m.Fatal(err)
	}
	return m.letter()
}

func (m mender) letter() queue.DeadLetter {
	m.Helper()
	letters, err := m.DeadLetters(m.Context())
	if err != nil || len(letters) != 1 {
		m.Fatal(letters, err)
	}
	return letters[0]
}

// mend tells how many dead letters settings had tried again. What Helps says is the same.
func (m mender) mend(l queue.DeadLetter, settings string) int {
	m.Helper()
	names, err := m.Mend(m.Context(), []queue.Remedy{{DeadLetter: l, Settings: settings}})
	if err != nil {
		m.Fatal(err)
	}
	if l.Helps(settings) != (len(names) == 1) {
		m.Errorf("%s: Helps says %v, and %q are tried again", settings, l.Helps(settings), names)
	}
	return len(names)
}

func onMender(t *testing.T, test func(m mender)) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		m := mender{t, queue.New(rdb, "csvs-to-process", queue.Options{})}
		if err := m.Push(t.Context(), "a.csv"); err != nil {
			t.Fatal(err)
		}
		test(m)
		// What is kept of settings that were tried ends with the name.
		if n := rdb.HLen(t.Context(), "{csvs-to-process}:claims").Val(); n != 0 {
			t.Errorf("%d records of claims are left", n)
		}
	})
}

func TestOtherSettingsHaveADeadLetterTriedAgain(t *testing.T) {
	onMender(t, func(m mender) {
		letter := m.fail("v1", "A")
		if letter.Settings != "A" || letter.TriedAgain {
			m.Errorf("the dead letter is %+v", letter)
		}
		if n := m.mend(letter, "A"); n != 0 {
			m.Error("it is tried again under the settings that it failed under")
		}
		if n := m.mend(letter, "B"); n != 1 {
			m.Fatal("it is not tried again under other settings")
		}
		claim := m.claim()
		if claim.Settings != "B" || claim.Errors+claim.Crashes != 0 {
			m.Errorf("the claim is %+v", claim)
		}
		if err := claim.Complete(m.Context(), queue.Outcome{Found: `delimiter ";"`}); err != nil {
			m.Fatal(err)
		}
		ended, _, err := m.Attempts(m.Context(), queue.Cursor{}, 10)
		if err != nil || len(ended) != 2 {
			m.Fatal(ended, err)
		}
		if ended[0].Cause != "" || ended[1].Cause != queue.CauseSettings || ended[1].Found != `delimiter ";"` {
			m.Errorf("the attempts are %+v", ended)
		}
	})
}

// TestTwoReleasesDoNotHandADeadLetterToEachOther: whoever asks how often, each settings are
// tried once, until the file is another.
func TestTwoReleasesDoNotHandADeadLetterToEachOther(t *testing.T) {
	onMender(t, func(m mender) {
		letter := m.fail("v1", "A")
		tries := 0
		for range 5 {
			for _, settings := range []string{"A", "B", "C"} {
				if m.mend(letter, settings) == 1 {
					tries++
					if letter = m.fail("v1", "A"); !letter.TriedAgain { // who has A is always first
						m.Error("it does not say that it was tried again")
					}
				}
			}
		}
		if tries != 2 {
			m.Errorf("it was tried again %d times, want once for each of B and C", tries)
		}
		if n, err := m.Offer(m.Context(), []queue.Offer{{Name: "a.csv", Version: "v2"}}); n != 1 || err != nil {
			m.Fatal(n, err)
		}
		letter = m.fail("v2", "A")
		if letter.TriedAgain || m.mend(letter, "B") != 1 {
			m.Error("another file of the name is not tried again under B")
		}
		// It is replaced while it waits: the settings that the earlier one was tried under do not count.
		if letter = m.fail("v3", "B"); letter.TriedAgain || m.mend(letter, "A") != 1 {
			m.Error("a file that was replaced meanwhile is not tried again under A")
		}
		m.fail("v3", "A")
	})
}

// TestWhatIsTriedAgainIsKeptWhateverHappens to the worker.
func TestWhatIsTriedAgainIsKeptWhateverHappens(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		m := mender{t, queue.New(rdb, "csvs-to-process", queue.Options{})}
		brief := mender{t, queue.New(rdb, "csvs-to-process", queue.Options{Lease: time.Millisecond})}
		if err := m.Push(t.Context(), "a.csv"); err != nil {
			t.Fatal(err)
		}
		if m.mend(m.fail("v1", "A"), "B") != 1 {
			t.Fatal("it is not tried again")
		}
		if err := m.claim().Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := brief.claim(); c.Settings != "B" {
			t.Errorf("after it was given back: %+v", c)
		}
		for moved := (queue.Tidied{}); moved.Reclaimed == 0; { // its lease is one millisecond
			var err error
			if moved, err = m.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		claim := m.claim()
		if claim.Settings != "B" || claim.Crashes != 1 {
			t.Errorf("after its worker died: %+v", claim)
		}
		if _, err := claim.Postpone(t.Context(), queue.Failure{Kind: queue.KindError, Version: "v1"}); err != nil {
			t.Fatal(err)
		}
		if err := m.Push(t.Context(), "a.csv"); err != nil {
			t.Fatal(err)
		}
		if letter := m.fail("v1", "B"); m.mend(letter, "A") != 0 {
			t.Error("after all of this it is tried under A once more")
		}
		ended, _, err := m.Attempts(t.Context(), queue.Cursor{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		causes := []string{}
		for _, a := range ended {
			causes = append(causes, a.Cause)
		}
		if want := []string{"", "settings", "settings", "settings"}; !slices.Equal(causes, want) {
			t.Errorf("the causes of the attempts are %q, want %q", causes, want)
		}
	})
}

// TestWhatNoSettingMendsIsNotTriedAgain, nor what failed again since it was seen, nor what a person
// has tried again.
func TestWhatNoSettingMendsIsNotTriedAgain(t *testing.T) {
	onMender(t, func(m mender) {
		if m.mend(m.fail("v1", ""), "B") != 0 {
			m.Error("a dead letter without settings is tried again")
		}
		if n, err := m.Requeue(m.Context(), "a.csv"); n != 1 || err != nil {
			m.Fatal(n, err)
		}
		seen := m.fail("v1", "A")
		for again := seen; again.At.Equal(seen.At); { // Redis' clock counts milliseconds here
			if n, err := m.Requeue(m.Context(), "a.csv"); n != 1 || err != nil {
				m.Fatal(n, err)
			}
			again = m.fail("v1", "A")
		}
		names, err := m.Mend(m.Context(), []queue.Remedy{{DeadLetter: seen, Settings: "B"}, {DeadLetter: seen, Settings: "B"}})
		if len(names) != 0 || err != nil {
			m.Errorf("an outdated dead letter is tried again: %q, %v", names, err)
		}
		letter := m.letter()
		names, err = m.Mend(m.Context(), []queue.Remedy{{DeadLetter: letter, Settings: "B"}, {DeadLetter: letter, Settings: "B"}})
		if len(names) != 1 || err != nil {
			m.Errorf("two who ask at once: %q, %v", names, err)
		}
		if depth, err := m.Depth(m.Context()); depth != 1 || err != nil {
			m.Errorf("it waits %d times, %v", depth, err)
		}
		m.fail("v1", "B")
	})
}

func TestSettingsInForceAreAnnounced(t *testing.T) {
	onBoth(t, func(t *testing.T, rdb *redis.Client) {
		q := queue.New(rdb, "csvs-to-process", queue.Options{})
		if told, err := q.Announced(t.Context()); told != "" || err != nil {
			t.Errorf("before anybody said so: %q, %v", told, err)
		}
		for _, settings := range []string{"one", "one", "two"} {
			if err := q.Announce(t.Context(), settings); err != nil {
				t.Fatal(err)
			}
			if told, err := q.Announced(t.Context()); told != settings || err != nil {
				t.Errorf("told %q, %v; want %q", told, err, settings)
			}
		}
	})
}
