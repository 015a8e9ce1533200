package producer_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords/examples/producer"
)

// a1 fails twice. With Ordered, the records behind it wait, and those with other keys do not.
func TestOrder(t *testing.T) {
	for name, test := range map[string]struct {
		ordered bool
		want    []string
	}{
		"unordered": {false, []string{"100ms: a1 a2 b1 b2", "350ms: a1", "650ms: a3 a1"}},
		"ordered":   {true, []string{"100ms: a1 b1", "150ms: b2", "350ms: a1", "700ms: a1", "750ms: a2", "800ms: a3"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				d.takes = 50 * time.Millisecond
				d.fails = func(attempt int, data string) bool { return data == "a1" && attempt < 3 }
				p := newProducer(t, d, producer.Config{Ordered: test.ordered})
				for _, data := range []string{"a1", "a2", "b1", "b2"} {
					put(t, p, data[:1], data)
				}
				time.Sleep(550 * time.Millisecond)
				put(t, p, "a", "a3")
				time.Sleep(time.Minute)
				closeProducer(t, p)
				if !slices.Equal(d.entries, test.want) {
					t.Errorf("requests %q, want %q", d.entries, test.want)
				}
			})
		})
	}
}
