// Package credentials reads what operators mount as files: secrets and certificate authorities.
package credentials

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"
)

// Secret is the text of a file without the line break at its end.
func Secret(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// Authorities are the certificate authorities that a file has in PEM.
func Authorities(file string) (*x509.CertPool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate: expected PEM", file)
	}
	return pool, nil
}
