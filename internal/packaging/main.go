// Command packaging writes what others know Trilha by, from one set of facts
// (product.go) and from the server's own tools: the files that registries and
// assistants read, the README's section on installing, and the folders from which
// a release's .mcpb and npm packages are packed. It is part of no release.
//
//	packaging write                          the committed files; run in the repository's root
//	packaging version                        the version of the next release
//	packaging mcpb OUT PLATFORM=BINARY...    a folder for the official packer; darwin, win32, linux
//	packaging npm OUT PLATFORM=BINARY...     a folder for each npm package; darwin, linux-x64, ...
//	packaging listing BUNDLE                 server.json with the bundle and its hash, on standard output
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "packaging:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	command, rest := "", []string(nil)
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	switch {
	case command == "write" && len(rest) == 0:
		return writeAll(".")
	case command == "version" && len(rest) == 0:
		_, err := fmt.Fprintln(stdout, version)
		return err
	case command == "mcpb" && len(rest) > 1:
		b, err := parseBinaries(rest[1:], isPlatform)
		if err != nil {
			return err
		}
		return stageBundle(".", rest[0], b)
	case command == "npm" && len(rest) > 1:
		b, err := parseBinaries(rest[1:], isNodePlatform)
		if err != nil {
			return err
		}
		return stagePackages(".", rest[0], b)
	case command == "listing" && len(rest) == 1:
		return writeListing(rest[0], stdout)
	default:
		return errors.New("usage: packaging write | version | mcpb OUT PLATFORM=BINARY... | npm OUT PLATFORM=BINARY... | listing BUNDLE")
	}
}

func writeListing(bundle string, stdout io.Writer) error {
	sum, err := hash(bundle)
	if err != nil {
		return err
	}
	text, err := encode(serverJSON(sum))
	if err != nil {
		return err
	}
	_, err = stdout.Write(text)
	return err
}
