package worker_test

import (
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"csv-pipeline/internal/catalog"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/query"
	"csv-pipeline/internal/queue"
	"csv-pipeline/internal/sweep"
)

func compile(t *testing.T, config string) *query.Questions {
	t.Helper()
	c, err := query.ParseConfig([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	questions, err := c.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return questions
}

// sweepOnce is what an inspector with these settings does from time to time. It returns how many
// files it queued because they have no result.
func (b *bench) sweepOnce(t *testing.T, questions *query.Questions, log *zap.Logger) int {
	t.Helper()
	files := catalog.New(b.store)
	files.Format = questions.Format
	defer files.Close()
	n, err := (&sweep.Sweeper{Catalog: files, Store: b.store, Queue: b.queue, Log: log, Questions: questions}).Once(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bench) run(t *testing.T, questions *query.Questions) {
	t.Helper()
	b.Questions = questions
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) attempts(t *testing.T) []queue.Attempt {
	t.Helper()
	ended, _, err := b.queue.Attempts(t.Context(), queue.Cursor{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

// TestAChangedSettingMendsDeadLetters, and only those that a setting may mend; what has a result
// stays as it is.
func TestAChangedSettingMendsDeadLetters(t *testing.T) {
	b := setUp(t, queue.Options{})
	before, after := compile(t, ""), compile(t, "input: {decimalChar: ','}")
	b.put(t, "good.csv", rows(2, 3))
	b.put(t, "comma.csv", "timestamp;item_id;quantity\n2022-01-01T00:00:00Z;1;1,5\n")
	b.put(t, "broken.csv", "timestamp,item_id,quantity\n2022-01-01T00:00:00Z,1,abc\n")
	b.push(t, "good.csv", "comma.csv", "broken.csv", "none.csv")
	b.run(t, before)
	b.expect(t, 0, 0, 0, 3, 1)

	// No change, no new try.
	b.sweepOnce(t, before, zap.NewNop())
	b.expect(t, 0, 0, 0, 3, 1)

	core, logged := observer.New(zap.InfoLevel)
	b.sweepOnce(t, after, zap.New(core))
	b.expect(t, 2, 0, 0, 1, 1)
	if entries := logged.FilterMessageSnippet("settings have changed").All(); len(entries) != 1 || entries[0].ContextMap()["files"] != int64(2) {
		t.Errorf("logged were %v", logged.All())
	}
	b.Log = zap.New(core)
	b.run(t, after)
	b.expect(t, 0, 0, 0, 2, 2)
	if got := b.result(t, "comma"); got != "item_id,total_quantity\n1,1.5\n" {
		t.Errorf("the result is %q", got)
	}
	for _, message := range []string{"done", "failed"} {
		if entries := logged.FilterMessage(message).All(); len(entries) != 1 || !strings.Contains(entries[0].ContextMap()["cause"].(string), "settings have changed") {
			t.Errorf("%s: logged were %v", message, entries)
		}
	}
	causes := map[string]int{}
	for _, a := range b.attempts(t) {
		if a.Cause == queue.CauseSettings {
			causes[a.Name]++
		}
	}
	if len(causes) != 2 || causes["comma.csv"] != 1 || causes["broken.csv"] != 1 {
		t.Errorf("because of the settings there were attempts on %v", causes)
	}

	// What they do not mend is not tried again, neither under these nor under the earlier ones.
	for range 3 {
		b.sweepOnce(t, after, zap.NewNop())
		b.sweepOnce(t, before, zap.NewNop())
	}
	b.expect(t, 0, 0, 0, 2, 2)
}

// waitingForOtherSettings sets up a file that failed under the settings before, and waits again to
// be tried under those after.
func waitingForOtherSettings(t *testing.T) (b *bench, before, after *query.Questions) {
	t.Helper()
	b = setUp(t, queue.Options{})
	before, after = compile(t, ""), compile(t, "input: {decimalChar: ','}")
	b.put(t, "comma.csv", "timestamp;item_id;quantity\n2022-01-01T00:00:00Z;1;1,5\n")
	b.push(t, "comma.csv")
	b.run(t, before)
	b.sweepOnce(t, after, zap.NewNop())
	return b, before, after
}

// TestAnOldProcessorLeavesItToTheNewOne: in an upgrade, one with the settings under which a file
// failed puts it off, for as long as an upgrade takes.
func TestAnOldProcessorLeavesItToTheNewOne(t *testing.T) {
	b, before, after := waitingForOtherSettings(t)
	b.run(t, before)
	b.expect(t, 0, 0, 1, 0, 0)
	b.push(t, "comma.csv") // as if its delay had ended
	b.run(t, after)
	b.expect(t, 0, 0, 0, 0, 1)
}

// TestWhereNobodyHasTheSettingsTheFileFailsInTheEnd: it does not wait for ever.
func TestWhereNobodyHasTheSettingsTheFileFailsInTheEnd(t *testing.T) {
	b, before, after := waitingForOtherSettings(t)
	for range 10 {
		b.run(t, before)
		b.expect(t, 0, 0, 1, 0, 0)
		b.push(t, "comma.csv") // as if its delay had ended
	}
	b.run(t, before)
	b.expect(t, 0, 0, 0, 1, 0)
	for range 3 {
		b.sweepOnce(t, after, zap.NewNop())
	}
	b.expect(t, 0, 0, 0, 1, 0)
}

// TestAnUpgradeWithOtherSettingsProcessesNothingAgain by itself.
func TestAnUpgradeWithOtherSettingsProcessesNothingAgain(t *testing.T) {
	b := setUp(t, queue.Options{})
	before, after := compile(t, ""), compile(t, "aggregate: [count(*)]")
	b.put(t, "a.csv", rows(2, 3))
	b.push(t, "a.csv")
	b.run(t, before)
	if n := b.sweepOnce(t, after, zap.NewNop()); n != 0 {
		t.Errorf("%d files are queued", n)
	}
	b.expect(t, 0, 0, 0, 0, 1)
}

// TestAResultTellsItsSettings: those of its dataset.
func TestAResultTellsItsSettings(t *testing.T) {
	b := setUp(t, queue.Options{})
	questions := compile(t, "datasets: [{files: ['b*'], input: {delimiter: ','}}]")
	b.put(t, "a.csv", rows(1, 1))
	b.put(t, "b.csv", rows(1, 1))
	b.push(t, "a.csv", "b.csv")
	b.run(t, questions)
	seen := map[string]bool{}
	for _, name := range []string{"a", "b"} {
		result, err := b.store.Stat(t.Context(), filestore.Processed, name+"_aggregated_sales.csv")
		if err != nil {
			t.Fatal(err)
		}
		got, err := filestore.SettingsOf(t.Context(), b.store, result)
		question, _ := questions.For(name + ".csv")
		if got != question.ResultSettings() || err != nil {
			t.Errorf("the result of %s was made under %q, %v; want %q", name, got, err, question.ResultSettings())
		}
		seen[got] = true
	}
	if len(seen) != 2 {
		t.Error("both have the same")
	}
}

// TestWhatWasFoundIsInTheHistory, of a file that is done and of one that failed.
func TestWhatWasFoundIsInTheHistory(t *testing.T) {
	b := setUp(t, queue.Options{})
	b.put(t, "plain.csv", rows(1, 1))
	b.put(t, "odd.csv", "Sales\nof M\xfcnchen\ntimestamp;item_id;quantity\n2022-01-01T00:00:00Z;1;2\n")
	b.put(t, "bad.csv", "timestamp;item_id;quantity\n2022-01-01T00:00:00Z;1;abc\n")
	b.push(t, "plain.csv", "odd.csv", "bad.csv")
	b.run(t, compile(t, ""))
	found := map[string]string{}
	for _, a := range b.attempts(t) {
		found[a.Name] = a.Found
	}
	want := map[string]string{"plain.csv": "", "odd.csv": `encoding windows-1252; delimiter ";"; lines 1 to 2 were left out: the header is in line 3`, "bad.csv": `delimiter ";"`}
	for name, text := range want {
		if found[name] != text {
			t.Errorf("%s: found %q, want %q", name, found[name], text)
		}
	}
}
