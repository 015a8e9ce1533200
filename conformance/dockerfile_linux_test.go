package main

import (
	"debug/elf"
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
	text := readText(t, "Dockerfile")
	root := t.TempDir()
	buildAsImage(t, text, filepath.Join(root, "conformance"))

	last := text[strings.LastIndex(text, "FROM "):]
	for _, line := range []string{
		"FROM scratch",
		"COPY --from=build /out/conformance /conformance",
		"COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt",
		`ENTRYPOINT ["/conformance"]`,
	} {
		if !strings.Contains(last, line+"\n") {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
	user := find(t, last, `(?m)^USER (\d+):\d+$`)
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
	process := exec.CommandContext(t.Context(), "/conformance", "-list")
	process.Dir, process.Env = "/", []string{}
	process.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id)},
	}
	list, err := process.CombinedOutput()
	if err != nil || !strings.Contains(string(list), "\n01-name-or-arn ") {
		t.Errorf("-list prints\n%s\nerror %v", list, err)
	}
}

// buildAsImage builds the program with the Dockerfile's command. It must be static, because the
// image has no libraries.
func buildAsImage(t *testing.T, dockerfile, file string) {
	t.Helper()
	command := find(t, dockerfile, `(?m)^RUN (CGO_ENABLED=0 go build -o /out/conformance .*)$`)
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, "/out/conformance", file, 1))
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

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
