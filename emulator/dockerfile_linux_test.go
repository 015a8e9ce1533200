package main

import (
	"bufio"
	"debug/elf"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The image is built here without Docker: the Dockerfile's command makes the program, which then
// runs in a directory that has nothing else, as the Dockerfile's user. Only root can do the latter.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("../go.work"); errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: this module is not in a clone of its repository")
	}
	root := t.TempDir()
	buildAsImage(t, string(text), filepath.Join(root, "emulator"))
	data := filepath.Join(root, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}

	last := string(text[strings.LastIndex(string(text), "FROM "):])
	user := find(t, last, `(?m)^USER (\d+):\d+$`)
	for _, line := range []string{
		"FROM scratch",
		"COPY --from=build /out/emulator /emulator",
		"COPY --from=build --chown=" + user + ":" + user + " /out/data /data",
		"EXPOSE 4567",
		`ENTRYPOINT ["/emulator", "-addr", ":4567"]`,
	} {
		if !strings.Contains(last, line+"\n") {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	id, err := strconv.ParseUint(user, 10, 32)
	if err != nil || id == 0 {
		t.Fatalf("the user is %q, error %v", user, err)
	}
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can run a program in another root directory")
	}
	for _, dir := range []string{root, filepath.Dir(root)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(data, int(id), int(id)); err != nil {
		t.Fatal(err)
	}
	process := exec.CommandContext(t.Context(), "/emulator", "-addr", "127.0.0.1:0", "-data", "/data")
	process.Dir, process.Env = "/", []string{}
	process.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id)},
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

// buildAsImage builds the program with the Dockerfile's command. It must be static, because the
// image has no libraries.
func buildAsImage(t *testing.T, dockerfile, file string) {
	t.Helper()
	command := find(t, dockerfile, `(?m)^RUN (CGO_ENABLED=0 go build -o /out/emulator .*)$`)
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "/out/emulator", file, 1))
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, output)
	}
	program, err := elf.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP {
			t.Error("the program needs a dynamic loader")
		}
	}
}

// find returns what the expression's group matches.
func find(t *testing.T, text, expression string) string {
	t.Helper()
	match := regexp.MustCompile(expression).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no line matches %s", expression)
	}
	return match[1]
}
