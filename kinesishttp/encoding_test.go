package kinesishttp_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/putrecords/putrecords/kinesishttp"
)

// An itself encodes itself in JSON.
type itself struct{ A string }

func (a itself) AppendJSON(b []byte) []byte { return append(b, `{"itself":"`+a.A+`"}`...) }

func TestAnswerThatEncodesItselfInJSON(t *testing.T) {
	handler := kinesishttp.NewHandler()
	handler.Handle("Test", func(context.Context, *kinesishttp.Request) (any, error) { return itself{"a"}, nil })
	wantAnswer(t, handler, "Test", `{}`, 200, `{"itself":"a"}`)
	if status, got := callCBOR(t, handler, "Test", map[string]any{}); status != 200 || !reflect.DeepEqual(got, map[string]any{"A": "a"}) {
		t.Errorf("in CBOR: %d %v", status, got)
	}
}
