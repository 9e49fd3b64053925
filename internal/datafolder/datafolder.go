// Package datafolder keeps things of the process that works on a data folder in a hidden
// folder beside the files: a lock that refuses a second process, how other programs on this
// machine reach the process, and its token. Only the owner can read them.
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
	// ErrInUse means that another process works on the folder.
	ErrInUse = errors.New("in use")
	// ErrFree means that no process has announced that it works on the folder.
	ErrFree = errors.New("not in use")
)

// Process is the process that works on a folder.
type Process struct {
	PID      int    `json:"pid"`
	Page     string `json:"page"`     // the address of its page
	Redis    string `json:"redis"`    // host:port, on this machine
	Password string `json:"password"` // of that Redis
}

// Folder is a data folder that this process works on.
type Folder struct {
	hidden string // the path of the hidden folder
	lock   *flock.Flock
}

const (
	hidden  = ".csv-pipeline" // the hidden folder within the data folder
	process = "process.json"  // the file in it that has a Process
)

// Occupy locks a data folder for this process until Leave is called or the process ends in
// any way. It makes the folder if it is not there. If another process has the lock, the error
// wraps ErrInUse and names the process.
func Occupy(folder string) (*Folder, error) {
	f := &Folder{hidden: filepath.Join(folder, hidden)}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	if err := os.Mkdir(f.hidden, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	f.lock = flock.New(filepath.Join(f.hidden, "lock"))
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
	if err := f.forget(); err != nil { // left by a process that was killed
		return nil, errors.Join(err, f.lock.Close())
	}
	return f, nil
}

// Announce writes for the owner's other programs on this machine how to reach this process.
func (f *Folder) Announce(p Process) error {
	text, err := json.Marshal(p) //nolint:gosec // G117: the file is for the owner only, and the password for its other programs
	if err != nil {
		return err
	}
	return f.write(process, text)
}

// Find returns the process that announced that it works on the folder. It may have been
// killed since. The error wraps ErrFree when there is none.
func Find(folder string) (p Process, err error) {
	text, err := os.ReadFile(filepath.Join(folder, hidden, process))
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

// minToken is the minimum length of a token: a shorter one could be guessed.
const minToken = 16

// Token returns the folder's token and the path of its file. The first call makes the token.
// A token that others could read is replaced.
func (f *Folder) Token() (token, path string, err error) {
	path = filepath.Join(f.hidden, "token")
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

// write replaces a file as a whole. Only the owner can read it.
func (f *Folder) write(name string, text []byte) error {
	temporary, err := os.CreateTemp(f.hidden, "new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // it is not there after the rename
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), filepath.Join(f.hidden, name))
}

// Leave unlocks the folder.
func (f *Folder) Leave() error {
	return errors.Join(f.forget(), f.lock.Close())
}

// forget removes what Announce wrote.
func (f *Folder) forget() error {
	err := os.Remove(filepath.Join(f.hidden, process))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
