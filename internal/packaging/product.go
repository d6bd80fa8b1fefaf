package main

import "github.com/trilha/trilha/tools"

// version is that of the next release, and the only place that says it: git tags
// are held against it when a release is made.
const version = "0.1.0"

// Names under which others know the product.
const (
	name        = "trilha"
	title       = "Trilha"
	registry    = "io.github.trilha/trilha" // in the MCP Registry, in the image's label and in package.json
	repository  = "https://github.com/trilha/trilha"
	npmPackage  = "@trilha/trilha"
	image       = "ghcr.io/trilha/trilha"
	licence     = "Apache-2.0"
	author      = "The Trilha authors"
	maintainer  = "trilha" // on GitHub
	privacy     = repository + "/blob/main/PRIVACY.md"
	description = "Learning paths in prerequisite order, with real links, made as background tasks. Works offline." // at most 100 characters
)

var keywords = []string{"mcp", "learning", "learning-path", "curriculum", "study", "education", "prerequisites"}

// arguments keep what is made in a file of the user's.
var arguments = []string{"--store", "sqlite"}

// launch is one way to start the server over stdio.
type launch struct {
	Title   string   `json:"-"`
	Command string   `json:"command"`
	Args    []string `json:"args"`
}

var (
	installed = launch{"`trilha` is installed", name, arguments}
	npx       = launch{"Node", "npx", append([]string{"-y", npmPackage}, arguments...)}
	docker    = launch{"Docker", "docker", append([]string{"run", "-i", "--rm", "-v", "trilha:/data", image}, arguments...)}
)

// launches are all of them, in the order in which people are shown them.
var launches = []launch{installed, npx, docker}

// pinned is npx with the version that a package was released with.
func pinned() launch {
	l := npx
	l.Args = append([]string{"-y", npmPackage + "@" + version}, arguments...)
	return l
}

// tool is one of the server's tools, in a sentence.
type tool struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// listTools asks the server's own code what it offers.
func listTools() []tool {
	var list []tool
	for _, d := range tools.New(nil, nil, 1).All() {
		list = append(list, tool{d.Tool.Name, sentence(d.Tool.Description)})
	}
	return list
}
