package catalog

import (
	_ "embed" // hosts.txt
	"maps"
	"strings"
	"sync"
)

//go:embed hosts.txt
var hostList string

// hosts maps each host that links may lead to, without www., to what it is.
var hosts = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for line := range strings.Lines(hostList) {
		host, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if host != "" && host != "#" {
			known[host] = strings.TrimSpace(what)
		}
	}
	return known
})

// Hosts gives the hosts that links may lead to, each with what it is.
func Hosts() map[string]string {
	return maps.Clone(hosts())
}
