package bucketstore

import (
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"

	"csv-pipeline/internal/filestore"
	"csv-pipeline/internal/filestore/cloudtest"
)

func TestAzureCredentials(t *testing.T) {
	server := cloudtest.StartAzure(t)
	plain := server.Bucket(t, "credentials", "prefix")
	account, key := os.Getenv("AZURE_STORAGE_ACCOUNT"), os.Getenv("AZURE_STORAGE_KEY")
	all := sas.ContainerPermissions{Read: true, List: true, Write: true, Create: true, Delete: true}
	signed, err := server.Client(t, "credentials").GetSASURL(all, time.Now().Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := url.Parse(signed)
	if err != nil {
		t.Fatal(err)
	}
	named := *plain
	named.RawQuery += "&storage_account=" + account
	for name, c := range map[string]struct {
		url         *url.URL
		environment map[string]string
	}{
		"key of a named account": {&named, map[string]string{"AZURE_STORAGE_KEY": key}},
		"signature":              {&named, map[string]string{"AZURE_STORAGE_SAS_TOKEN": token.RawQuery}},
		"connection string": {plain, map[string]string{"AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=" + account +
			";AccountKey=" + key + ";BlobEndpoint=http://" + server.Address + "/" + account + ";"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AZURE_STORAGE_ACCOUNT", "")
			t.Setenv("AZURE_STORAGE_KEY", "")
			for name, value := range c.environment {
				t.Setenv(name, value)
			}
			s, err := Open(t.Context(), c.url)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			put(t, s, filestore.Raw, "#1.csv", "text", nil)
			if _, err := s.Stat(t.Context(), filestore.Raw, "#1.csv"); err != nil {
				t.Error(err)
			}
		})
	}
}
