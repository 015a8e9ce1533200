package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readGetRecords reads what "aws kinesis get-records" prints, several times if there are several.
func readGetRecords(r io.Reader, add addFunc) error {
	in := json.NewDecoder(r)
	number := int64(0)
	for {
		if err := expect(in, '{'); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		for in.More() {
			member, err := in.Token()
			if err != nil {
				return err
			}
			if member != "Records" {
				if err := in.Decode(&json.RawMessage{}); err != nil {
					return err
				}
				continue
			}
			if number, err = readRecords(in, add, number); err != nil {
				return err
			}
		}
		if _, err := in.Token(); err != nil { // }
			return err
		}
	}
}

// readRecords reads a list of records, and returns the number of the last.
func readRecords(in *json.Decoder, add addFunc, number int64) (int64, error) {
	if err := expect(in, '['); err != nil {
		return number, err
	}
	for in.More() {
		number++
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return number, err
		}
		raw, err := getRecordsRecord(value)
		if err := add(raw, err, "record", number); err != nil {
			return number, err
		}
	}
	_, err := in.Token() // ]
	return number, err
}

// expect reads a token, which must be the delimiter.
func expect(in *json.Decoder, want json.Delim) error {
	token, err := in.Token()
	if err == nil && token != want {
		err = fmt.Errorf("%v, where %v must be", token, want)
	}
	return err
}

func getRecordsRecord(value []byte) (raw rawRecord, err error) {
	var in struct {
		ApproximateArrivalTimestamp json.RawMessage
		Data                        *string
		PartitionKey                *string
	}
	if err := json.Unmarshal(value, &in); err != nil {
		return raw, err
	}
	if in.ApproximateArrivalTimestamp == nil || in.Data == nil || in.PartitionKey == nil {
		return raw, errors.New("it needs the members ApproximateArrivalTimestamp, Data and PartitionKey")
	}
	if raw.time, err = jsonTime(in.ApproximateArrivalTimestamp); err != nil {
		return raw, err
	}
	decoded, err := base64.StdEncoding.DecodeString(*in.Data)
	raw.key, raw.bytes = []byte(*in.PartitionKey), len(decoded)
	return raw, err
}
