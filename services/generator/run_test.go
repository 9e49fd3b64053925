package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/queue/redistest"
)

// generator runs the command and returns its exit code and what it printed.
func generator(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	getenv := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	code = cli.ExitCode(run(t.Context(), args, getenv, &out, &errs), &errs)
	return code, out.String(), errs.String()
}

func environment(s *redistest.Server, folder string) map[string]string {
	return map[string]string{"REDIS_HOST": s.Host, "REDIS_PORT": strconv.Itoa(s.Port), "STORE_URL": "file://" + folder, "REDIS_TIMEOUT": "1s"}
}

func TestGeneratorWritesAndQueuesEachFileOnce(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	rdb := server.Client(t)
	env := environment(server, folder)
	env["CSV_PIPELINE_DAYS"], env["CSV_PIPELINE_ROWS"] = "5", "7"
	env["DAYS"] = "6" // of another program
	for range 2 {
		code, out, errs := generator(t, env, "--start=2024-02-27")
		if code != cli.ExitOK {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		for line := range strings.Lines(out) {
			if !json.Valid([]byte(line)) {
				t.Errorf("not a line of JSON: %s", line)
			}
		}
	}
	want := []string{"20240227.csv", "20240228.csv", "20240229.csv", "20240301.csv", "20240302.csv"}
	waiting := rdb.LRange(t.Context(), "csvs-to-process", 0, -1).Val()
	slices.Reverse(waiting)
	if !slices.Equal(waiting, want) {
		t.Errorf("waiting: %q, want %q", waiting, want)
	}
	for _, name := range want {
		text, err := os.ReadFile(filepath.Join(folder, "raw", name))
		if err != nil || bytes.Count(text, []byte("\n")) != 8 {
			t.Errorf("%s: %v, %q", name, err, text)
		}
	}
}

func TestEnqueueQueuesWhatIsThere(t *testing.T) {
	server, folder := redistest.Start(t), t.TempDir()
	rdb := server.Client(t)
	env := environment(server, folder)
	for _, name := range []string{"raw/a1.csv", "raw/b1.csv", "raw/shop/a2.csv", "raw/a3.txt", "raw/a4.csv"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	rdb.LPush(t.Context(), "csvs-to-process", "a4.csv")
	for range 2 {
		if code, _, errs := generator(t, env, "enqueue", "a?.csv", "shop/*"); code != cli.ExitOK {
			t.Fatalf("exit code %d: %s", code, errs)
		}
	}
	waiting := rdb.LRange(t.Context(), "csvs-to-process", 0, -1).Val()
	slices.Sort(waiting)
	if want := []string{"a1.csv", "a4.csv", "shop/a2.csv"}; !slices.Equal(waiting, want) {
		t.Errorf("waiting: %q, want %q", waiting, want)
	}
}

func TestWhatGoesWrongIsSaidInOneLine(t *testing.T) {
	server, folder := redistest.Start(t, "--requirepass", "right"), t.TempDir()
	gone := redistest.Start(t)
	gone.Kill()
	open := redistest.Start(t)
	open.Client(t).Set(t.Context(), "csvs-to-process", "text", 0)
	for name, c := range map[string]struct {
		env  map[string]string
		args []string
		code int
		want []string
	}{
		"wrong password": {map[string]string{"REDIS_PASSWORD": "wrong"}, nil, cli.ExitFailed, []string{"WRONGPASS"}},
		"no password":    {nil, nil, cli.ExitFailed, []string{"NOAUTH"}},
		"unreachable":    {environment(gone, folder), nil, cli.ExitFailed, []string{"gave up after 1s", gone.Addr()}},
		"wrong type":     {environment(open, folder), nil, cli.ExitFailed, []string{"csvs-to-process", "string"}},
		"password file":  {map[string]string{"REDIS_PASSWORD_FILE": "/none"}, nil, cli.ExitUsage, []string{"REDIS_PASSWORD_FILE"}},
		"unknown flag":   {nil, []string{"--colour"}, cli.ExitUsage, []string{"--colour"}},
		"bad value":      {map[string]string{"CSV_PIPELINE_ROWS": "many"}, nil, cli.ExitUsage, []string{"CSV_PIPELINE_ROWS", "whole number"}},
		"store":          {map[string]string{"STORE_URL": "ftp://x/y"}, nil, cli.ExitUsage, []string{"STORE_URL", "file:///data"}},
		"glob":           {map[string]string{"REDIS_PASSWORD": "right"}, []string{"enqueue", "["}, cli.ExitUsage, []string{"GLOB", "'2022*.csv'"}},
	} {
		t.Run(name, func(t *testing.T) {
			env := environment(server, folder)
			for k, v := range c.env {
				env[k] = v
			}
			code, out, errs := generator(t, env, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, part := range c.want {
				if !strings.Contains(out+errs, part) {
					t.Errorf("%q and %q do not name %q", out, errs, part)
				}
			}
			if usage := code == cli.ExitUsage; strings.HasPrefix(errs, "error: ") != usage || strings.Contains(out, `"level":"error"`) == usage {
				t.Errorf("a mistake of usage is for people, and a failure for the log: %q and %q", out, errs)
			}
		})
	}
	if files, _ := filepath.Glob(filepath.Join(folder, "raw", "*")); len(files) != 0 {
		t.Errorf("files were written although Redis could not be reached: %q", files)
	}
}
