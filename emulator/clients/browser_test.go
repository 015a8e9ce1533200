package clients_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The SDK gets through every operation in a browser too, in a page of another origin. Its
// preflights get the answers that production gives.
func TestOperationsFromBrowser(t *testing.T) {
	skipUnlessNamed(t, "chromium")
	skipUnlessNamed(t, "javascript")
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v; on Debian, install the package chromium", err)
	}
	emulator := newRecorder(t, start(t, "-state-delay", "0s"))
	mux := http.NewServeMux()
	packages := filepath.Join(javascriptModules(t), "node_modules")
	mux.Handle("GET /node_modules/", http.StripPrefix("/node_modules/", modules(packages)))
	mux.HandleFunc("GET /operations.mjs", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("testdata", "operations.mjs"))
	})
	imports, err := json.Marshal(map[string]any{"imports": importMap(t, packages)})
	if err != nil {
		t.Fatal(err)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, browserPage, imports, emulator.url) })
	// Chromium dumps the page when it has loaded, which includes an image that comes when the
	// script has finished.
	finished := make(chan struct{}, 1)
	mux.HandleFunc("POST /finished", func(http.ResponseWriter, *http.Request) { finished <- struct{}{} })
	mux.HandleFunc("GET /image", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-finished:
		case <-r.Context().Done():
		}
	})
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)

	browser := exec.CommandContext(
		within(t, 2*time.Minute), chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--user-data-dir="+t.TempDir(), "--dump-dom", site.URL,
	)
	exit, stdout, stderr := run(t, browser)
	said := regexp.MustCompile(`<output>(.*?)</output>`).FindSubmatch(stdout)
	if exit != 0 || said == nil || html.UnescapeString(string(said[1])) != allAnswered {
		t.Errorf("Chromium exits with %d and prints %s and %s", exit, stdout, stderr)
	}
	emulator.check(t, site.URL)
}

const browserPage = `<!DOCTYPE html>
<meta charset="utf-8">
<script type="importmap">%s</script>
<output>nothing has run</output>
<script type="module">
const output = document.querySelector("output");
try {
	const { operate } = await import("./operations.mjs");
	const sdk = await import("@aws-sdk/client-kinesis");
	const client = new sdk.KinesisClient({
		endpoint: %q,
		region: "us-east-1",
		credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
	});
	output.textContent = await operate(sdk, client, "from-browser");
} catch (error) {
	output.textContent = error.stack;
}
await fetch("/finished", { method: "POST" });
</script>
<img src="/image" alt="">
`

// A recorder passes requests on to an emulator and remembers them.
type recorder struct {
	url string

	mu         sync.Mutex
	preflights []exchange
	others     []exchange
}

// An exchange is what a request and its answer say about origins.
type exchange struct {
	method, origin, askedMethod, askedHeaders string
	status                                    int
	answer                                    http.Header
}

func newRecorder(t *testing.T, emulator string) *recorder {
	t.Helper()
	target, err := url.Parse(emulator)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(answer *http.Response) error {
		asked := answer.Request.Header
		e := exchange{
			method: answer.Request.Method, origin: asked.Get("Origin"), askedMethod: asked.Get("Access-Control-Request-Method"),
			askedHeaders: asked.Get("Access-Control-Request-Headers"), status: answer.StatusCode, answer: answer.Header.Clone(),
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if e.method == http.MethodOptions {
			r.preflights = append(r.preflights, e)
		} else {
			r.others = append(r.others, e)
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// check checks that the page's requests got production's CORS headers.
func (r *recorder) check(t *testing.T, origin string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.preflights) == 0 || len(r.others) < 30 {
		t.Errorf("%d preflights and %d other requests", len(r.preflights), len(r.others))
	}
	for _, e := range r.preflights {
		for _, header := range []string{"authorization", "content-type", "x-amz-target", "x-amz-date"} {
			if !slices.Contains(strings.Split(e.askedHeaders, ","), header) {
				t.Errorf("the preflight does not ask for %s: %+v", header, e)
			}
		}
		want := map[string]string{
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Headers": e.askedHeaders,
			"Access-Control-Allow-Methods": "POST",
			"Access-Control-Max-Age":       "172800",
		}
		if e.origin != origin || e.askedMethod != http.MethodPost || e.status != http.StatusOK {
			t.Errorf("got the preflight %+v", e)
		}
		wantHeaders(t, e.answer, want)
	}
	for _, e := range r.others {
		if e.origin != origin || e.method != http.MethodPost {
			t.Errorf("got the request %+v", e)
		}
		wantHeaders(t, e.answer, map[string]string{
			"Access-Control-Allow-Origin":   "*",
			"Access-Control-Expose-Headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date",
		})
	}
}

func wantHeaders(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Get(name) != value || len(got.Values(name)) != 1 {
			t.Errorf("%s is %q, want %q", name, got.Values(name), value)
		}
	}
}

// A manifest is a package.json of npm, as far as browsers need it.
type manifest struct {
	Module  string
	Browser json.RawMessage // replacements of files, or one file
	Exports map[string]json.RawMessage
}

func readManifest(directory string) (m manifest, err error) {
	encoded, err := os.ReadFile(filepath.Join(directory, "package.json"))
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(encoded, &m)
}

// importMap maps the names of npm's packages, and of the parts that they export, to URLs, so the
// browser needs no bundle.
func importMap(t *testing.T, packages string) map[string]string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(packages, "*", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	scoped, err := filepath.Glob(filepath.Join(packages, "@*", "*", "package.json"))
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string]string{}
	for _, path := range append(found, scoped...) {
		directory := filepath.Dir(path)
		name, err := filepath.Rel(packages, directory)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.ToSlash(name)
		m, err := readManifest(directory)
		if err != nil {
			t.Fatal(err)
		}
		if m.Exports == nil && m.Module != "" {
			imports[name] = "/node_modules/" + name + "/" + strings.TrimPrefix(m.Module, "./")
		}
		for part, exported := range m.Exports {
			if file := browserFile(exported); file != "" && !strings.Contains(part, "*") {
				imports[name+strings.TrimPrefix(part, ".")] = "/node_modules/" + name + strings.TrimPrefix(file, ".")
			}
		}
	}
	return imports
}

// browserFile returns the file that a browser loads for an export: the one for the first condition
// that holds.
func browserFile(exported json.RawMessage) string {
	var file string
	if json.Unmarshal(exported, &file) == nil {
		return file
	}
	var conditions map[string]json.RawMessage
	if json.Unmarshal(exported, &conditions) != nil {
		return ""
	}
	for _, condition := range []string{"browser", "module", "import", "default"} {
		if file := browserFile(conditions[condition]); file != "" {
			return file
		}
	}
	return ""
}

// modules serves npm's packages as bundlers find their files: a name may lack ".js" or "/index.js",
// a package may replace a file in browsers, and JSON is a module.
func modules(packages string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		for _, suffix := range []string{"", ".js", "/index.js"} {
			info, err := os.Stat(filepath.Join(packages, filepath.FromSlash(path+suffix)))
			if err != nil || info.IsDir() {
				continue
			}
			switch to := replaced(packages, path+suffix); {
			case to != path:
				http.Redirect(w, r, "/node_modules/"+to, http.StatusFound)
			case strings.HasSuffix(path, ".json"):
				encoded, err := os.ReadFile(filepath.Join(packages, filepath.FromSlash(path)))
				if err != nil {
					http.Error(w, err.Error(), http.StatusInternalServerError)
					return
				}
				w.Header().Set("Content-Type", "text/javascript")
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(append([]byte("export default "), encoded...)))
			default:
				w.Header().Set("Content-Type", "text/javascript")
				http.ServeFile(w, r, filepath.Join(packages, filepath.FromSlash(path)))
			}
			return
		}
		http.NotFound(w, r)
	})
}

// replaced returns the file that a package has for browsers instead of another.
func replaced(packages, path string) string {
	names := 1
	if strings.HasPrefix(path, "@") {
		names = 2
	}
	parts := strings.SplitN(path, "/", names+1)
	name, file := strings.Join(parts[:names], "/"), "./"+parts[names]
	m, err := readManifest(filepath.Join(packages, filepath.FromSlash(name)))
	if err != nil {
		return path
	}
	var files map[string]string
	if json.Unmarshal(m.Browser, &files) != nil { // it is one file, or there is none
		return path
	}
	for _, from := range []string{file, strings.TrimSuffix(file, ".js")} {
		if to := files[from]; to != "" {
			return name + "/" + strings.TrimSuffix(strings.TrimPrefix(to, "./"), ".js") + ".js"
		}
	}
	return path
}
