//go:build linux

package chaos

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"csv-pipeline/internal/queue"
)

// TestReadOnlyVolumeTakesNoUploadsAndNoDrops: both answer 409, and the dead letter stays.
func TestReadOnlyVolumeTakesNoUploadsAndNoDrops(t *testing.T) {
	t.Parallel()
	if !slices.Contains(faultNames(), "volume-read-only") {
		t.Skip("CHAOS_WITHOUT leaves volume-read-only out")
	}
	p := newPlant(t, true)
	p.deliver("bad.csv", []byte(header+"\n2022-01-01T00:00:00Z,1,many\n"))
	p.processor().awaitEnd(t, patience)
	const token = "a-token-for-this-test"
	secret := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(secret, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	p.eventually("a read-only volume", patience, func() error {
		return syscall.Mount("", p.folder, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	})
	address := p.served(p.start("inspector", []string{"REDIS_PORT=" + strconv.Itoa(p.redis.Port), "AUTH_TOKEN_FILE=" + secret}))
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPut, "/files/raw/new.csv", header + "\n"},
		{http.MethodPost, "/api/v1/failed/drop", `{"all":true}`},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, address+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusConflict || !strings.Contains(string(text), "writable") {
			t.Errorf("%s %s: %s %s", c.method, c.path, answer.Status, text)
		}
	}
	letters, err := p.letters()
	if err != nil || len(letters) != 1 || letters["bad.csv"].Kind != queue.KindMalformed {
		t.Errorf("dead letters: %+v, %v", letters, err)
	}
}

// served returns where an inspector says that it serves.
func (p *plant) served(inspector *process) (address string) {
	p.t.Helper()
	p.eventually("the inspector serves", patience, func() error {
		text, err := os.ReadFile(inspector.log)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(text) {
			var said struct{ Msg, Address string }
			if json.Unmarshal(line, &said) == nil && said.Msg == "serving" {
				address = "http://" + said.Address
				return nil
			}
		}
		return errors.New("not yet")
	})
	return address
}
