//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
	"csv-pipeline/internal/queue"
)

// settle waits until nothing is left to do and no processor can do anything any more. One that
// was stopped just before it published does so late, when its result may be outdated: so all
// end while the inspectors still live, whose sweep has such a file processed again.
func (p *plant) settle() {
	p.t.Helper()
	p.rest()
	late := p.living(&p.jobs)
	for _, processor := range late {
		processor.signal(syscall.SIGTERM)
		processor.signal(syscall.SIGCONT)
	}
	for _, processor := range late {
		processor.awaitEnd(p.t, patience)
	}
	p.rest()
}

// rest waits until nothing is left to do, without waiting for the time of a retry.
func (p *plant) rest() {
	p.t.Helper()
	store := p.store
	if store == nil {
		folder, err := dirstore.Open(p.folder)
		if err != nil {
			p.t.Fatal(err)
		}
		defer folder.Close()
		store = folder
	}
	p.eventually("rest", patience, func() error {
		c, err := p.queue.Counts(context.Background())
		if err != nil {
			return err
		}
		if c.Delayed > 0 {
			p.hasten()
		}
		if c.Waiting+c.InFlight+c.Delayed > 0 {
			return fmt.Errorf("waiting %d, in flight %d, delayed %d", c.Waiting, c.InFlight, c.Delayed)
		}
		letters, err := p.letters()
		if err != nil {
			return err
		}
		for _, name := range p.inputs.names() {
			if err := ended(store, name, letters); err != nil {
				return err
			}
		}
		return nil
	})
}

// hasten makes all retries due.
func (p *plant) hasten() {
	key := "{" + list + "}:delayed"
	for _, name := range p.rdb.ZRange(context.Background(), key, 0, -1).Val() {
		p.rdb.ZAddXX(context.Background(), key, redis.Z{Score: 1, Member: name})
	}
}

func (p *plant) letters() (map[string]queue.DeadLetter, error) {
	all, err := p.queue.DeadLetters(context.Background())
	letters := map[string]queue.DeadLetter{}
	for _, l := range all {
		letters[l.Name] = l
	}
	return letters, err
}

// ended is nil when the file as it is now has either a result of its own or a dead
// letter, and not both.
func ended(store filestore.Store, name string, letters map[string]queue.DeadLetter) error {
	raw, err := store.Stat(context.Background(), filestore.Raw, name)
	if err != nil {
		return err
	}
	resultName, err := filestore.ResultName(name)
	if err != nil {
		return err
	}
	result, err := store.Stat(context.Background(), filestore.Processed, resultName)
	done := err == nil && result.MadeFrom(raw)
	letter, failed := letters[name]
	failed = failed && (letter.Version == raw.ETag || letter.Version == "")
	switch {
	case done && failed:
		return fmt.Errorf("%s has both a result and a dead letter (%s)", name, letter.Reason)
	case !done && !failed:
		return fmt.Errorf("%s has neither a result nor a dead letter", name)
	}
	return nil
}

// check is called when the queue is idle and no process runs any more. Everything that
// was promised must then hold.
func (p *plant) check() {
	p.t.Helper()
	p.removeTemporaries()
	letters, err := p.letters()
	if err != nil {
		p.t.Fatal(err)
	}
	p.inputs.mu.Lock()
	defer p.inputs.mu.Unlock()
	expected := map[string]bool{}
	for name, in := range p.inputs.files {
		resultName, err := filestore.ResultName(name)
		if err != nil {
			p.t.Fatal(err)
		}
		expected[resultName] = true
		if err := p.right(name, resultName, in, letters); err != nil {
			p.t.Error(err)
		}
	}
	for name, letter := range letters {
		if letter.Reason == "" || letter.Kind == "" {
			p.t.Errorf("the dead letter of %s gives no reason: %+v", name, letter)
		}
		if in := p.inputs.files[name]; in == nil && letter.Kind != queue.KindMissing {
			p.t.Errorf("%s was never a file, yet it failed as %s", name, letter.Kind)
		}
	}
	for _, file := range p.results() {
		if !expected[file] {
			p.t.Errorf("processed/%s should not be there", file)
		}
	}
	p.checkQueue()
}

// right checks what became of one input.
func (p *plant) right(name, resultName string, in *input, letters map[string]queue.DeadLetter) error {
	text, err := p.read(resultName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	there := err == nil
	letter, failed := letters[name]
	want, good := sums(in.content)
	switch {
	case there && !slices.Contains(in.results, string(text)):
		return fmt.Errorf("%s: its result is that of no version there ever was:\n%s", name, text)
	case in.removed:
		return nil // it may have been done before
	case good && there && !failed && string(text) != want:
		return fmt.Errorf("%s: the result is\n%swant\n%s", name, text, want)
	case good && failed && letter.Kind != queue.KindPoison:
		return fmt.Errorf("%s is a good file, but failed: %+v", name, letter)
	case failed && letter.Kind == queue.KindPoison && letter.Crashes < 3:
		return fmt.Errorf("%s is taken for poison after %d deaths: %+v", name, letter.Crashes, letter)
	case good && !there && !failed:
		return fmt.Errorf("%s is lost", name)
	case !good && letter.Kind != queue.KindMalformed && letter.Kind != queue.KindPoison:
		return fmt.Errorf("%s is malformed, yet its dead letter is %+v", name, letter)
	}
	return nil
}

// results are the names of all that is in processed/.
func (p *plant) results() []string {
	p.t.Helper()
	if p.store == nil {
		return p.filesBelow(filepath.Join(p.folder, "processed"))
	}
	var names []string
	for result, err := range p.store.List(context.Background(), filestore.Processed) {
		if err != nil {
			p.t.Fatal(err)
		}
		names = append(names, result.Name)
	}
	return names
}

// read returns the text of a result.
func (p *plant) read(name string) ([]byte, error) {
	if p.store == nil {
		return os.ReadFile(filepath.Join(p.folder, "processed", filepath.FromSlash(name)))
	}
	f, err := p.store.Open(context.Background(), filestore.Processed, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// removeTemporaries lets a processor remove what the dead left behind; nothing must stay.
func (p *plant) removeTemporaries() {
	p.t.Helper()
	remover := p.processor("--stale-after=1ms")
	remover.awaitEnd(p.t, patience)
	if err := remover.endedWell(); err != nil {
		p.t.Error(err)
		p.tell(remover)
	}
	for _, area := range []string{"raw", "processed"} {
		if left := p.filesBelow(filepath.Join(p.folder, area, ".tmp")); len(left) > 0 {
			p.t.Errorf("temporary files stayed in %s: %q", area, left)
		}
	}
}

// filesBelow are the files of a folder that are not hidden, slash-separated.
func (p *plant) filesBelow(folder string) []string {
	var files []string
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case !d.IsDir():
			files = append(files, path)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.t.Error(err)
	}
	return files
}

// checkQueue checks that the queue is empty to its last key and that its counters add up.
func (p *plant) checkQueue() {
	p.t.Helper()
	c, err := p.queue.Counts(context.Background())
	if err != nil {
		p.t.Fatal(err)
	}
	n := c.Totals
	ends := n["completed"] + n["failed"] - n["failed:poison"] + n["retried"] + n["released"] + n["crashed"] + n["repeated"]
	if n["claimed"]-c.InFlight != ends {
		p.t.Errorf("%d claims, %d of them in flight, ended %d times: %v", n["claimed"], c.InFlight, ends, n)
	}
	for _, key := range []string{list, "{" + list + "}:inflight", "{" + list + "}:claims", "{" + list + "}:delayed"} {
		if p.rdb.Exists(context.Background(), key).Val() != 0 {
			p.t.Errorf("the key %s is left over", key)
		}
	}
}
