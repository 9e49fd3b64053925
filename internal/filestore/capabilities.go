package filestore

import (
	"context"
	"iter"
	"time"
)

// This file holds what some stores and files can do beyond the contract. Each is an
// interface and a function that asks for it; nobody else asserts a type. What every
// store can do, such as publishing a file only if there is none of its name
// (Writer.Exclusive) or removing one version of it (Store.RemoveVersion), is in the
// contract itself.

// Pinned is a File that cannot change while it is open, whatever is written to the
// store: a read returns bytes of that version or an error.
type Pinned interface {
	Pinned() // does nothing
}

// IsPinned reports whether f cannot change while it is open.
func IsPinned(f File) bool {
	_, ok := f.(Pinned)
	return ok
}

// Remote is a Store whose requests are slow and cost money, so that whoever lists it
// often passes on what is known already and pauses between two listings.
type Remote interface {
	// Relist is Store.List for a caller that has listed the area before. before
	// returns what the caller then knew of a file; the store does not ask again for
	// a file that is unchanged. before may be nil.
	Relist(ctx context.Context, area Area, before func(name string) (Info, bool)) iter.Seq2[Info, error]
	// Rest is how long to leave the store alone after a listing of areas that hold so
	// many files.
	Rest(files ...int) time.Duration
}

// IsRemote reports whether requests to the store are slow and cost money. A file
// appears whole in a remote store.
func IsRemote(s Store) bool {
	_, ok := s.(Remote)
	return ok
}

// Relist lists an area as Store.List does; a remote store is told what is known
// already. before may be nil.
func Relist(ctx context.Context, s Store, area Area, before func(name string) (Info, bool)) iter.Seq2[Info, error] {
	if remote, ok := s.(Remote); ok && before != nil {
		return remote.Relist(ctx, area, before)
	}
	return s.List(ctx, area)
}

// Rest is how long to leave the store alone after a listing of areas that hold so many
// files; 0 unless it is remote.
func Rest(s Store, files ...int) time.Duration {
	if remote, ok := s.(Remote); ok {
		return remote.Rest(files...)
	}
	return 0
}

// Dated is a Store that keeps the time when a file was published apart from
// Info.ModTime, which for a result is that of its input.
type Dated interface {
	Published(ctx context.Context, area Area, name string) (time.Time, error)
}

// Published is when a file that was listed was published.
func Published(ctx context.Context, s Store, area Area, listed Info) (time.Time, error) {
	if dated, ok := s.(Dated); ok {
		return dated.Published(ctx, area, listed.Name)
	}
	return listed.ModTime, nil
}

// Recording is a Store that keeps the settings of a result apart from its Info.
type Recording interface {
	SettingsOf(ctx context.Context, result Info) (string, error)
}

// SettingsOf is the fingerprint of the settings that a result was made under, as it was listed;
// "" where it is not recorded. Where the result was replaced since it was listed, it may be that
// of the newer one. The error is ErrNotExist where it was removed.
func SettingsOf(ctx context.Context, s Store, result Info) (string, error) {
	if recording, ok := s.(Recording); ok {
		return recording.SettingsOf(ctx, result)
	}
	return result.Settings, nil
}

// ObjectNamer is a Store in a bucket: it tells which raw file an object of the bucket
// is, as the bucket's notifications name objects.
type ObjectNamer interface {
	// RawName is the name of the raw file that the object is; false when it is none.
	RawName(bucket, key string) (name string, ok bool)
}

// AsObjectNamer returns the store as an ObjectNamer; false when it is not in a bucket.
func AsObjectNamer(s Store) (ObjectNamer, bool) {
	namer, ok := s.(ObjectNamer)
	return namer, ok
}
