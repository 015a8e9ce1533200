package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/putrecords/putrecords/internal/command"
)

func noEnvironment(string) string { return "" }

func TestOptionsAreRefused(t *testing.T) {
	const endpoint = "-endpoint http://localhost:4567 "
	for args, want := range map[string]string{
		"":                                   "-endpoint is missing",
		"-endpoint localhost:4567":           "must be a URL such as http://localhost:4567",
		"-endpoint ftp://localhost":          "must be a URL such as http://localhost:4567",
		"-endpoint http://localhost/kinesis": "without a path",
		"-endpoint http://a:b@localhost":     "must be a URL such as http://localhost:4567",
		endpoint + "extra":                   `unexpected argument "extra"`,
		endpoint + "-marks S,X":              `"X" is not one of S, P, D, I, ours`,
		endpoint + "-marks s":                `"s" is not one of`,
		endpoint + "-level code,words":       `"words" is not one of code, members, text, numbers`,
		endpoint + "-run (":                  "error parsing regexp",
		endpoint + "-parallel 0":             "must be a whole number from 1 to 32",
		endpoint + "-parallel 33":            "must be a whole number from 1 to 32",
		endpoint + "-timeout 999µs":          "-timeout is 999µs and must be from 1ms to 10m",
		endpoint + "-timeout 10m1ns":         "must be from 1ms to 10m",
		endpoint + "-baseline a -json a":     "-baseline and -json are both a",
		endpoint + "-control -stream x":      "-control and -stream cannot be used together",
		endpoint + "-json a -html a":         "-json and -html are both a;",
		endpoint + "-json - -junit -":        "-json and -junit are both -;",
		"-endpoint http://kinesis.eu-west-1.amazonaws.com -live -stream x":  "must be https",
		"-endpoint https://kinesis.eu-west-1.amazonaws.com":                 "allow it with -live and -stream",
		"-endpoint https://kinesis.eu-west-1.amazonaws.com -stream x":       "allow it with -live and -stream",
		"-endpoint https://kinesis.eu-west-1.amazonaws.com -live":           "-live needs -stream",
		"-endpoint https://kinesis.eu-west-1.amazonaws.com -live -stream x": "-live needs credentials",
	} {
		_, err := parseOptions(strings.Fields(args), noEnvironment)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &command.UsageError{}) {
			t.Errorf("%s: the error is %v, want a UsageError with %q", args, err, want)
		}
	}
}

func TestHostsOfAWS(t *testing.T) {
	for host, want := range map[string]bool{
		"kinesis.us-east-1.amazonaws.com":        true,
		"KINESIS.US-EAST-1.AMAZONAWS.COM.":       true,
		"kinesis.cn-north-1.amazonaws.com.cn":    true,
		"kinesis.us-east-1.api.aws":              true,
		"data.kinesis-fips.us-east-1.api.aws":    true,
		"amazonaws.com":                          true,
		"kinesis.us-iso-east-1.c2s.ic.gov":       true,
		"localhost":                              false,
		"127.0.0.1":                              false,
		"::1":                                    false,
		"myamazonaws.com":                        false,
		"amazonaws.com.example.org":              false,
		"localhost.localstack.cloud":             false,
		"kinesis":                                false,
		"kinesis.us-east-1.amazonaws.com.x.test": false,
	} {
		if got := isAWS(host); got != want {
			t.Errorf("isAWS(%q) is %t", host, got)
		}
	}
}

// The default marks leave out a vector that has only others. A vector with one that counts stays.
func TestSelected(t *testing.T) {
	all, err := loadVectors()
	if err != nil {
		t.Fatal(err)
	}
	count := func(args ...string) int {
		t.Helper()
		o, err := parseOptions(append(args, "-list"), noEnvironment)
		if err != nil {
			t.Fatal(err)
		}
		return len(selected(all, o))
	}
	every := count("-marks", "S,P,D,I,ours")
	if every != len(all) {
		t.Errorf("%d of %d vectors have some mark", every, len(all))
	}
	if byDefault := count(); byDefault >= every || byDefault != count("-marks", "S,P,D") {
		t.Errorf("%d of %d vectors run by default", byDefault, every)
	}
	if n := count("-run", "^04-status-200$"); n != 1 {
		t.Errorf("%d vectors are named 04-status-200", n)
	}
}
