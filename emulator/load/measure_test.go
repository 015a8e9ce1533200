package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fakeClock returns a clock that advances by step on each reading, and by the duration of each
// sleep.
func fakeClock(step time.Duration) clock {
	var elapsed atomic.Int64
	after := func(d time.Duration) time.Time { return time.Unix(0, elapsed.Add(int64(d))) }
	return clock{
		now:   func() time.Time { return after(step) },
		sleep: func(d time.Duration) { after(d) },
	}
}

// optionsFor returns options for an endpoint that work with a fake clock.
func optionsFor(f *fake) options {
	return options{
		calls: 10, records: 2, bytes: 1, connections: 1, rounds: 2, time: time.Hour, stream: "load",
		targets: []target{{url: f.URL, address: f.Listener.Addr().String()}},
	}
}

// A round reads the clock once at its start, once per call and once at its end, so all rates are
// known.
func TestRates(t *testing.T) {
	f := newFake(t)
	calls := 0
	f.put = func(w http.ResponseWriter, _ *http.Request, in putInput) {
		failed := 0
		if calls++; calls == 14 { // one check, two to warm up, and ten in the first round
			failed = 1
		}
		fmt.Fprint(w, answer(len(in.Records), failed))
	}
	results, err := measure(optionsFor(f), fakeClock(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	// A round takes 1.1 s: ten calls and the end.
	if got := results[0]; got.records != 39 || got.failed != 1 || fmt.Sprintf("%.3f", got.rates) != "[18.182 17.273]" {
		t.Errorf("%+v", got)
	}
}

// When its time runs out, a round ends and counts the calls answered so far.
func TestTimeRunsOut(t *testing.T) {
	f := newFake(t)
	o := optionsFor(f)
	o.calls, o.time = 1000, 5*time.Second
	results, err := measure(o, fakeClock(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	// The fifth reading in a round is too late for another call; the sixth is the end.
	if got := results[0]; got.records != 2*4*2 || got.rates[0] != 4*2/6.0 {
		t.Errorf("%+v", got)
	}
	if want := 1 + 4 + 2*4; len(f.puts) != want { // time ends the warm-up too
		t.Errorf("%d calls, want %d", len(f.puts), want)
	}
}

func TestStreamIsCreated(t *testing.T) {
	f := newFake(t)
	statuses := []string{"", "", "CREATING", "CREATING", "ACTIVE"} // invisible at first
	f.status = func() string {
		status := statuses[0]
		statuses = statuses[1:]
		return status
	}
	if _, err := measure(optionsFor(f), fakeClock(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	const describe = "DescribeStreamSummary "
	want := "[" + describe + "CreateStream " + describe + describe + describe + describe + "PutRecords]"
	if got := fmt.Sprint(f.operations[:7]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStreamIsUnavailable(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*fake)
		want    string // after the endpoint
	}{
		"never active": {
			func(f *fake) { f.status = func() string { return "CREATING" } },
			`stream "load" is still CREATING after 10s, not ACTIVE`,
		},
		"never exists": {
			func(f *fake) { f.status = func() string { return "" } },
			`stream "load" is still missing after 10s, not ACTIVE`,
		},
		"not created": {
			func(f *fake) {
				f.status = func() string { return "" }
				f.create = func() string { return "LimitExceededException" }
			},
			`CreateStream returned 400 Bad Request: LimitExceededException{"ShardCount":4,"StreamName":"load"}`,
		},
		"not described": {
			func(f *fake) {
				f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					reject(w, http.StatusForbidden, "AccessDeniedException")
				})
			},
			"DescribeStreamSummary returned 403 Forbidden: AccessDeniedException",
		},
		"another service": {
			func(f *fake) {
				f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "Welcome") })
			},
			"DescribeStreamSummary: cannot decode the answer: invalid character 'W' looking for beginning of value",
		},
	} {
		f := newFake(t)
		test.prepare(f)
		_, err := measure(optionsFor(f), fakeClock(time.Millisecond))
		if want := f.URL + ": " + test.want; err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// A server may implement only PutRecords.
func TestServerCannotDescribeStreams(t *testing.T) {
	f := newFake(t)
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "Kinesis_20131202.PutRecords" {
			f.ServeHTTP(w, r)
			return
		}
		reject(w, http.StatusBadRequest, `{"__type":"UnknownOperationException"}`)
	})
	if _, err := measure(optionsFor(f), fakeClock(time.Millisecond)); err != nil {
		t.Error(err)
	}
}

func TestParseStat(t *testing.T) {
	const after = " S 1 2 3 4 5 6 7 8 9 10 123 45 1000 2000 20"
	for _, test := range []struct {
		stat string
		want time.Duration // 0 if an error
	}{
		{"7 (node)" + after, 1680 * time.Millisecond},
		{"7 (a b) 1 2 (c)" + after, 1680 * time.Millisecond},
		{"7 (node) S 1 2 3 4 5 6 7 8 9 10 123", 0},
		{"7 (node) S 1 2 3 4 5 6 7 8 9 10 x 45", 0},
		{"", 0},
	} {
		if got, err := parseStat(test.stat); got != test.want || (err == nil) != (test.want != 0) {
			t.Errorf("%q: got %v, %v, want %v", test.stat, got, err, test.want)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		numbers []float64
		want    float64
	}{
		{[]float64{3}, 3},
		{[]float64{3, 1}, 2},
		{[]float64{9, 1, 2}, 2},
		{[]float64{9, 4, 1, 2}, 3},
	} {
		if got := median(test.numbers); got != test.want {
			t.Errorf("%v: got %v, want %v", test.numbers, got, test.want)
		}
	}
}

func TestCPU(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip(err)
	}
	times, err := target{pid: os.Getpid()}.cpu() // the client's is read first
	if err != nil || times.client > times.server {
		t.Errorf("%+v, %v", times, err)
	}
	later, err := target{}.cpu()
	if err != nil || later.client < times.server || later.server != 0 {
		t.Errorf("%+v, %v, after %+v", later, err, times)
	}

	// The rounds use part of the total. The server runs in this process.
	f := newFake(t)
	o := optionsFor(f)
	o.targets[0].pid = os.Getpid()
	o.rounds = 10
	results, err := measure(o, fakeClock(time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	all, err := o.targets[0].cpu()
	if got := results[0]; err != nil || got.server < 0 || got.server > all.server || got.client < 0 || got.client > all.server {
		t.Errorf("%+v, %v, of %+v", got, err, all)
	}
}

// A server may take a moment to listen, but not forever.
func TestServerStarts(t *testing.T) {
	f := newFake(t)
	address := f.Listener.Addr().String()
	o := optionsFor(f)
	f.Close()
	c := fakeClock(time.Millisecond)
	started := false
	pass := c.sleep
	c.sleep = func(d time.Duration) {
		pass(d)
		if started {
			return
		}
		started = true
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: f.Config.Handler}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
	}
	if _, err := measure(o, c); err != nil {
		t.Error(err)
	}

	gone := newFake(t)
	o = optionsFor(gone)
	gone.Close()
	if _, err := measure(o, fakeClock(time.Second)); err == nil || !strings.HasPrefix(err.Error(), gone.URL+": dial tcp ") {
		t.Errorf("without a server: %v", err)
	}
}
