package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// credentials are those of AWS.
type credentials struct {
	accessKeyID, secretAccessKey string
	sessionToken                 string // "" if there is none
}

// sign signs a request to Kinesis whose path is / and which has no query, with Signature Version 4.
// It sets the headers X-Amz-Date, X-Amz-Security-Token and Authorization.
func sign(request *http.Request, body []byte, c credentials, region string, now time.Time) {
	date := now.UTC().Format("20060102T150405Z")
	request.Header.Set("X-Amz-Date", date)
	if c.sessionToken != "" {
		request.Header.Set("X-Amz-Security-Token", c.sessionToken)
	}
	signed, headers := canonicalHeaders(request)
	canonical := strings.Join([]string{request.Method, "/", "", headers, signed, hexHash(body)}, "\n")

	scope := strings.Join([]string{date[:8], region, "kinesis", "aws4_request"}, "/")
	toSign := strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hexHash([]byte(canonical))}, "\n")
	key := []byte("AWS4" + c.secretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x",
		c.accessKeyID, scope, signed, mac(key, toSign)))
}

// canonicalHeaders returns the names of the headers to sign, and the headers, one on each line.
func canonicalHeaders(request *http.Request) (names, lines string) {
	values := map[string]string{"host": request.URL.Host}
	all := []string{"host"}
	for name := range request.Header {
		lower := strings.ToLower(name)
		all = append(all, lower)
		values[lower] = request.Header.Get(name)
	}
	slices.Sort(all)
	var b strings.Builder
	for _, name := range all {
		fmt.Fprintf(&b, "%s:%s\n", name, values[name])
	}
	return strings.Join(all, ";"), b.String()
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func hexHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
