//go:build !faultpoints

package faultpoint

import "context"

// Reach does nothing in this build.
func Reach(context.Context, Step, string) {}
