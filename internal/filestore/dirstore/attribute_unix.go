//go:build linux || darwin

package dirstore

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributeName begins with user, as Linux has it for what is no business of the system.
const attributeName = "user.csv-pipeline.settings"

// setAttribute reports whether the file system took it.
func setAttribute(f *os.File, value string) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	outer := conn.Control(func(fd uintptr) { err = unix.Fsetxattr(int(fd), attributeName, []byte(value), 0) })
	return outer == nil && err == nil
}

// attribute is "" where a file has none.
func attribute(f *os.File) string {
	conn, err := f.SyscallConn()
	if err != nil {
		return ""
	}
	value := make([]byte, maxSettings)
	var n int
	outer := conn.Control(func(fd uintptr) { n, err = unix.Fgetxattr(int(fd), attributeName, value) })
	if outer != nil || err != nil {
		return ""
	}
	return string(value[:n])
}

func inodeOf(fi fs.FileInfo) (uint64, bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return st.Ino, true
}
