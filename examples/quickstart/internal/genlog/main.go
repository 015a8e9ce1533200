// Genlog writes quickstart's sample: ten minutes of a shop's access log in the combined format. The seed is fixed, so it writes
// the same bytes every time. One client asks so often that its shard is throttled. All addresses are of the ranges for
// documentation (RFC 5737 and RFC 3849), all names of the domains for it (RFC 2606).
//
//	genlog FILE
package main

import (
	"bytes"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"time"
)

const (
	lines   = 4000
	clients = 300 // besides the hot one

	hotClient  = "203.0.113.77"
	hotAgent   = "stock-sync/2.4 (+https://partner.example/sync)"
	hotPercent = 32
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: genlog FILE")
	}
	if err := os.WriteFile(os.Args[1], generate(), 0o644); err != nil {
		log.Fatal(err)
	}
}

type client struct{ address, agent string }

// A page is something that clients ask for. A %d in its path is a number below variants.
type page struct {
	weight   int // how often, against the others
	method   string
	path     string
	variants int
	statuses []int // equally likely
	size     int   // of the body; that of a variant is up to a quarter larger
	referer  string
}

var pages = []page{
	{14, "GET", "/", 0, []int{200, 200, 200, 304}, 8200, "https://search.example/"},
	{18, "GET", "/products/%d", 600, []int{200, 200, 200, 200, 200, 200, 304, 404}, 14300, "https://shop.example/"},
	{10, "GET", "/search?q=lamp&page=%d", 9, []int{200}, 11800, "https://shop.example/"},
	{9, "GET", "/static/app.css", 0, []int{200, 304, 304}, 23100, "https://shop.example/"},
	{9, "GET", "/static/app.js", 0, []int{200, 304, 304}, 88400, "https://shop.example/"},
	{16, "GET", "/images/products/%d.webp", 600, []int{200, 200, 200, 304}, 41700, "https://shop.example/"},
	{5, "GET", "/cart", 0, []int{200}, 5100, "https://shop.example/products/17"},
	{4, "POST", "/cart/items", 0, []int{303, 303, 303, 409}, 180, "https://shop.example/products/17"},
	{2, "POST", "/checkout", 0, []int{303, 303, 303, 303, 402, 500}, 240, "https://shop.example/cart"},
	{3, "POST", "/login", 0, []int{303, 303, 401}, 310, "https://shop.example/login"},
	{2, "GET", "/robots.txt", 0, []int{200}, 92, "-"},
	{2, "GET", "/wp-login.php", 0, []int{404}, 153, "-"},
}

var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
	"Mozilla/5.0 (compatible; ExampleBot/1.0; +https://bot.example/)",
	"curl/8.15.0",
}

// generate returns the sample.
func generate() []byte {
	random := rand.New(rand.NewPCG(2013, 12))
	ordinary := newClients(random)
	popularity := rand.NewZipf(random, 1.2, 12, clients-1)
	now := time.Date(2026, time.January, 5, 12, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	for range lines {
		now = now.Add(time.Duration(random.IntN(300)) * time.Millisecond)
		if random.IntN(100) < hotPercent {
			path := fmt.Sprintf("/api/v1/stock?sku=%06d", random.IntN(20000))
			status := []int{200, 200, 200, 200, 429}[random.IntN(5)]
			writeLine(&log, client{hotClient, hotAgent}, now, "GET", path, status, 90+random.IntN(40), "-")
			continue
		}
		visitor := ordinary[popularity.Uint64()]
		page := pick(random)
		path, size := page.path, page.size
		if page.variants > 0 {
			path = fmt.Sprintf(path, random.IntN(page.variants))
			size += random.IntN(page.size / 4)
		}
		status := page.statuses[random.IntN(len(page.statuses))]
		switch status {
		case 304:
			size = 0
		case 404:
			size = 153
		}
		writeLine(&log, visitor, now, page.method, path, status, size, page.referer)
	}
	return log.Bytes()
}

func writeLine(log *bytes.Buffer, c client, now time.Time, method, path string, status, size int, referer string) {
	fmt.Fprintf(log, "%s - - [%s] \"%s %s HTTP/1.1\" %d %d %q %q\n",
		c.address, now.Format("02/Jan/2006:15:04:05 -0700"), method, path, status, size, referer, c.agent)
}

// newClients returns clients with addresses of their own.
func newClients(random *rand.Rand) []client {
	all := make([]client, 0, clients)
	for i, n := range random.Perm(254)[:clients/3] {
		all = append(all,
			client{fmt.Sprintf("192.0.2.%d", n+1), agents[random.IntN(len(agents))]},
			client{fmt.Sprintf("198.51.100.%d", n+1), agents[random.IntN(len(agents))]},
			client{fmt.Sprintf("2001:db8:%x:%x::%x", random.IntN(1<<16), random.IntN(1<<16), i+1), agents[random.IntN(len(agents))]},
		)
	}
	return all
}

// pick returns one of the pages by weight.
func pick(random *rand.Rand) page {
	total := 0
	for _, p := range pages {
		total += p.weight
	}
	n := random.IntN(total)
	for _, p := range pages {
		if n -= p.weight; n < 0 {
			return p
		}
	}
	panic("the weights changed")
}
