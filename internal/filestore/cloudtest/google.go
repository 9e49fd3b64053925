// Package cloudtest starts emulators of Google Cloud Storage and Azure Blob Storage
// for tests: fake-gcs-server and Azurite, which 'make test' installs. Neither is the
// cloud itself; fake-gcs-server takes any credentials.
package cloudtest

import (
	"net"
	"net/url"
	"os/exec"
	"testing"

	"cloud.google.com/go/storage"

	"csv-pipeline/internal/filestore/servertest"
)

// Google is a process that serves the protocol of Google Cloud Storage.
type Google struct {
	*servertest.Process
	Address string // host:port
}

// StartGoogle starts fake-gcs-server, and ends it with the test.
func StartGoogle(t testing.TB) *Google {
	t.Helper()
	g := &Google{Address: servertest.FreeAddress(t)}
	host, port, _ := net.SplitHostPort(g.Address)
	g.Process, _ = servertest.Start(t, exec.Command(servertest.Installed(t, ".tools/fake-gcs-server"), "-backend", "memory",
		"-scheme", "http", "-host", host, "-port", port, "-public-host", g.Address, "-log-level", "info"), "http://"+g.Address)
	t.Cleanup(g.Kill)
	return g
}

// Bucket makes a bucket and returns the URL of a store in it. The environment of the
// test names the server.
func (g *Google) Bucket(t testing.TB, name, prefix string) *url.URL {
	t.Helper()
	g.Environment(t, g.Address)
	if err := g.Client(t).Bucket(name).Create(t.Context(), "project", nil); err != nil {
		t.Fatalf("make a bucket: %v", err)
	}
	return g.URL(name, prefix)
}

// Environment names the address at which the server is to be reached.
func (g *Google) Environment(t testing.TB, address string) {
	t.Setenv("STORAGE_EMULATOR_HOST", address)
}

// URL is that of a store in a bucket.
func (g *Google) URL(bucket, prefix string) *url.URL {
	return &url.URL{Scheme: "gs", Host: bucket, Path: "/" + prefix}
}

// Client is a client of the server that the environment names.
func (g *Google) Client(t testing.TB) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}
