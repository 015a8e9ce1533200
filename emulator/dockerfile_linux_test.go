package main

import (
	"bufio"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/putrecords/putrecords/internal/image"
)

func TestDockerfile(t *testing.T) {
	if _, err := os.Stat("../go.work"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: this module is not in a clone of its repository")
	}
	built := image.Build(t, "emulator")
	data := filepath.Join(built.Root, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	built.WantLines(t,
		"FROM scratch",
		"COPY --from=build /out/emulator /emulator",
		"COPY --from=build --chown="+built.User+":"+built.User+" /out/data /data",
		"EXPOSE 4567",
		`ENTRYPOINT ["/emulator", "-addr", ":4567"]`,
	)
	process, user := built.Command(t, "-addr", "127.0.0.1:0", "-data", "/data")
	if err := os.Chown(data, user, user); err != nil {
		t.Fatal(err)
	}
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	addr := readAddr(t, bufio.NewReader(pipe), "http")
	health, err := http.NewRequest(http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	status, body, err := do(http.DefaultClient, health)
	if err != nil || status != http.StatusOK || body != "ok" {
		t.Errorf("status %d, body %q, error %v", status, body, err)
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil { // docker stop does this
		t.Fatal(err)
	}
	if err := process.Wait(); err != nil {
		t.Error(err)
	}
}
