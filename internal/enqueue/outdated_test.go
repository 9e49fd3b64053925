package enqueue_test

import (
	"slices"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/query"
)

// publish makes the result of a raw file under these settings, "" for a result that says none.
func (b *bench) publish(t *testing.T, raw, settings string) {
	t.Helper()
	s, err := dirstore.Open(b.folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	source, err := s.Stat(t.Context(), filestore.Raw, raw)
	if err != nil {
		t.Fatal(err)
	}
	name, err := filestore.ResultName(raw)
	if err != nil {
		t.Fatal(err)
	}
	source.Settings = settings
	w, err := s.Create(t.Context(), filestore.Processed, name, &source)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestOutdatedQueuesWhatWasMadeUnderOtherSettings(t *testing.T) {
	c, err := query.ParseConfig([]byte("datasets: [{files: ['shop/*'], where: quantity > 1}]"))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) string {
		question, _ := questions.For(name)
		return question.ResultSettings()
	}
	for name, c := range map[string]struct {
		args []string
		want []string // waiting beside waiting.csv
		says string
	}{
		"other settings": {nil, []string{"failed.csv", "held.csv"}, "queued 2 files, of which 1 was a dead letter; 1 result does not say under which settings it was made: --unknown takes it, too\n"},
		"and unknown":    {[]string{"--unknown"}, []string{"done.csv", "failed.csv", "held.csv"}, "queued 3 files, of which 1 was a dead letter\n"},
		"by name":        {[]string{"shop/*", "h*"}, []string{"held.csv"}, "queued 1 file\n"},
		"of no name":     {[]string{"x*"}, nil, "queued 0 files\n"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t)
			b.publish(t, "held.csv", "of before")
			b.publish(t, "failed.csv", of("shop/done.csv")) // of another dataset
			b.publish(t, "shop/done.csv", of("shop/done.csv"))
			if err := b.queue.Announce(t.Context(), questions.Current().String()); err != nil {
				t.Fatal(err)
			}
			code, out, errs := b.command(t, append([]string{"--outdated"}, c.args...)...)
			if code != cli.ExitOK || out != c.says {
				t.Errorf("exit code %d, %q %s", code, out, errs)
			}
			want := append([]string{"waiting.csv"}, c.want...)
			if got := b.waiting(t); !slices.Equal(got, want) {
				t.Errorf("waiting: %q, want %q", got, want)
			}
		})
	}
}

func TestOutdatedNeedsToKnowTheSettings(t *testing.T) {
	b := setUp(t)
	if code, _, errs := b.command(t, "--outdated"); code != cli.ExitFailed || !strings.Contains(errs, "which settings are in force") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	for _, args := range [][]string{{"--outdated", "--all"}, {"--unknown"}} {
		if code, _, errs := b.command(t, args...); code != cli.ExitUsage || !strings.Contains(errs, "expected") {
			t.Errorf("%q: exit code %d, %s", args, code, errs)
		}
	}
}
