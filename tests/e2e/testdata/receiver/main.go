// Receiver takes events by HTTP, checks their signatures by Standard Webhooks, and writes a line
// for each that is right: its type and the file.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(os.Getenv("SECRET"), "whsec_"))
	if err != nil || len(key) == 0 {
		log.Fatal("SECRET is no signing secret: ", err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		var event struct{ ID, Type, Subject string }
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err == nil {
			err = check(key, r.Header, body)
		}
		if err == nil && r.Header.Get("Webhook-Id") != event.ID {
			err = fmt.Errorf("the id is %q", event.ID)
		}
		if err != nil {
			fmt.Println("wrong:", err)
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		fmt.Println(event.Type, event.Subject)
	}
	server := &http.Server{Addr: ":8080", Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func check(key []byte, header http.Header, body []byte) error {
	at, err := strconv.ParseInt(header.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || time.Since(time.Unix(at, 0)).Abs() > 5*time.Minute {
		return fmt.Errorf("the timestamp is %q", header.Get("Webhook-Timestamp"))
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.%s", header.Get("Webhook-Id"), at, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(header.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return nil
		}
	}
	return fmt.Errorf("the signature is %q", header.Get("Webhook-Signature"))
}
