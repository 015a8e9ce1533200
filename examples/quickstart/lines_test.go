package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/putrecords/putrecords"
)

func TestParseLog(t *testing.T) {
	for _, test := range []struct {
		log   string
		key   int
		lines []line
		blank int
	}{
		{"", 1, nil, 0},
		{"\n\r\n \t\n", 1, nil, 3},
		{"a 1\nb 2\n", 1, []line{{1, "a", []byte("a 1")}, {2, "b", []byte("b 2")}}, 0},
		{"a 1\nb 2", 2, []line{{1, "1", []byte("a 1")}, {2, "2", []byte("b 2")}}, 0},
		{"a\r\n\r\nb\r\n", 1, []line{{1, "a", []byte("a")}, {3, "b", []byte("b")}}, 1},
		{"a\r\r\nb\r", 1, []line{{1, "a", []byte("a\r")}, {2, "b", []byte("b\r")}}, 0},
		{"  a \t b  \n", 2, []line{{1, "b", []byte("  a \t b  ")}}, 0},
		{"\xff \x00\n", 1, []line{{1, "\xff", []byte("\xff \x00")}}, 0},
	} {
		got, err := parseLog("x.log", []byte(test.log), test.key)
		if want := (input{"x.log", test.lines, test.blank}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v, want %+v", test.log, got, err, want)
		}
	}
}

func TestLongLine(t *testing.T) {
	long := "k " + strings.Repeat("x", 300_000)
	in, err := parseLog("x.log", []byte("a\n"+long+"\nb\n"), 1)
	if err != nil || len(in.lines) != 3 || string(in.lines[1].data) != long {
		t.Errorf("%d lines, %v", len(in.lines), err)
	}
}

// What the program refuses is what a stream would refuse.
func TestCheckAgreesWithLimits(t *testing.T) {
	name := "stream"
	for _, test := range []struct {
		key  string
		data int // bytes
		ok   bool
	}{
		{strings.Repeat("k", 255), 300, true},
		{strings.Repeat("k", 256), 300, true},
		{strings.Repeat("k", 257), 300, false},
		{strings.Repeat("é", 256), 600, true},
		{strings.Repeat("é", 257), 600, false},
		{"kkkk", 1<<20 - 5, true},
		{"kkkk", 1<<20 - 4, true},
		{"kkkk", 1<<20 - 3, false},
	} {
		l := line{1, test.key, make([]byte, test.data)}
		published := putrecords.Limits{}.Validate(&putrecords.Input{
			Records:    input{lines: []line{l}}.entries(),
			StreamName: &name,
		})
		if err := l.check(); (err == nil) != test.ok || (published == nil) != test.ok {
			t.Errorf("key of %d bytes, data of %d: got %v, and a stream %v", len(test.key), test.data, err, published)
		}
	}
}
