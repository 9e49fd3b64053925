package events

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// httpSink posts events. Any answer of 2xx means that an event has arrived; redirections are not followed.
type httpSink struct {
	HTTPSpec
	client *http.Client
}

func openHTTP(s HTTPSpec) (*httpSink, error) {
	encryption, err := trust("http.caFile", s.CAFile)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = encryption
	transport.MaxIdleConnsPerHost = s.Parallel
	h := &httpSink{HTTPSpec: s, client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
	// A secret that cannot be used is told at the start.
	if _, err := h.signer(); err != nil {
		return nil, err
	}
	if s.TokenFile != "" {
		if _, err := readSecret("http.tokenFile", s.TokenFile); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// signer signs with the secret that the file holds now: it may be replaced at any time. Nil: nothing is signed.
func (h *httpSink) signer() (*standardwebhooks.Webhook, error) {
	if h.SigningSecretFile == "" {
		return nil, nil
	}
	text, err := readSecret("http.signingSecretFile", h.SigningSecretFile)
	if err != nil {
		return nil, err
	}
	key, err := parseSecret(text)
	if err != nil {
		return nil, fmt.Errorf("http.signingSecretFile: %w", err)
	}
	return standardwebhooks.NewWebhookRaw(key)
}

func (h *httpSink) deliver(ctx context.Context, e Event) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(h.Timeout))
	defer cancel()
	r, err := h.request(ctx, e)
	if err != nil {
		return err
	}
	answer, err := h.client.Do(r)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // without the address, which may hold a secret
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("no answer within %v", time.Duration(h.Timeout))
		}
		return err
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 200))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s: %q", answer.Status, bytes.ToValidUTF8(text, nil))
	}
	return nil
}

func (h *httpSink) request(ctx context.Context, e Event) (*http.Request, error) {
	header := http.Header{}
	body, err := e.write(h.Mode, header)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = header
	r.Header.Set("User-Agent", "csv-pipeline")
	if h.TokenFile != "" {
		token, err := readSecret("http.tokenFile", h.TokenFile)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	signer, err := h.signer()
	if err != nil || signer == nil {
		return r, err
	}
	now := time.Now()
	signature, err := signer.Sign(e.ID, now, body)
	if err != nil {
		return nil, fmt.Errorf("sign the event: %w", err)
	}
	r.Header.Set(standardwebhooks.HeaderWebhookID, e.ID)
	r.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	r.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return r, nil
}

func (h *httpSink) place() string {
	u, _ := url.Parse(h.URL)
	return u.Scheme + "://" + u.Host
}

func (h *httpSink) close() { h.client.CloseIdleConnections() }
