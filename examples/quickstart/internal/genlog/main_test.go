package main

import (
	"bytes"
	"net/netip"
	"os"
	"testing"
)

func TestSampleIsWhatIsGenerated(t *testing.T) {
	sample, err := os.ReadFile("../../access.log")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(generate(), sample) {
		t.Error("access.log is not what genlog writes; go generate ./quickstart writes it anew")
	}
}

func TestAddressesAreForDocumentation(t *testing.T) {
	ranges := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	}
	n := 0
	for line := range bytes.Lines(generate()) {
		n++
		first, _, _ := bytes.Cut(line, []byte(" "))
		address, err := netip.ParseAddr(string(first))
		if err != nil {
			t.Fatal(err)
		}
		documented := false
		for _, r := range ranges {
			documented = documented || r.Contains(address)
		}
		if !documented {
			t.Errorf("%v is a real address", address)
		}
	}
	if n != lines {
		t.Errorf("%d lines, want %d", n, lines)
	}
}
