// Package storeurl opens the file store that a URL names.
package storeurl

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/dirstore"
)

// scheme is what a URL begins with. A folder with a colon in its name can be written as
// ./a:b.
var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// Open opens the store: file:///folder, or a path, is a folder; s3://, gs:// and azblob://
// are buckets. A bucket, or the parent of a folder, must exist. For a mistake in the URL or
// in what it names, the error is a *cli.UsageError.
func Open(ctx context.Context, raw string) (filestore.Store, error) {
	folder, bucket, err := parse(raw)
	switch {
	case err != nil:
		return nil, err
	case bucket != nil:
		return openBucket(ctx, bucket)
	}
	return openFolder(raw, folder)
}

// Folder is the path of the folder that the URL, or a path, names; false if it names a
// bucket or is wrong.
func Folder(raw string) (string, bool) {
	folder, bucket, err := parse(raw)
	return folder, err == nil && bucket == nil
}

// parse returns a folder's path or a bucket's URL.
func parse(raw string) (folder string, bucket *url.URL, err error) {
	if raw == "" {
		return "", nil, refuse(raw, "it is empty")
	}
	if !scheme.MatchString(raw) {
		return raw, nil, nil
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", nil, refuse(scheme.FindString(raw)+"…", "it is not a URL") // without its text, which may contain secrets
	}
	slashes := strings.HasPrefix(raw[len(u.Scheme):], "://")
	switch u.Scheme {
	case "s3", "gs", "azblob", "mem":
		if !slashes {
			return "", nil, refuse(u.Redacted(), "two slashes come before a bucket, as in "+u.Scheme+"://bucket/prefix")
		}
		return "", u, nil
	case "file":
	default:
		return "", nil, refuse(u.Redacted(), "there is no store "+u.Scheme+"://; a folder that has a colon in its name begins with ./")
	}
	switch {
	case !slashes, u.Host != "" && u.Host != "." && u.Host != "localhost":
		return "", nil, refuse(raw, "three slashes come before a folder, as in file:///data")
	case u.Path == "":
		return "", nil, refuse(raw, "it names no folder")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(raw, "#"):
		return "", nil, refuse(raw, "a folder has no parameters; in its name, ? is %3F and # is %23")
	case u.Host == ".":
		return "." + u.Path, nil, nil
	}
	return u.Path, nil, nil
}

func refuse(raw, why string) error {
	return cli.Usagef("--store-url (STORE_URL) %q: %s; expected a folder, such as file:///data, or a bucket, such as s3://bucket/prefix?region=eu-central-1", raw, why)
}

// openFolder opens a folder. A mistake in its name is a *cli.UsageError.
func openFolder(raw, folder string) (filestore.Store, error) {
	store, err := dirstore.Open(folder)
	switch {
	case err == nil:
		return store, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse(raw, "its parent folder does not exist")
	case errors.Is(err, fs.ErrPermission):
		return nil, refuse(raw, "this user is not allowed to create or open the folder")
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		return nil, refuse(raw, "it is a file, or in one, and not a folder")
	case errors.Is(err, filestore.ErrReadOnly):
		return nil, refuse(raw, "the folder does not exist, and the file system is read-only")
	}
	return nil, err
}
