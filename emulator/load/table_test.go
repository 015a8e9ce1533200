package main

import (
	"bytes"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	o := options{calls: 500, records: 500, bytes: 100, connections: 8, rounds: 3, time: 5 * time.Second}
	for _, test := range []struct {
		results []*result
		want    string // below the first line
	}{
		{
			[]*result{
				{
					target: target{url: "http://127.0.0.1:4567", pid: 7}, rates: []float64{1_200_000, 1_000_000.4, 900_000},
					records: 1_000_000, server: 500 * time.Millisecond, client: 60 * time.Millisecond,
				},
				{target: target{url: "http://[::1]:1"}, rates: []float64{19_000, 20_000, 21_000}, records: 1000},
			},
			"" +
				"  endpoint               records/s  lowest  highest  × last  server ns/record  client ns/record\n" +
				"  http://127.0.0.1:4567    1000000  900000  1200000   50.00               500                60\n" +
				"  http://[::1]:1             20000   19000    21000    1.00                 -                 -\n",
		},
		{ // nothing was accepted
			[]*result{{target: target{url: "http://[::1]:1"}, rates: []float64{0}, failed: 10, server: time.Second}},
			"" +
				"  endpoint        records/s  lowest  highest  × last  server ns/record  client ns/record\n" +
				"  http://[::1]:1          0       0        0       -                 -                 -\n",
		},
		{ // the client took as much time as the first server, and more than the second
			[]*result{
				{target: target{url: "http://[::1]:1"}, rates: []float64{1}, records: 10, server: time.Second, client: time.Second},
				{target: target{url: "http://[::1]:2"}, rates: []float64{1}, records: 10, server: time.Second, client: time.Second + 1},
				{target: target{url: "http://[::1]:3"}, rates: []float64{1}, records: 10, client: time.Second},
			},
			"" +
				"  endpoint        records/s  lowest  highest  × last  server ns/record  client ns/record\n" +
				"  http://[::1]:1          1       1        1    1.00         100000000         100000000\n" +
				"  http://[::1]:2          1       1        1    1.00         100000000         100000000\n" +
				"  http://[::1]:3          1       1        1    1.00                 -         100000000\n" +
				"\nThis program took more CPU time than http://[::1]:2, so it may be what limits the records/s.\n",
		},
	} {
		var got bytes.Buffer
		if err := writeTable(&got, o, test.results); err != nil {
			t.Fatal(err)
		}
		const first = "PutRecords in JSON with 500 × 100 bytes and 36-byte keys on 8 connections; 3 rounds of 500 calls or 5s\n\n"
		if want := first + test.want; got.String() != want {
			t.Errorf("got\n%s\nwant\n%s", &got, want)
		}
	}
}
