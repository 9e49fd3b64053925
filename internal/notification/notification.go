// Package notification queues the names of files of which an object store says that they were
// created: bucket notifications.
package notification

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// object is an object that was put into a bucket.
type object struct{ Bucket, Key string }

// message is a notification in any of the forms that are understood.
type message struct {
	Records []record `json:"Records"` // of S3 to SQS, Lambda or a webhook
	Event   []record `json:"Event"`   // of MinIO to Redis, with format=access

	Type    string `json:"Type"`    // "Notification": SNS wraps one of the other forms
	Message string `json:"Message"` // the wrapped text

	DetailType string `json:"detail-type"` // EventBridge: "Object Created"
	Detail     struct {
		Bucket struct{ Name string } `json:"bucket"`
		Object struct{ Key string }  `json:"object"` // not encoded
	} `json:"detail"`
}

type record struct {
	EventName string `json:"eventName"` // such as ObjectCreated:Put; MinIO has s3: before it
	S3        struct {
		Bucket struct{ Name string } `json:"bucket"`
		Object struct{ Key string }  `json:"object"` // encoded as in the query of a URL
	} `json:"s3"`
}

// parse returns the objects of which a message says that they were created. A message about
// something else, such as a removal or the test event of S3, has none.
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
				return nil, errors.New("a notification of SNS within another one")
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
