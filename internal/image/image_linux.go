// Package image lets a test try the image of a command without Docker. The Dockerfile's own command
// builds the program, which then runs as the Dockerfile's user in a directory that has nothing
// else.
package image

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

// An Image is what the Dockerfile in the test's directory makes.
type Image struct {
	Root  string // directory with the program
	Stage string // the last stage of the Dockerfile
	User  string // ID of the user and the group that run the program

	program string
}

// Build builds the program of the image. The program must be static, because the image has no
// libraries.
func Build(t *testing.T, program string) Image {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	i := Image{Root: t.TempDir(), program: program}
	i.build(t, string(text))
	i.Stage = string(text[strings.LastIndex(string(text), "FROM "):])
	i.User = Find(t, i.Stage, `(?m)^USER (\d+):\d+$`)
	return i
}

func (i Image) build(t *testing.T, dockerfile string) {
	t.Helper()
	file, out := filepath.Join(i.Root, i.program), "/out/"+i.program
	command := Find(t, dockerfile, `(?m)^RUN (CGO_ENABLED=0 go build -o `+out+` .*)$`)
	build := exec.CommandContext(t.Context(), "sh", "-c", strings.Replace(command, out, file, 1))
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

// WantLines checks that the last stage has the lines.
func (i Image) WantLines(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(i.Stage, line+"\n") {
			t.Errorf("the Dockerfile lacks %s", line)
		}
	}
}

// Command returns the program in the image, with arguments, and the ID of its user. It skips the
// test unless root runs it: nobody else can run a program in another root directory.
func (i Image) Command(t *testing.T, args ...string) (command *exec.Cmd, user int) {
	t.Helper()
	id, err := strconv.ParseUint(i.User, 10, 32)
	if err != nil || id == 0 {
		t.Fatalf("the user is %q, error %v", i.User, err)
	}
	if os.Getuid() != 0 {
		t.Skip("skipped: only root can run a program in another root directory")
	}
	for _, dir := range []string{i.Root, filepath.Dir(i.Root)} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command = exec.CommandContext(t.Context(), "/"+i.program, args...)
	command.Dir, command.Env = "/", []string{}
	command.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     i.Root,
		Credential: &syscall.Credential{Uid: uint32(id), Gid: uint32(id)},
	}
	return command, int(id)
}

// Find returns what the expression's group matches.
func Find(t *testing.T, text, expression string) string {
	t.Helper()
	match := regexp.MustCompile(expression).FindStringSubmatch(text)
	if match == nil {
		t.Fatalf("no line matches %s", expression)
	}
	return match[1]
}
