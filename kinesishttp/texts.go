package kinesishttp

import "strings"

// A texts copies texts, many with one allocation. The copies stay valid whatever becomes of the
// texts.
type texts struct {
	room    strings.Builder // only filled up, so what it holds stays as it is
	strings []string
}

// How much room is made at once.
const (
	textBytes   = 4 << 10
	textStrings = 64
)

func (t *texts) copy(s []byte) *string {
	if t.room.Cap()-t.room.Len() < len(s) {
		t.room.Reset() // the copies keep the old room
		t.room.Grow(textBytes)
	}
	if len(t.strings) == cap(t.strings) {
		t.strings = make([]string, 0, textStrings)
	}
	start := t.room.Len()
	t.room.Write(s)
	t.strings = append(t.strings, t.room.String()[start:])
	return &t.strings[len(t.strings)-1]
}
