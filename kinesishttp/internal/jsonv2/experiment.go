//go:build !go1.27 || !goexperiment.jsonv2

package jsonv2

import (
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type (
	Decoder = jsontext.Decoder
	Kind    = jsontext.Kind
	Token   = jsontext.Token
)

func NewDecoder(r io.Reader) *Decoder { return jsontext.NewDecoder(r) }

// Unquote decodes a JSON string.
func Unquote(quoted []byte) ([]byte, error) { return jsontext.AppendUnquote(nil, quoted) }

// Marshal encodes v and sorts the keys of maps.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, json.Deterministic(true)) }

// Unmarshal decodes data into v. It rejects members that v does not have.
func Unmarshal(data []byte, v any) error {
	return json.Unmarshal(data, v, json.RejectUnknownMembers(true))
}
