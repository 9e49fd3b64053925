// Package datafolder is what the one process that works on a folder keeps there beside
// the files, where no listing shows it: a lock that keeps a second one out, how others
// on this machine reach it, and its token. Only the user who owns it can read it.
package datafolder

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

var (
	// ErrInUse: another process works on the folder.
	ErrInUse = errors.New("in use")
	// ErrFree: no process works on the folder, as far as it says.
	ErrFree = errors.New("not in use")
)

// Process is the one that works on a folder.
type Process struct {
	PID      int    `json:"pid"`
	Page     string `json:"page"`     // the address of its page
	Redis    string `json:"redis"`    // host:port, on this machine
	Password string `json:"password"` // of that Redis
}

// Folder is one that this process works on.
type Folder struct {
	kept string
	lock *flock.Flock
}

const (
	kept    = ".csv-pipeline" // the folder within the data folder
	process = "process.json"  // in it: how to reach the process
)

// Occupy makes the folder, unless it is there, and keeps others out of it until Leave,
// or until this process ends, however it does. If another process has it, the error
// wraps ErrInUse and says which one.
func Occupy(folder string) (*Folder, error) {
	f := &Folder{kept: filepath.Join(folder, kept)}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	if err := os.Mkdir(f.kept, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f.lock = flock.New(filepath.Join(f.kept, "lock"))
	free, err := f.lock.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", f.lock.Path(), err)
	case !free:
		by := "another process"
		if p, err := Find(folder); err == nil {
			by = fmt.Sprintf("the process with pid %d, whose page is at %s", p.PID, p.Page)
		}
		return nil, fmt.Errorf("%s is %w by %s", folder, ErrInUse, by)
	}
	if err := f.forget(); err != nil { // one that was killed
		return nil, errors.Join(err, f.lock.Close())
	}
	return f, nil
}

// Announce tells others on this machine, if they may read it, how to reach this process.
func (f *Folder) Announce(p Process) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return f.write(process, text)
}

// Find returns the process that works on the folder, or did and was killed; an error
// that wraps ErrFree when there is none.
func Find(folder string) (p Process, err error) {
	text, err := os.ReadFile(filepath.Join(folder, kept, process))
	if errors.Is(err, fs.ErrNotExist) {
		return p, fmt.Errorf("%s is %w", folder, ErrFree)
	}
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, fmt.Errorf("find out who works on %s: %w", folder, err)
	}
	return p, nil
}

// minToken is the length below which a token could be guessed.
const minToken = 16

// Token is the folder's token and the path of the file that holds it. It is made when
// it is first asked for, and anew if others could have read it.
func (f *Folder) Token() (token, path string, err error) {
	path = filepath.Join(f.kept, "token")
	if fi, err := os.Lstat(path); err == nil && fi.Mode().IsRegular() && fi.Mode().Perm()&0o077 == 0 {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", "", err
		}
		if token = strings.TrimSpace(string(text)); len(token) >= minToken {
			return token, path, nil
		}
	}
	token = rand.Text()
	return token, path, f.write("token", []byte(token+"\n"))
}

// write puts a whole file in the place of another, readable by its owner alone.
func (f *Folder) write(name string, text []byte) error {
	temporary, err := os.CreateTemp(f.kept, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(f.kept, name))
}

// Leave lets another process have the folder.
func (f *Folder) Leave() error {
	return errors.Join(f.forget(), f.lock.Close())
}

// forget removes what is said of the process.
func (f *Folder) forget() error {
	err := os.Remove(filepath.Join(f.kept, process))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
