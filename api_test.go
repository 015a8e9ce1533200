package putrecords_test

import (
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata/api.txt")

// The exported API is the one in testdata/api.txt. When it grows, update that file with -update.
func TestAPI(t *testing.T) {
	const golden = "testdata/api.txt"
	got := exportedAPI(t)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("the exported API differs from %s (-want +got):\n%s", golden, diff)
	}
}

// exportedAPI returns the package's exported declarations in alphabetical order, without comments
// or function bodies.
func exportedAPI(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var declarations []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(file)
		for _, declaration := range file.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Body = nil; !exportedReceiver(d) {
					continue
				}
			case *ast.GenDecl:
				if d.Tok == token.IMPORT {
					continue
				}
			}
			var b strings.Builder
			if err := format.Node(&b, fset, declaration); err != nil {
				t.Fatal(err)
			}
			declarations = append(declarations, space.ReplaceAllString(b.String(), "$1")+"\n")
		}
	}
	slices.Sort(declarations)
	return strings.Join(declarations, "\n")
}

// space matches the runs of newlines and blanks that removed comments and aligned fields leave
// behind.
var space = regexp.MustCompile(`([ \n])[ \n]+`)

// exportedReceiver reports whether a function has no receiver or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	receiver := d.Recv.List[0].Type
	if pointer, ok := receiver.(*ast.StarExpr); ok {
		receiver = pointer.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}
