package kinesishttp_test

import (
	"os"
	"strings"
	"testing"
)

// An importer keeps the AWS SDK that it has: the tests that use it are in modules of their own.
func TestRequiresNoAWSSDK(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "github.com/aws/") {
		t.Errorf("go.mod requires a module of the AWS SDK:\n%s", text)
	}
}
