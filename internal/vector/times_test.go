package vector

import (
	"cmp"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// digits returns a sequence number. Its seconds are counted from when the stream of the vector is
// created.
func digits(shard uint32, created int64, position string, arrived int64) string {
	return number{shard, began.Unix() + created, began.Unix() + arrived, position}.String()
}

// parts returns the parts of a sequence number as a vector has them.
func parts(shard int, created int64, position string, arrived int64) string {
	text := fmt.Sprintf(`{"shard": %d, "created": %q, "arrived": %q`, shard, second(created), second(arrived))
	if position != "" {
		text += fmt.Sprintf(`, "position": %q`, position)
	}
	return text + "}"
}

// second returns a second, counted as in digits, as a vector has it.
func second(n int64) string { return clock(began.Unix() + n) }

// Positions of a record, and of the ending number of a shard.
const (
	somewhere    = "0000000000000005"
	lastPosition = "7fffffffffffffff"
)

func TestNumbersOnAnExactClock(t *testing.T) {
	right := digits(18, 1, somewhere, 2)
	for _, test := range []struct {
		name, want  string // the parts
		got         any
		differences []Difference
	}{
		{"the same", parts(18, 1, "", 2), right, nil},
		{"the same position", parts(18, 1, somewhere, 2), right, nil},
		{"another position", parts(18, 1, firstPosition, 2), right, []Difference{
			{Numbers, "N", "has position 0000000000000005, want 0000000000000000"},
		}},
		{"another shard", parts(17, 1, "", 2), right, []Difference{{Numbers, "N", "is of shard 18, want 17"}}},
		{"created a second early", parts(18, 2, "", 2), right, []Difference{
			{Numbers, "N", "was created at " + second(1) + ", want " + second(2)},
		}},
		{"created a second late", parts(18, 0, "", 2), right, []Difference{
			{Numbers, "N", "was created at " + second(1) + ", want " + second(0)},
		}},
		{"arrived a second early", parts(18, 1, "", 3), right, []Difference{
			{Numbers, "N", "arrived at " + second(2) + ", want " + second(3)},
		}},
		{"arrived a second late", parts(18, 1, "", 1), right, []Difference{
			{Numbers, "N", "arrived at " + second(2) + ", want " + second(1)},
		}},
		{"everything else", parts(0, 0, firstPosition, 0), right, []Difference{
			{Numbers, "N", "is of shard 18, want 0"},
			{Numbers, "N", "has position 0000000000000005, want 0000000000000000"},
			{Numbers, "N", "was created at " + second(1) + ", want " + second(0)},
			{Numbers, "N", "arrived at " + second(2) + ", want " + second(0)},
		}},
		{"another layout", parts(18, 1, "", 2), "1" + right[1:], []Difference{
			{Numbers, "N", "1" + right[1:] + " is " + hex("1"+right[1:]) + ", which does not have the layout of a sequence number"},
		}},
		{"one digit less", parts(18, 1, "", 2), right[1:], []Difference{{Numbers, "N", `"` + right[1:] + `" is not 56 digits`}}},
		{"one digit more", parts(18, 1, "", 2), "0" + right, []Difference{{Numbers, "N", `"0` + right + `" is not 56 digits`}}},
		{"a number that is 1", parts(18, 1, "", 2), "1", []Difference{{Numbers, "N", `"1" is not 56 digits`}}},
		{"no decimal number", parts(18, 1, "", 2), "0x1", []Difference{{Code, "N", `is "0x1", want a decimal number`}}},
		{"a sign", parts(18, 1, "", 2), "+" + right[1:], []Difference{{Code, "N", `is "+` + right[1:] + `", want a decimal number`}}},
		{"an empty number", parts(18, 1, "", 2), "", []Difference{{Code, "N", `is "", want a decimal number`}}},
		{"a number without quotes", parts(18, 1, "", 2), 5.0, []Difference{{Code, "N", "is 5, want a sequence number"}}},
		{"null", parts(18, 1, "", 2), nil, []Difference{{Code, "N", "is null, want a sequence number"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRun(t, fmt.Sprintf(`{"action": "ListShards", "status": 200, "answer": {"N": %s}}`, test.want))
			wantDifferences(t, check(t, r, Answer{Status: 200, Body: map[string]any{"N": test.got}}), test.differences...)
		})
	}
}

// Malformed parts are the vector's fault, and say so.
func TestMalformedPartsAreReported(t *testing.T) {
	for _, test := range []struct{ want, problem string }{
		{`{"shard": "1", "created": "2026-03-04T05:06:07Z", "arrived": "2026-03-04T05:06:07Z"}`, "has no shard"},
		{`{"shard": 1, "created": "2026-03-04T05:06:07Z"}`, "arrived: "},
		{`{"shard": 1, "created": "2026-03-04", "arrived": "2026-03-04T05:06:07Z"}`, "created: "},
	} {
		r := newRun(t, fmt.Sprintf(`{"action": "ListShards", "status": 200, "answer": {"N": %s}}`, test.want))
		result := check(t, r, Answer{Status: 200, Body: map[string]any{"N": digits(1, 0, somewhere, 0)}})
		if d := result.Differences; len(d) != 1 || d[0].Level != Code || !strings.Contains(d[0].Problem, "the vector is malformed: ") ||
			!strings.Contains(d[0].Problem, test.problem) {
			t.Errorf("the differences from %s are %v, want one with %q", test.want, d, test.problem)
		}
	}
}

// hex returns a decimal number in hexadecimal.
func hex(decimal string) string {
	value, _ := new(big.Int).SetString(decimal, 10)
	return value.Text(16)
}

// An exact clock may be ahead of the vector's.
func TestNumbersOnAShiftedClock(t *testing.T) {
	const shift = 3600
	step := fmt.Sprintf(`{"action": "ListShards", "status": 200, "answer": {"N": %s}}`, parts(1, 0, "", 2))
	for _, test := range []struct {
		got         string
		differences []Difference
	}{
		{digits(1, shift, somewhere, shift+2), nil},
		{digits(1, 0, somewhere, shift+2), []Difference{{Numbers, "N", "was created at " + second(0) + ", want " + second(shift)}}},
		{digits(1, shift, somewhere, 2), []Difference{{Numbers, "N", "arrived at " + second(2) + ", want " + second(shift+2)}}},
		{digits(1, shift, somewhere, shift+3), []Difference{{Numbers, "N", "arrived at " + second(shift+3) + ", want " + second(shift+2)}}},
	} {
		r := NewRun(newVector(t, step), orders, true, shift*time.Second)
		wantDifferences(t, check(t, r, Answer{Status: 200, Body: map[string]any{"N": test.got}}), test.differences...)
	}
}

// ahead is what the clock of a server on its own is ahead of the vector's.
const ahead = 1000

// A call is one step on a server whose clock is its own.
type call struct {
	action      string
	name        string // of the member with the number; "" is SequenceNumber
	at          int64  // seconds after the stream is created, in the vector
	want        string // the parts of the number in the answer
	got         string
	sent, took  time.Duration // since the stream is created, on the server
	differences []Difference
}

// runCalls performs calls on a server whose clock is its own.
func runCalls(t *testing.T, calls ...call) {
	t.Helper()
	var steps []string
	for i, c := range calls {
		calls[i].name = cmp.Or(c.name, "SequenceNumber")
		steps = append(steps, fmt.Sprintf(`{"at": %q, "action": %q, "status": 200, "answer": {%q: %s}}`,
			second(c.at), c.action, calls[i].name, c.want))
	}
	r := NewRun(newVector(t, steps...), orders, false, 0)
	for _, c := range calls {
		sent := began.Add(ahead*time.Second + c.sent)
		answer := Answer{Status: 200, Body: map[string]any{c.name: c.got}, Sent: sent, Received: sent.Add(c.took)}
		wantDifferences(t, check(t, r, answer), c.differences...)
		r.Next(answer)
	}
}

// On a server with its own clock, a record arrives while it is written, give or take the leeway.
func TestRecordsArriveDuringTheCall(t *testing.T) {
	const sent, took = 10 * time.Second, 2 * time.Second // at 10.8 to 12.8 seconds, with the leeway 7.8 to 15.8
	for _, test := range []struct {
		arrived int64
		right   bool
	}{
		{6, false}, // ends at 7
		{7, true},
		{11, true},
		{15, true},
		{16, false},
	} {
		for _, action := range []string{"PutRecord", "PutRecords"} {
			c := call{
				action: action, at: 4, want: parts(0, 0, "", 4), got: digits(0, ahead, somewhere, ahead+test.arrived),
				sent: sent, took: took,
			}
			if !test.right {
				c.differences = []Difference{{Numbers, "SequenceNumber", fmt.Sprintf("arrived at %s, but the call was at %s",
					second(ahead+test.arrived), second(ahead+10))}}
			}
			runCalls(t, c)
		}
	}
}

// The second of the call says nothing about records that arrived earlier, or are only read.
func TestRecordsArriveDuringNoOtherCall(t *testing.T) {
	late := digits(0, ahead, somewhere, ahead+500)
	runCalls(
		t,
		call{action: "PutRecords", at: 4, want: parts(0, 0, "", 3), got: late},
		call{action: "GetRecords", at: 4, want: parts(0, 0, "", 4), got: late},
		call{action: "ListShards", at: 4, want: parts(0, 0, "", 4), got: late},
	)
}

// starting returns a call whose answer has the starting number of a shard.
func starting(shard int, want, got int64, differences ...Difference) call {
	return call{
		action: "ListShards", name: "StartingSequenceNumber", want: parts(shard, want, "", want),
		got: digits(uint32(shard), got, firstPosition, got), differences: differences,
	}
}

// ending returns a call whose answer has the ending number of a shard.
func ending(shard int, want, got int64, differences ...Difference) call {
	return call{
		action: "ListShards", name: "EndingSequenceNumber", want: parts(shard, 0, lastPosition, want),
		got: digits(uint32(shard), ahead, lastPosition, got), differences: differences,
	}
}

// On a server with its own clock, the second in which a shard was created is learned, and stays.
func TestCreationSecondsStay(t *testing.T) {
	wrong := func(got, want int64) Difference {
		return Difference{Numbers, "StartingSequenceNumber", "was created at " + second(got) + ", want " + second(want)}
	}
	runCalls(
		t,
		starting(0, 0, ahead-3),
		starting(0, 0, ahead-3),
		starting(0, 0, ahead-2, wrong(ahead-2, ahead-3)),
		// The stream's first shards are created together.
		starting(1, 0, ahead-3),
		starting(2, 0, ahead-4, wrong(ahead-4, ahead-3)),
		// Other shards are not, even if they are in the vector.
		starting(3, 2, ahead+9),
		starting(4, 2, ahead+12),
		starting(3, 2, ahead+10, wrong(ahead+10, ahead+9)),
		starting(4, 2, ahead+12),
		// A stream that is created again has new shards.
		starting(0, 50, ahead+80),
	)
}

// On a server with its own clock, a shard's starting number has its creation second twice.
func TestStartingNumbersArriveAtCreation(t *testing.T) {
	for _, arrived := range []int64{ahead - 1, ahead, ahead + 1} {
		c := starting(0, 0, ahead)
		c.got = digits(0, ahead, firstPosition, arrived)
		if arrived != ahead {
			c.differences = []Difference{{Numbers, "StartingSequenceNumber", "arrived at " + second(arrived) + ", want " + second(ahead)}}
		}
		runCalls(t, c)
	}
}

// On a server with its own clock, the second in which a shard closed is learned, and stays. A shard
// may be open longer than in the vector.
func TestClosingSecondsStay(t *testing.T) {
	runCalls(
		t,
		ending(0, 1, ahead+8),
		ending(0, 1, ahead+8),
		ending(0, 1, ahead+9, Difference{Numbers, "EndingSequenceNumber", "closed at " + second(ahead+9) + ", want " + second(ahead+8)}),
		ending(1, 1, ahead+9),
		// A stream that is created again has new shards.
		ending(0, 60, ahead+90),
	)
}

// On a server with its own clock, children are created one second after their parents closed.
func TestChildrenAreCreatedASecondAfterTheClosing(t *testing.T) {
	for _, test := range []struct {
		created int64
		right   bool
	}{{20, false}, {21, true}, {22, false}} {
		child := call{
			action: "PutRecords", at: 4, want: parts(1, 2, "", 4), got: digits(1, ahead+test.created, somewhere, ahead+30),
			sent: 30 * time.Second,
		}
		childAfter := child
		if !test.right {
			childAfter.differences = []Difference{{
				Numbers, "SequenceNumber",
				"was created at " + second(ahead+test.created) + ", want " + second(ahead+21),
			}}
		}
		runCalls(t, ending(0, 1, ahead+20), childAfter)
		runCalls(t, child, ending(0, 1, ahead+20), childAfter)
	}
}

// Two reshards in one second of the vector may be in different ones on the server.
func TestReshardsInOneSecondMayTakeLonger(t *testing.T) {
	runCalls(
		t,
		ending(0, 1, ahead+20),
		ending(1, 1, ahead+25),
		starting(2, 2, ahead+21),
		starting(3, 2, ahead+26),
		starting(4, 2, ahead+23, Difference{
			Numbers, "StartingSequenceNumber",
			"was created at " + second(ahead+23) + ", want " + second(ahead+21),
		}),
	)
}

// A wrong answer, or an element of an array that is not the wanted one, teaches nothing.
func TestOnlyRightAnswersTeach(t *testing.T) {
	contains := fmt.Sprintf(`{"action": "ListShards", "status": 200, "answer": {"Shards": {"$contains": [{"ShardId": "a", "N": %s}]}}}`,
		parts(0, 0, firstPosition, 0))
	first := func(created int64) string { return digits(0, created, firstPosition, created) }
	r := NewRun(newVector(t, contains, contains), orders, false, 0)
	elements := func(id string, created int64) Answer {
		return Answer{Status: 200, Body: decode(t, fmt.Sprintf(`{"Shards": [{"ShardId": "b", "N": %q}, {"ShardId": %q, "N": %q}]}`,
			first(ahead+7), id, first(created)))}
	}
	if result := check(t, r, elements("c", ahead+8)); !Has(result.Differences, Code) {
		t.Error("an array without the element is right")
	}
	wantDifferences(t, check(t, r, elements("a", ahead+9)))
	r.Next(elements("a", ahead+9))
	wantDifferences(t, check(t, r, elements("a", ahead+9)))
	wantDifferences(t, check(t, r, elements("a", ahead+10)),
		Difference{Numbers, "Shards[2].N", "was created at " + second(ahead+10) + ", want " + second(ahead+9)})
}
