// Package page serves a web page that shows what an emulator's streams do.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/putrecords/putrecords"

	"github.com/putrecords/putrecords/emulator/internal/activity"
)

//go:embed page.html
var page []byte

// policy lets the page run only its own script, and reach only the server that it comes from.
var policy = fmt.Sprintf("default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; connect-src 'self'; "+
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hashOf("script"), hashOf("style"))

// hashOf returns the hash of the page's only element with a tag, as a Content-Security-Policy names
// it.
func hashOf(tag string) string {
	_, after, _ := bytes.Cut(page, []byte("<"+tag+">"))
	content, _, _ := bytes.Cut(after, []byte("</"+tag+">"))
	sum := sha256.Sum256(content)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Serve answers a request for the page.
func Serve(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	setCommon(header)
	_, _ = w.Write(page) // the browser may be gone
}

// A State answers the page's requests for what it shows.
type State struct {
	Streams  func() []*putrecords.Stream
	Activity *activity.Activity
	Control  bool // the control API is at /control/
}

// ServeHTTP sends the state of the streams in JSON.
func (s State) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	out := answer{Streams: []stream{}, Refusals: s.Activity.Refusals(), Control: s.Control}
	for _, st := range s.Streams() {
		out.Streams = append(out.Streams, s.describe(st))
	}
	w.Header().Set("Content-Type", "application/json")
	setCommon(w.Header())
	_ = json.NewEncoder(w).Encode(out) // the browser may be gone
}

// setCommon keeps the pages of other servers from using an answer.
func setCommon(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
}

type answer struct {
	Streams  []stream
	Refusals []activity.Refusal
	Control  bool
}

type stream struct {
	Name, ARN        string
	Status           putrecords.StreamStatus
	RecordsPerSecond int   // of a shard; -1 means no limit
	BytesPerSecond   int64 // of a shard; -1 means no limit
	Distinct         int
	MoreDistinct     bool // there are more than Distinct
	Shards           []shard
	Records          []activity.Record
}

type shard struct {
	ID                        string
	Open                      bool
	From, Share               float64 // of the hash space, which is 1
	Start, End                putrecords.HashKey
	Stored, Throttled, Failed putrecords.Count
}

func (s State) describe(st *putrecords.Stream) stream {
	limits := st.Limits()
	out := stream{
		Name: st.Name(), ARN: st.ARN(), Status: st.Status(),
		RecordsPerSecond: limits.RecordsPerSecond, BytesPerSecond: limits.BytesPerSecond,
		Shards: []shard{}, Records: s.Activity.Records(st),
	}
	out.Distinct, out.MoreDistinct = s.Activity.Distinct(st)
	for _, stats := range st.Stats() {
		info, _ := st.Shard(stats.ShardID)
		keys := info.HashKeyRange
		_, open := st.TakesRecords(stats.ShardID)
		out.Shards = append(out.Shards, shard{
			ID: stats.ShardID, Open: open,
			From: fraction(keys.StartingHashKey), Share: fraction(keys.EndingHashKey) - fraction(keys.StartingHashKey),
			Start: keys.StartingHashKey, End: keys.EndingHashKey,
			Stored: stats.Stored, Throttled: stats.Throttled, Failed: stats.Failed,
		})
	}
	return out
}

// fraction returns how far a hash key is into the hash space, from 0 to 1.
func fraction(key putrecords.HashKey) float64 {
	return float64(binary.BigEndian.Uint64(key[:8])) / (1 << 64)
}
