// Package cluster starts nats-servers with JetStream on loopback, each in a process of its own, so
// that they can be killed. They end with the process that started them, however that ends.
package cluster

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// A Cluster is some servers. Only one goroutine may use it.
type Cluster struct{ nodes []*node }

// A node is one server, running or not.
type node struct {
	config
	process *exec.Cmd
	stdin   io.Closer // the server ends when this is closed
}

// Start starts n servers that keep their files in dir. The program must call [RunNode].
func Start(dir string, n int) (c *Cluster, err error) {
	for range 3 { // another program may be faster to take a port
		if c, err = start(dir, n); err == nil {
			return c, nil
		}
		c.Stop()
	}
	return nil, err
}

func start(dir string, n int) (*Cluster, error) {
	c := &Cluster{}
	ports, err := freePorts(2 * n)
	if err != nil {
		return c, err
	}
	var routes []string
	if n > 1 {
		for _, port := range ports[n:] {
			routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
		}
	}
	for i := range n {
		name := fmt.Sprintf("n%d", i+1)
		node := &node{config: config{name, ports[i], ports[n+i], routes, filepath.Join(dir, name)}}
		c.nodes = append(c.nodes, node)
		if err := node.start(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// freePorts returns ports that nobody listens on. They are below those that systems use for
// outgoing connections, so they are likely to be free later, too.
func freePorts(n int) (ports []int, err error) {
	for range 1000 {
		if len(ports) == n {
			return ports, nil
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		defer listener.Close() // not earlier, so that each has another port
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return nil, errors.New("cluster: no ports are free")
}

// Names returns the names of the servers, as JetStream reports them.
func (c *Cluster) Names() (names []string) {
	for _, node := range c.nodes {
		names = append(names, node.Name)
	}
	return names
}

// URL returns the addresses of all servers, for [Connect].
func (c *Cluster) URL() string {
	var urls []string
	for _, node := range c.nodes {
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", node.Port))
	}
	return strings.Join(urls, ",")
}

// Connect connects to one of the servers, and to another one each time the connection breaks.
// While there is none, requests fail immediately instead of being sent much later.
func Connect(url string) (*nats.Conn, error) {
	return nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond), nats.ReconnectBufSize(-1),
		nats.Timeout(10*time.Second), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {})) // it would print
}

// Kill ends a server as kill -9 does.
func (c *Cluster) Kill(name string) { c.node(name).kill() }

// Shutdown asks a server to end, and waits until it has.
func (c *Cluster) Shutdown(name string) { c.node(name).shutDown() }

// Restart starts a server again, unless it runs.
func (c *Cluster) Restart(name string) error { return c.node(name).start() }

// Stop kills all servers.
func (c *Cluster) Stop() {
	for _, node := range c.nodes {
		node.kill()
	}
}

func (c *Cluster) node(name string) *node {
	for _, node := range c.nodes {
		if node.Name == name {
			return node
		}
	}
	panic("cluster: no server " + name)
}

// start starts the server, and returns when it listens.
func (n *node) start() error {
	if n.process != nil {
		return nil
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	arg, err := json.Marshal(n.config)
	if err != nil {
		return err
	}
	process := exec.Command(executable, nodeCommand, string(arg))
	process.Stderr = os.Stderr
	stdin, err := process.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := process.Start(); err != nil {
		return err
	}
	n.process, n.stdin = process, stdin
	if line, _ := bufio.NewReader(stdout).ReadString('\n'); line != ready {
		n.kill()
		return errors.New("cluster: " + n.Name + " did not start; see " + n.log())
	}
	return nil
}

// kill kills the server, if it runs.
func (n *node) kill() {
	if n.process != nil {
		_ = n.process.Process.Kill()
		n.shutDown()
	}
}

// shutDown closes the server's standard input, if it runs, and waits until it has ended.
func (n *node) shutDown() {
	if n.process == nil {
		return
	}
	process := n.process
	n.process = nil
	patience := time.AfterFunc(30*time.Second, func() { _ = process.Process.Kill() })
	defer patience.Stop()
	_ = n.stdin.Close()
	_ = process.Wait() // the error says how it ended
}
