package cloudtest

import (
	"encoding/base64"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"csv-pipeline/internal/filestore/servertest"
)

// account is the one that Azurite is started with.
const account = "tester"

var key = base64.StdEncoding.EncodeToString([]byte("tester-secret"))

// Azure is a process that serves the protocol of Azure Blob Storage.
type Azure struct {
	*servertest.Process
	Address string // host:port
}

// StartAzure starts Azurite, and ends it with the test.
func StartAzure(t testing.TB) *Azure {
	t.Helper()
	cmd := exec.Command(servertest.Installed(t, "tests/azurite/node_modules/.bin/azurite-blob"),
		"--blobPort", "0", "--inMemoryPersistence", "--silent", "--disableTelemetry")
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "AZURITE_ACCOUNTS=" + account + ":" + key}
	process, ready := servertest.Start(t, cmd, "successfully listens on http://")
	t.Cleanup(process.Kill)
	return &Azure{process, regexp.MustCompile(`http://(\S+)`).FindStringSubmatch(ready)[1]}
}

// Bucket makes a container and returns the URL of a store in it. The environment of
// the test gets the credentials.
func (a *Azure) Bucket(t testing.TB, name, prefix string) *url.URL {
	t.Helper()
	if _, err := a.Client(t, name).Create(t.Context(), nil); err != nil {
		t.Fatalf("make a container: %v", err)
	}
	t.Setenv("AZURE_STORAGE_ACCOUNT", account)
	t.Setenv("AZURE_STORAGE_KEY", key)
	return a.URL(a.Address, name, prefix)
}

// URL is that of a store in a container which is served at the address.
func (a *Azure) URL(address, name, prefix string) *url.URL {
	return &url.URL{Scheme: "azblob", Host: name, Path: "/" + prefix,
		RawQuery: url.Values{"protocol": {"http"}, "domain": {address}, "localemu": {"true"}}.Encode()}
}

// Client is a client of a container.
func (a *Azure) Client(t testing.TB, name string) *container.Client {
	t.Helper()
	credential, err := container.NewSharedKeyCredential(account, key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := container.NewClientWithSharedKeyCredential("http://"+a.Address+"/"+account+"/"+name, credential, nil)
	if err != nil {
		t.Fatal(err)
	}
	return client
}
