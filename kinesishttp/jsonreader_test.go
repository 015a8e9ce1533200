package kinesishttp_test

import (
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
	"github.com/putrecords/putrecords/kinesishttp"
)

func TestMalformedJSON(t *testing.T) {
	record := `{"Data":"","PartitionKey":"a"}`
	for _, body := range []string{
		``, ` `, `hello`, `null`, `true`, `34`, `"hi"`, `[]`, `[` + record + `]`, `{`, `{"StreamName"`, `{"StreamName":"stream",}`,
		`{StreamName:"stream"}`, `{'StreamName':'stream'}`, `{"StreamName":"stream","Records":[` + record + `]`,
		`{"StreamName":"stream","Records":[` + record + `,]}`,
		`{"StreamName":"stream","Records":[` + record + `}]`,
		`{"StreamName":"stream","Records":[` + record + `]}{}`,
		`{"StreamName":"stream","Records":[` + record + `]} x`,
		`{"StreamName":"stream","Records":[` + record + `]}` + "\x00",
		`{"StreamName":"stream","StreamName":"stream","Records":[` + record + `]}`,
		`{"StreamName":"stream","Stream\u004eame":"stream","Records":[` + record + `]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"a","Data":""}]}`,
		`{"StreamName":"stream","Records":[` + record + `],"Other":{"a":1,"a":2}}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"` + "\xff" + `"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"\ud800"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"` + "\n" + `"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"","PartitionKey":"\x"}]}`,
		`{"StreamName":"stream","Records":[{"Data":"aGk=,"PartitionKey":"a"}]}`,
		`{"StreamName":"stream","Records":[` + record + `],"Other":01}`,
		`{"StreamName":"stream","Records":[` + record + `],"DryRun":nil}`,
		`{"StreamName":"stream","Records":[` + record + `],"DryRun":truth}`,
		`// a comment` + "\n" + `{"StreamName":"stream","Records":[` + record + `]}`,
		strings.Repeat(`{"Other":`, 20_000) + `1` + strings.Repeat(`}`, 20_000),
		`{"Other":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
		// A malformed body takes precedence over a value of the wrong type.
		`{"StreamName":true,"Records":[` + record + `]`,
		`{"Limit":12x}`,
		`{"Limit":1.}`,
		`{"MaxResults":1.,"StreamCreationTimestamp":1.}`,
		`{"Records":[{"Data":"\x"}]}`,
		`{"Data":"\x"}`,
	} {
		stream := newStream(putrecords.Config{})
		handler := kinesishttp.NewHandler(stream)
		for _, operation := range operations {
			wantAnswer(t, handler, operation, body, 400, `{"__type":"SerializationException"}`)
		}
		if n := stored(t, stream); n != 0 {
			t.Errorf("%s: %d records are stored", cut(body), n)
		}
	}
}
