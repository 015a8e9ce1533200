package producer_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/putrecords/putrecords/examples/producer"
)

// A request is sent when it is full, or when its first record has lingered.
func TestRequests(t *testing.T) {
	const mib = 1 << 20
	for name, test := range map[string]struct {
		sizes []int // of the records, including their one-byte keys
		want  []string
	}{
		"499 records": {slices.Repeat([]int{2}, 499), []string{"100ms: 499 records"}},
		"500 records": {slices.Repeat([]int{2}, 500), []string{"0s: 500 records"}},
		"501 records": {slices.Repeat([]int{2}, 501), []string{"0s: 500 records", "100ms: x"}},
		"2501 records": {slices.Repeat([]int{2}, 2501), []string{ // at most four are in flight
			"0s: 500 records", "0s: 500 records", "0s: 500 records", "0s: 500 records", "1s: 500 records", "1s: x",
		}},
		"5 MiB minus a byte": {[]int{mib, mib, mib, mib, mib - 1}, []string{"100ms: 5 records"}},
		"5 MiB":              {[]int{mib, mib, mib, mib, mib - 2, 2}, []string{"0s: 6 records"}},
		"5 MiB plus a byte":  {[]int{mib, mib, mib, mib, mib - 1, 2}, []string{"0s: 5 records", "100ms: x"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				d.takes = time.Second
				p := newProducer(t, d, producer.Config{})
				for _, size := range test.sizes {
					put(t, p, "k", strings.Repeat("x", size-1))
				}
				time.Sleep(10 * time.Second)
				closeProducer(t, p)
				slices.Sort(d.entries) // requests at the same instant come in any order
				if !slices.Equal(d.entries, test.want) {
					t.Errorf("requests %q, want %q", d.entries, test.want)
				}
			})
		})
	}
}

func TestLinger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		p := newProducer(t, d, producer.Config{Linger: time.Second})
		for _, data := range []string{"0s", "0.9s", "1.8s", "2.7s", "3.6s"} {
			put(t, p, "k", data)
			time.Sleep(900 * time.Millisecond)
		}
		put(t, p, "k", "4.5s")
		closeProducer(t, p) // does not linger
		if want := []string{"1s: 0s 0.9s", "2.8s: 1.8s 2.7s", "4.5s: 3.6s 4.5s"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}

// Only failed records are retried, with a growing backoff.
func TestRetries(t *testing.T) {
	for name, test := range map[string]struct {
		jitter func() float64
		want   []string
	}{
		"no jitter": {nil, []string{
			"1ms: a b c", "102ms: a c", "303ms: c", "704ms: c", "1.505s: c", "3.106s: c", "6.307s: c", "11.308s: c", "16.309s: c",
		}},
		"full jitter": {func() float64 { return 1 }, []string{
			"1ms: a b c", "52ms: a c", "153ms: c", "354ms: c", "755ms: c", "1.556s: c", "3.157s: c", "5.658s: c", "8.159s: c",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDiary()
				d.fails = func(attempt int, data string) bool { return data == "a" && attempt < 2 || data == "c" && attempt < 9 }
				attempts := map[string]int{}
				p := newProducer(t, d, producer.Config{
					Linger: time.Millisecond, // failed records linger again
					Jitter: test.jitter,
					Done:   func(r producer.Result) { attempts[string(r.Data)] = r.Attempts },
				})
				for _, data := range []string{"a", "b", "c"} {
					put(t, p, "k", data)
				}
				time.Sleep(time.Minute)
				closeProducer(t, p)
				if !slices.Equal(d.entries, test.want) {
					t.Errorf("requests %q, want %q", d.entries, test.want)
				}
				if attempts["a"] != 2 || attempts["b"] != 1 || attempts["c"] != 9 {
					t.Errorf("%v attempts reported", attempts)
				}
			})
		})
	}
}

// Failed records share requests with each other and with new records.
func TestRetriesShareRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.fails = func(attempt int, data string) bool { return attempt == 1 && data != "new" }
		p := newProducer(t, d, producer.Config{})
		put(t, p, "k", "a")
		time.Sleep(150 * time.Millisecond)
		put(t, p, "k", "b")
		time.Sleep(110 * time.Millisecond)
		put(t, p, "k", "new")
		time.Sleep(time.Second)
		closeProducer(t, p)
		if want := []string{"100ms: a", "250ms: b a", "360ms: new b"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}

func TestRequestsInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDiary()
		d.takes = time.Second
		p := newProducer(t, d, producer.Config{})
		for _, data := range []string{"a", "b", "c", "d", "e", "f"} {
			put(t, p, "k", data)
			time.Sleep(110 * time.Millisecond)
		}
		closeProducer(t, p)
		if want := []string{"100ms: a", "210ms: b", "320ms: c", "430ms: d", "1.1s: e f"}; !slices.Equal(d.entries, want) {
			t.Errorf("requests %q, want %q", d.entries, want)
		}
	})
}
