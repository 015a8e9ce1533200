package main

import (
	"strings"
	"testing"

	"github.com/putrecords/putrecords/internal/image"
)

func TestDockerfile(t *testing.T) {
	built := image.Build(t, "conformance")
	built.WantLines(t,
		"FROM scratch",
		"COPY --from=build /out/conformance /conformance",
		"COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
		`ENTRYPOINT ["/conformance"]`,
	)
	command, _ := built.Command(t, "-list")
	list, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(list), "\n01-name-or-arn ") {
		t.Errorf("-list prints\n%s\nerror %v", list, err)
	}
}
