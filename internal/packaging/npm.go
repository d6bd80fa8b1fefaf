package main

import (
	"maps"
	"slices"
)

// nodePlatforms are the packages that hold a binary each, by their suffix. macOS
// has one for both processors.
var nodePlatforms = map[string]struct{ os, cpu []string }{
	"darwin":      {[]string{"darwin"}, []string{"arm64", "x64"}},
	"linux-arm64": {[]string{"linux"}, []string{"arm64"}},
	"linux-x64":   {[]string{"linux"}, []string{"x64"}},
	"win32-arm64": {[]string{"win32"}, []string{"arm64"}},
	"win32-x64":   {[]string{"win32"}, []string{"x64"}},
}

// packageJSON is npm's file, for the wrapper and for the packages with binaries.
type packageJSON struct {
	Name        string            `json:"name"`
	Version     string            `json:"version"`
	Description string            `json:"description"`
	License     string            `json:"license"`
	Author      string            `json:"author"`
	Homepage    string            `json:"homepage"`
	Repository  map[string]string `json:"repository"`
	Keywords    []string          `json:"keywords,omitempty"`
	MCPName     string            `json:"mcpName,omitempty"` // the MCP Registry looks for its name here
	Bin         map[string]string `json:"bin,omitempty"`
	Files       []string          `json:"files"`
	OS          []string          `json:"os,omitempty"`
	CPU         []string          `json:"cpu,omitempty"`
	Engines     map[string]string `json:"engines,omitempty"`
	Optional    map[string]string `json:"optionalDependencies,omitempty"`
}

func npmCommon() packageJSON {
	return packageJSON{
		Name: npmPackage, Version: version, Description: description, License: licence, Author: author, Homepage: repository,
		Repository: map[string]string{"type": "git", "url": "git+" + repository + ".git"},
	}
}

// npmWrapper depends on every binary; npm installs the one that fits.
func npmWrapper() packageJSON {
	p := npmCommon()
	p.Keywords, p.MCPName = keywords, registry
	p.Bin = map[string]string{name: "bin/trilha.js"}
	p.Files = []string{"bin"}
	p.Engines = map[string]string{"node": ">=18"}
	p.Optional = map[string]string{}
	for _, platform := range slices.Sorted(maps.Keys(nodePlatforms)) {
		p.Optional[npmPackage+"-"+platform] = version
	}
	return p
}

// npmBinary is the package of one platform.
func npmBinary(platform string) packageJSON {
	p := npmCommon()
	p.Name += "-" + platform
	p.Description = "The " + platform + " binary of " + npmPackage + "."
	p.OS, p.CPU = nodePlatforms[platform].os, nodePlatforms[platform].cpu
	p.Files = []string{"bin"}
	return p
}

// npmExecutable is where such a package has its binary.
func npmExecutable(platform string) string {
	if nodePlatforms[platform].os[0] == "win32" {
		return "bin/trilha.exe"
	}
	return "bin/trilha"
}
