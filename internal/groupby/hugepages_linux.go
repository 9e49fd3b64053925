package groupby

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of one on amd64, and on arm64 with pages of 4 KiB, in bytes.
const hugePage = 2 << 20

// inHugePages has the kernel back a large new slice by huge pages where it may (transparent huge
// pages set to madvise or always): memory that is visited at random then has few misses of the TLB,
// and comes with a page fault for each 2 MiB instead of each 4 KiB. It changes nothing that a
// program could see, so a kernel that refuses is no error.
func inHugePages[T any](s []T) []T {
	var one T
	begin := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	skip := -begin & (hugePage - 1)
	size := uintptr(cap(s)) * unsafe.Sizeof(one)
	if size < skip+hugePage {
		return s
	}
	whole := (size - skip) &^ (hugePage - 1)
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), skip)), whole), unix.MADV_HUGEPAGE)
	return s
}
