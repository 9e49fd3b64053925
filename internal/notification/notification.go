// Package notification turns what object stores say about new objects into names
// that wait in the queue.
package notification

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// object is one that was put into a bucket.
type object struct{ Bucket, Key string }

// message is any of the forms in which an event arrives.
type message struct {
	Records []record `json:"Records"` // S3, to SQS, Lambda or a webhook
	Event   []record `json:"Event"`   // MinIO to Redis, with format=access

	Type    string `json:"Type"`    // "Notification": SNS around one of the others
	Message string `json:"Message"` // … which is this text

	DetailType string `json:"detail-type"` // EventBridge: "Object Created"
	Detail     struct {
		Bucket struct{ Name string } `json:"bucket"`
		Object struct{ Key string }  `json:"object"` // as it is
	} `json:"detail"`
}

type record struct {
	EventName string `json:"eventName"` // ObjectCreated:Put, with s3: before it by MinIO
	S3        struct {
		Bucket struct{ Name string } `json:"bucket"`
		Object struct{ Key string }  `json:"object"` // URL-encoded, as in a query
	} `json:"s3"`
}

// parse returns the objects that a message says were created: none for a message
// about something else, such as a removal or the test that S3 sends first.
func parse(text string) ([]object, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "[") {
		text = "[" + text + "]"
	}
	var messages []message
	if err := json.Unmarshal([]byte(text), &messages); err != nil {
		return nil, fmt.Errorf("expected an event of S3, MinIO, SNS or EventBridge in JSON: %w", err)
	}
	var objects []object
	for _, m := range messages {
		for _, r := range append(m.Records, m.Event...) {
			if !strings.HasPrefix(strings.TrimPrefix(r.EventName, "s3:"), "ObjectCreated:") {
				continue
			}
			key, err := url.QueryUnescape(r.S3.Object.Key)
			if err != nil {
				return nil, fmt.Errorf("the key of an object: %w", err)
			}
			objects = append(objects, object{r.S3.Bucket.Name, key})
		}
		if m.DetailType == "Object Created" {
			objects = append(objects, object{m.Detail.Bucket.Name, m.Detail.Object.Key})
		}
		if m.Type == "Notification" && m.Message != "" {
			if strings.Contains(m.Message, `"Type"`) && strings.Contains(m.Message, `"Notification"`) {
				return nil, errors.New("a notification within a notification")
			}
			within, err := parse(m.Message)
			if err != nil {
				return nil, err
			}
			objects = append(objects, within...)
		}
	}
	return objects, nil
}
