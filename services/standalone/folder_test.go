package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"csv-pipeline/internal/cli"
	"csv-pipeline/internal/datafolder"
)

// runCommand runs standalone with args until it ends by itself.
func runCommand(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.ExitCode(run(t.Context(), args, environment, &out, &errs), &errs)
	return code, out.String(), errs.String()
}

// put writes a raw file as a person does who copies it there.
func put(t *testing.T, folder, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(folder, "raw", name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func failed(want int64) func(string) bool {
	return func(text string) bool {
		var s struct{ Failed int64 }
		return json.Unmarshal([]byte(text), &s) == nil && s.Failed == want
	}
}

func TestItListensOnThisMachineAloneUnlessToldOtherwise(t *testing.T) {
	for name, c := range map[string]struct{ set, want string }{
		"by itself": {"", "127.0.0.1"},
		"told to":   {":8080", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LISTEN", c.set)
			got, err := parse(nil, os.LookupEnv, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if host, _, err := net.SplitHostPort(got.listen); host != c.want || err != nil {
				t.Errorf("it listens on %q, %v", got.listen, err)
			}
		})
	}
}

func TestASecondOneOnTheFolderIsRefused(t *testing.T) {
	folder := t.TempDir()
	address, stop := start(t, folder, "--no-demo")
	code, _, errs := runCommand(t, "--store-url", folder, "--listen=127.0.0.1:0", "--no-demo")
	if code != cli.ExitFailed {
		t.Errorf("exit code %d", code)
	}
	for _, part := range []string{folder + " is in use", fmt.Sprintf("pid %d", os.Getpid()), address, "STORE_URL"} {
		if !strings.Contains(errs, part) {
			t.Errorf("%q does not name %q", errs, part)
		}
	}
	stop()
	_, stop = start(t, folder, "--no-demo")
	stop()
}

// TestAFileOfOnesOwn is the way of somebody who has other columns: the failure says
// what to do, and what was done before is done again by one command.
func TestAFileOfOnesOwn(t *testing.T) {
	folder := t.TempDir()
	address, stop := start(t, folder, "--no-demo")
	put(t, folder, "my.csv", "store,amount\nA,1\nA,2\n")
	put(t, folder, "both.csv", "item_id,quantity,store,amount\n1,10,B,5\n")
	until(t, address+"/api/v1/status", failed(1))
	until(t, address+"/files/processed/both_aggregated_sales.csv", func(text string) bool { return text == "item_id,total_quantity\n1,10\n" })
	var letters []struct{ Reason string }
	if err := json.Unmarshal([]byte(get(t, address+"/api/v1/failed")), &letters); err != nil {
		t.Fatal(err)
	}
	const want = `my.csv:1: no column "item_id", which groupBy (GROUP_BY) names: the header has "store", "amount"`
	if len(letters) != 1 || letters[0].Reason != want {
		t.Errorf("it failed because of %+v\nwant %s", letters, want)
	}
	stop()

	t.Setenv("GROUP_BY", "store")
	t.Setenv("AGGREGATE", "sum(amount)")
	address, stop = start(t, folder)
	defer stop()
	until(t, address+"/files/processed/my_aggregated_sales.csv", func(text string) bool { return text == "store,sum_amount\nA,3\n" })
	put(t, folder, "bad.csv", "store,amount\nA,many\n")
	until(t, address+"/api/v1/status", failed(1))
	if text := get(t, address+"/files/processed/both_aggregated_sales.csv"); !strings.HasPrefix(text, "item_id") {
		t.Errorf("it was done again without being asked for: %s", text)
	}
	code, out, errs := runCommand(t, "enqueue", "--all", "--store-url", folder)
	if code != cli.ExitOK || out != "queued 3 files, of which 1 was a dead letter\n" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	until(t, address+"/files/processed/both_aggregated_sales.csv", func(text string) bool { return text == "store,sum_amount\nB,5\n" })
	if demo, _ := filepath.Glob(filepath.Join(folder, "raw", "2022*")); len(demo) != 0 {
		t.Errorf("demo files were made that can only fail: %q", demo)
	}
}

// TestAfterAChangeOfSettings only what was made under other ones is made anew, and only when a
// person asks for it.
func TestAfterAChangeOfSettings(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("DATASETS", "[{files: ['b*'], aggregate: [count(*)]}]")
	address, stop := start(t, folder, "--no-demo")
	put(t, folder, "a.csv", "item_id,quantity\n1,10\n")
	put(t, folder, "b.csv", "item_id,quantity\n1,10\n")
	until(t, address+"/files/processed/a_aggregated_sales.csv", func(text string) bool { return text == "item_id,total_quantity\n1,10\n" })
	until(t, address+"/files/processed/b_aggregated_sales.csv", func(text string) bool { return text == "count\n1\n" })
	stop()

	t.Setenv("AGGREGATE", "max(quantity)") // of what is in no dataset
	t.Setenv("ON_BAD_ROW", "fail")         // as without it
	address, stop = start(t, folder, "--no-demo")
	defer stop()
	put(t, folder, "c.csv", "item_id,quantity\n1,10\n")
	until(t, address+"/files/processed/c_aggregated_sales.csv", func(text string) bool { return text == "max_quantity\n10\n" })
	of := func(name string) string {
		var f struct{ Settings string }
		if err := json.Unmarshal([]byte(get(t, address+"/api/v1/files/processed/"+name+"_aggregated_sales.csv")), &f); err != nil {
			t.Fatal(err)
		}
		return f.Settings
	}
	if a, b, c := of("a"), of("b"), of("c"); a != "other" || b != "current" || c != "current" {
		t.Errorf("they were made under %s, %s and %s settings", a, b, c)
	}
	code, out, errs := runCommand(t, "enqueue", "--outdated", "--store-url", folder)
	if code != cli.ExitOK || out != "queued 1 file\n" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	until(t, address+"/files/processed/a_aggregated_sales.csv", func(text string) bool { return text == "max_quantity\n10\n" })
	until(t, address+"/api/v1/status", func(text string) bool {
		var s struct{ Waiting, InFlight int64 }
		return json.Unmarshal([]byte(text), &s) == nil && s.Waiting+s.InFlight == 0
	})
	if code, out, errs := runCommand(t, "enqueue", "--outdated", "--store-url", folder); code != cli.ExitOK || out != "queued 0 files\n" {
		t.Errorf("afterwards, exit code %d: %s%s", code, out, errs)
	}
}

func TestEnqueueNeedsOneThatRuns(t *testing.T) {
	folder := t.TempDir()
	code, _, errs := runCommand(t, "enqueue", "--store-url", folder)
	if code != cli.ExitFailed || !strings.Contains(errs, folder+" is not in use by any standalone: start one") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	killed, err := datafolder.Occupy(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = killed.Leave() }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := killed.Announce(datafolder.Process{PID: 4711, Redis: l.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	code, _, errs = runCommand(t, "enqueue", "--store-url", folder)
	if code != cli.ExitFailed || !strings.Contains(errs, "pid 4711") || !strings.Contains(errs, "is it still running?") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	code, _, errs = runCommand(t, "enqueue", "--store-url", "s3://bucket")
	if code != cli.ExitUsage || !strings.Contains(errs, "STORE_URL") {
		t.Errorf("a bucket: exit code %d: %s", code, errs)
	}
}

// TestWhoMayWrite: whoever can read the token in the folder, and no page of another site.
func TestWhoMayWrite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "it's data")
	address, said, stop := startAndListen(t, folder, "--no-demo")
	text, err := os.ReadFile(filepath.Join(folder, ".csv-pipeline", "token"))
	if err != nil {
		t.Fatal(err)
	}
	token := strings.TrimSpace(string(text))
	send := func(method, path, body string, header map[string]string) int {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			request.Header.Set(name, value)
		}
		response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if cookie := response.Header.Get("Set-Cookie"); cookie != "" {
			header["Cookie"], _, _ = strings.Cut(cookie, ";")
		}
		return response.StatusCode
	}
	const csv = "item_id,quantity\n1,2\n"
	session := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if code := send("POST", "/login", url.Values{"token": {token}}.Encode(), session); code != http.StatusSeeOther {
		t.Errorf("logging in: %d", code)
	}
	for name, c := range map[string]struct {
		header map[string]string
		code   int
	}{
		"nobody":              {nil, http.StatusUnauthorized},
		"a wrong token":       {map[string]string{"Authorization": "Bearer " + token + "x"}, http.StatusUnauthorized},
		"the token":           {map[string]string{"Authorization": "Bearer " + token}, http.StatusCreated},
		"a session":           {map[string]string{"Cookie": session["Cookie"], "Sec-Fetch-Site": "same-origin"}, http.StatusCreated},
		"another site's page": {map[string]string{"Cookie": session["Cookie"], "Sec-Fetch-Site": "cross-site", "Origin": "https://example.com"}, http.StatusForbidden},
		"an older browser's":  {map[string]string{"Cookie": session["Cookie"], "Origin": "https://example.com"}, http.StatusForbidden},
	} {
		if code := send("PUT", "/files/raw/"+url.PathEscape(name)+".csv", csv, c.header); code != c.code {
			t.Errorf("%s: %d, want %d", name, code, c.code)
		}
	}
	if code := send("GET", "/files/raw/../.csv-pipeline/token", "", nil); code == http.StatusOK {
		t.Error("the token can be downloaded")
	}

	for _, part := range []string{
		"csv-pipeline is at " + address,
		"cp my.csv '" + strings.ReplaceAll(folder, "'", `'\''`) + "/raw/'",
		"GROUP_BY=item_id AGGREGATE='sum(quantity) as total_quantity'",
		"GROUP_BY=store AGGREGATE='sum(amount)' " + cli.Quote(os.Args[0]) + " --",
		" enqueue --outdated --store-url '",
		`curl -H "Authorization: Bearer $(cat '` + strings.ReplaceAll(folder, "'", `'\''`) + `/.csv-pipeline/token')" -T my.csv ` + address + "/files/raw/",
		token,
	} {
		if !strings.Contains(said, part) {
			t.Errorf("it does not say %q:\n%s", part, said)
		}
	}

	running, err := datafolder.Find(folder)
	if err != nil {
		t.Fatal(err)
	}
	other := redis.NewClient(&redis.Options{Addr: running.Redis, DisableIdentity: true})
	defer other.Close()
	if err := other.LPush(t.Context(), list, "x.csv").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("another user of this machine could write to Redis: %v", err)
	}
	stop()
	_, again, stop := startAndListen(t, folder, "--no-demo")
	stop()
	if !strings.Contains(again, token) {
		t.Errorf("started again it has another token:\n%s", again)
	}
}

func TestHelpTeachesOnesOwnColumns(t *testing.T) {
	code, help, _ := runCommand(t, "--help")
	for _, part := range []string{exampleSettings + " make run", "standalone enqueue --outdated", "127.0.0.1:8080"} {
		if code != cli.ExitOK || !strings.Contains(help, part) {
			t.Errorf("exit code %d, the help lacks %q:\n%s", code, part, help)
		}
	}
}

// TestItTellsHowItWasStarted: what it recommends works on the same folder, and makes no demo files
// where there were none.
func TestItTellsHowItWasStarted(t *testing.T) {
	args := []string{"--store-url", "./my data", "--no-demo", "--group-by", "x", "--settle=1m0s"}
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		want string
	}{
		"by itself":  {nil, nil, cli.Quote(os.Args[0])},
		"with flags": {args, nil, cli.Quote(os.Args[0]) + " --store-url='./my data' --no-demo --settle=1m0s"},
		"with how files are read": {[]string{"--trim", "--delimiter", ";", "--missing-values=NA,-", "--missing-values=?", "--where=a > 1", "--command-env=X", "--config=c.yaml"}, map[string]string{"DATASETS": "[{name: a}]"},
			cli.Quote(os.Args[0]) + " --trim --delimiter=';' --missing-values='NA,-,?' --config=c.yaml --datasets='[{name: a}]'"},
		"by the environment": {nil, map[string]string{"STORE_URL": "./here", "NO_DEMO": "false"}, cli.Quote(os.Args[0]) + " --store-url=./here --no-demo=false"},
		"by make":            {nil, map[string]string{"MAKELEVEL": "1"}, "make run"},
		"by make, with more": {nil, map[string]string{"MAKELEVEL": "1", "STORE_URL": "./my data", "NO_DEMO": "true", "GROUP_BY": "x"}, "STORE_URL='./my data' NO_DEMO=true make run"},
	} {
		getenv := func(name string) (string, bool) { value, ok := c.env[name]; return value, ok }
		given, err := parse(c.args, getenv, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if got := command(getenv, given.given); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestTheHintKeepsTheConfig: without it all datasets and settings of the input would be lost.
func TestTheHintKeepsTheConfig(t *testing.T) {
	folder, file := t.TempDir(), filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("groupBy: [store]\naggregate: [sum(amount)]\norderBy: [store]\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	hint := func(args ...string) string {
		t.Helper()
		_, said, stop := startAndListen(t, folder, append(args, "--no-demo")...)
		stop()
		for line := range strings.Lines(said) {
			if strings.HasPrefix(line, "For the columns of your files, ") {
				return line
			}
		}
		t.Fatalf("there is no hint: %s", said)
		return ""
	}
	check := func(hint string, example bool) {
		t.Helper()
		if !strings.Contains(hint, " --config="+cli.Quote(file)) || strings.Contains(hint, exampleSettings) != example {
			t.Errorf("the hint is %s", hint)
		}
	}
	check(hint("--config", file), false) // the example's columns are not those that it orders by
	check(hint("--config", file, "--group-by=store", "--order-by=sum_amount"), true)
	t.Setenv("CONFIG", file)
	check(hint(), false)
}

func TestUploadsAreLimitedAsTheInspectorDoes(t *testing.T) {
	for name, c := range map[string]struct{ variable, flag string }{"by a flag": {"", "--max-upload=10"}, "by the environment": {"10", "--no-demo"}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("MAX_UPLOAD", c.variable)
			folder := t.TempDir()
			address, stop := start(t, folder, "--no-demo", c.flag, "--base-path=/csv/")
			defer stop()
			token, err := os.ReadFile(filepath.Join(folder, ".csv-pipeline", "token"))
			if err != nil {
				t.Fatal(err)
			}
			for text, want := range map[string]int{"a,b\n1,2\n": http.StatusCreated, "a,b\n1,2\n3,4\n": http.StatusRequestEntityTooLarge} {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, address+"/csv/files/raw/x.csv", strings.NewReader(text))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				_ = answer.Body.Close()
				if answer.StatusCode != want {
					t.Errorf("%d bytes: %s, want %d", len(text), answer.Status, want)
				}
			}
		})
	}
}

func TestAFolderThatCannotBeWrittenIsCalledSo(t *testing.T) {
	for _, err := range []error{
		&os.PathError{Op: "remove", Path: "/x/.csv-pipeline/process.json", Err: syscall.EROFS},
		fmt.Errorf("lock /x/.csv-pipeline/lock: %w", &os.PathError{Op: "open", Path: "/x/.csv-pipeline/lock", Err: syscall.EACCES}),
	} {
		const want = `--store-url (STORE_URL) "file:///x": cannot write to /x: `
		if got := refused("file:///x", "/x", err).Error(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "; expected a folder that can be written") || strings.Contains(got, "csv-pipeline/") {
			t.Errorf("of %v it says %s", err, got)
		}
	}
	full := &os.PathError{Op: "mkdir", Path: "/x/raw", Err: syscall.ENOSPC}
	if got := refused("file:///x", "/x", full); !errors.Is(got, full) || strings.Contains(got.Error(), "expected") {
		t.Errorf("of a full disk it says %v", got)
	}
}

func TestAFolderOfSomebodyElse(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	if file, err := os.Create(filepath.Join(folder, "probe")); err == nil { // root may write everywhere
		_ = file.Close()
		t.Skip("this user may write to every folder")
	}
	code, _, errs := runCommand(t, "--store-url", folder, "--listen=127.0.0.1:0", "--no-demo")
	if code != cli.ExitFailed || !strings.Contains(errs, "cannot write to "+folder+": permission denied; expected a folder that can be written") {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
