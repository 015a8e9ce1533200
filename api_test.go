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

var update = flag.Bool("update", false, "write testdata/api.txt anew")

// The exported API is what testdata/api.txt promises. When it grows, -update writes that file anew.
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

// exportedAPI returns the package's exported declarations, without comments and bodies, sorted.
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

// space is what comments leave behind and what aligns fields: more than one newline, or blank.
var space = regexp.MustCompile(`([ \n])[ \n]+`)

// exportedReceiver reports whether a function has no receiver, or one of an exported type.
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
