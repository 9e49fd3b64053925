//go:build !amd64 || purego

package groupby

// kernels are those that the processor can run, the best first.
var kernels = []*kernel{&portable}
