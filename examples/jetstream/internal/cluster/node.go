package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	nodeCommand = "node"    // the first argument of a process that is a server
	ready       = "ready\n" // what it prints when it listens
)

// A config is the second argument of such a process, in JSON.
type config struct {
	Name        string
	Port        int
	ClusterPort int
	Routes      []string // none for a server alone
	Dir         string
}

func (c config) log() string { return filepath.Join(c.Dir, "nats.log") }

// RunNode runs a server if this process was started to be one, and ends the process then. Call it
// first thing in main or TestMain.
func RunNode() {
	if len(os.Args) != 3 || os.Args[1] != nodeCommand {
		return
	}
	if err := runNode(os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runNode runs a server until standard input ends.
func runNode(arg string) error {
	var c config
	if err := json.Unmarshal([]byte(arg), &c); err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	s, err := server.NewServer(options)
	if err != nil {
		return err
	}
	s.ConfigureLogger()
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		return fmt.Errorf("%s does not listen", c.Name)
	}
	fmt.Print(ready)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// noSync is the environment variable that switches SyncAlways off, to measure its price.
const noSync = "JETSTREAM_NO_SYNC"

// options returns the server's options. SyncAlways is what makes an acknowledged record survive a
// power cut of all servers at once. Without it, JetStream syncs its files every two minutes.
func (c config) options() (*server.Options, error) {
	options := &server.Options{
		ServerName: c.Name,
		Host:       "127.0.0.1",
		Port:       c.Port,
		JetStream:  true,
		StoreDir:   c.Dir,
		SyncAlways: os.Getenv(noSync) == "",
		MaxPayload: 8 << 20, // room for the largest request, of 5 MiB
		LogFile:    c.log(),
		NoSigs:     true,
	}
	if c.Routes == nil {
		return options, nil
	}
	options.Cluster = server.ClusterOpts{Name: "putrecords", Host: "127.0.0.1", Port: c.ClusterPort}
	for _, route := range c.Routes {
		u, err := url.Parse(route)
		if err != nil {
			return nil, err
		}
		options.Routes = append(options.Routes, u)
	}
	return options, nil
}
