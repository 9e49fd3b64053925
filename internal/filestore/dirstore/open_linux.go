package dirstore

import (
	"bytes"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"csv-pipeline/internal/filestore"
)

// small is the size up to which Open reads a file at once, in bytes. That takes half as
// many system calls as an os.File of an os.Root, and most files are small.
const small = 16 << 10

// direct opens files with openat2(2), since Linux 5.6, where the kernel lets no name and no
// symbolic link lead out of the folder. It is nil where the call is missing or forbidden.
type direct struct{ folder *os.File }

func openDirect(root *os.Root) *direct {
	folder, err := root.Open(".")
	if err != nil {
		return nil
	}
	d := &direct{folder}
	fd, ok := d.openat2(".", unix.O_DIRECTORY)
	if !ok {
		d.close()
		return nil
	}
	_ = unix.Close(fd)
	return d
}

func (d *direct) close() {
	if d != nil {
		_ = d.folder.Close()
	}
}

func (d *direct) openat2(name string, flags uint64) (fd int, ok bool) {
	conn, err := d.folder.SyscallConn()
	if err != nil {
		return -1, false
	}
	how := unix.OpenHow{Flags: unix.O_RDONLY | unix.O_CLOEXEC | flags, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS}
	outer := conn.Control(func(folder uintptr) { fd, err = unix.Openat2(int(folder), name, &how) })
	return fd, outer == nil && err == nil
}

// open opens a regular file; false where it fails, so that os.Root returns the error.
func (d *direct) open(area filestore.Area, name string) (filestore.File, bool) {
	if d == nil {
		return nil, false
	}
	// Non-blocking: otherwise opening a named pipe waits for its writer.
	fd, ok := d.openat2(at(area, name), unix.O_NONBLOCK)
	if !ok {
		return nil, false
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return nil, false
	}
	i := describe(area, name, st.Size, time.Unix(st.Mtim.Unix()), time.Unix(st.Ctim.Unix()))
	if st.Size > small {
		return file{os.NewFile(uintptr(fd), at(area, name)), i}, true
	}
	defer func() { _ = unix.Close(fd) }()
	content := make([]byte, st.Size)
	if n, err := unix.Pread(fd, content, 0); err != nil || n < len(content) {
		return nil, false
	}
	return smallFile{bytes.NewReader(content), i}, true
}

// smallFile is a file whose content was read by Open.
type smallFile struct {
	*bytes.Reader
	info filestore.Info
}

func (f smallFile) Info() filestore.Info { return f.info }
func (smallFile) Close() error           { return nil }
