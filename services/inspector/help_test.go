package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"csv-pipeline/internal/cli/clitest"
	"csv-pipeline/internal/queue/redistest"
)

// TestHelpAndDefaults: the documents state these defaults.
func TestHelpAndDefaults(t *testing.T) {
	clitest.Expect(t, clitest.Defaults(t, run), map[string]string{"listen": ":8080", "settle": "2s", "sweep-interval": "2s", "max-upload": "1073741824",
		"client-timeout": "30s", "base-path": "/", "auth-token-file": "", "auth-user": "", "auth-password-file": "", "auth-read": "",
		"redis-list": "csvs-to-process", "redis-timeout": "1m0s", "events-config": "", "keep-events": "100000"})
	clitest.Expect(t, clitest.Defaults(t, run, "cleanup"), map[string]string{"keep-days": "30", "dry-run": ""})
}

// TestLogIsLinesOfJSON of an inspector that finds a file and is then told to stop.
func TestLogIsLinesOfJSON(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "raw"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "raw", "a.csv"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"REDIS_HOST": server.Host, "REDIS_PORT": strconv.Itoa(server.Port), "STORE_URL": "file://" + folder,
		"LISTEN": "127.0.0.1:0", "SETTLE": "0s"}
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, nil, getenv, in, io.Discard)
		_ = in.Close()
	}()
	said := map[string]bool{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var entry struct{ Level, Time, Msg, Service string }
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil || entry.Level == "" || entry.Time == "" || entry.Msg == "" || entry.Service != "inspector" {
			t.Errorf("%v: %s", err, bytes.Clone(lines.Bytes()))
		}
		if said[entry.Msg] = true; said["serving"] && said["found files without a result"] {
			stop()
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("told to stop, it ended with %v", err)
	}
}
