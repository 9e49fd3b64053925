package events

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Event is a CloudEvent 1.0 whose data is JSON.
//
// It is written here and not by the SDK of CloudEvents: with that one's JSON library the linker
// keeps every method of the program, which makes it 18 MB larger. Tests read what is sent with the SDK.
type Event struct {
	ID, Source, Type string
	Subject          string // "": none
	Time             time.Time
	Data             any
}

// jsonType is the type of the data.
const jsonType = "application/json"

// MarshalJSON writes the event as in structured mode (CloudEvents, JSON event format).
func (e Event) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		SpecVersion     string    `json:"specversion"`
		ID              string    `json:"id"`
		Source          string    `json:"source"`
		Type            string    `json:"type"`
		Subject         string    `json:"subject,omitempty"`
		Time            time.Time `json:"time"`
		DataContentType string    `json:"datacontenttype"`
		Data            any       `json:"data"`
	}{"1.0", e.ID, e.Source, e.Type, e.Subject, e.Time, jsonType, e.Data})
}

// write returns the body of a request, and sets the headers that go with it.
func (e Event) write(mode string, h http.Header) (body []byte, err error) {
	if mode == ModeStructured {
		h.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
		body, err = json.Marshal(e)
	} else {
		h.Set("Content-Type", jsonType)
		for name, value := range map[string]string{"specversion": "1.0", "id": e.ID, "source": e.Source, "type": e.Type, "subject": e.Subject, "time": e.Time.Format(time.RFC3339Nano)} {
			if value != "" {
				h.Set("Ce-"+name, headerValue(value))
			}
		}
		body, err = json.Marshal(e.Data)
	}
	if err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return body, nil
}

// headerValue escapes what a header cannot hold (CloudEvents, HTTP protocol binding, 3.1.3.2).
func headerValue(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
