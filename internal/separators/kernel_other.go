//go:build (!amd64 && !arm64) || purego

package separators

// Kernels are those that the processor can run, the best first.
var Kernels = []*Kernel{&portable}
