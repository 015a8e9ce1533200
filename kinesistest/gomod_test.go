package kinesistest_test

import (
	"os"
	"regexp"
	"testing"
)

// An importer keeps the AWS SDK that it has: this module asks for the oldest one.
func TestRequiresTheOldestAWSSDK(t *testing.T) {
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	required := regexp.MustCompile(`(github\.com/aws/\S+) (\S+)`).FindAllStringSubmatch(string(text), -1)
	if len(required) != 3 {
		t.Errorf("go.mod requires %d modules of the AWS SDK, want 3: %q", len(required), required)
	}
	for _, module := range required {
		if module[2] != "v1.0.0" {
			t.Errorf("go.mod requires %s %s, want v1.0.0", module[1], module[2])
		}
	}
}
