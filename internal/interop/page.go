package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// page writes what came of all cells.
func (b *bench) page(ctx context.Context, cells []cell) (string, error) {
	node, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return "", err
	}
	trilha, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "", err
	}
	var p strings.Builder
	fmt.Fprintf(&p, `# Interoperability

Written by `+"`make interop`"+` on %s with trilha %s, %s and Node %s: every cell was run against the real program.

Each client connects, lists the tools, makes a path in the background and waits for it while it is told of progress,
gets the path, reads it as a resource, makes a second one and cancels it. A number is how many progress notifications
came before the answer of the call that waited. Clients that speak MCP tasks call a tool as a task too, answer what a task
asks, and cancel one; a dash is what a client has no way to do, or what is not tried, with a word on why, of which more below the table.

`, time.Now().UTC().Format(time.DateOnly), strings.TrimSpace(string(trilha)), runtime.Version(), strings.TrimSpace(string(node)))
	p.WriteString("| client | transport | protocol | " + strings.Join(names[1:], " | ") + " |\n|" + strings.Repeat(" --- |", len(names)+2) + "\n")
	for _, c := range cells {
		fmt.Fprintf(&p, "| %s | %s |", c.client.name, transports[c.at.transport])
		for _, s := range c.steps {
			p.WriteString(" " + s.shown() + " |")
		}
		p.WriteString("\n")
	}
	p.WriteString("\nHTTP is Streamable HTTP (`/mcp`), SSE is HTTP+SSE (`/sse`), which 2026-07-28 does not have.\n\n## The clients\n\n")
	said := ""
	for _, cell := range cells {
		c := cell.client
		if c.name == said {
			continue
		}
		said = c.name
		fmt.Fprintf(&p, "- %s: `%s`", c.name, c.version)
		if c.cannot != "" {
			p.WriteString("; " + c.cannot)
		}
		p.WriteString("\n")
	}
	p.WriteString(`
Where fewer notifications were handed on than came ("handed on"), the SDK has dropped the others: it hands progress on
a moment later than answers, and forgets who listens with the answer.
`)
	return p.String(), nil
}

var transports = map[string]string{"stdio": "stdio", "http": "HTTP", "sse": "SSE"}

// shown is how a step stands in the table.
func (s step) shown() string {
	note := strings.Join(strings.Fields(s.Note), " ")
	switch {
	case s.Cannot:
		return "- " + note
	case !s.OK:
		return "**failed**: " + strings.ReplaceAll(note, "|", "/")
	case s.Step.Step == "connect", s.Step.Step == "progress", s.Step.Step == "task":
		return note
	default:
		return "yes"
	}
}
