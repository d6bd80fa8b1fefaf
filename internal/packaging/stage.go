package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// binaries are files by what they are for, a bundle's platform or an npm package's.
type binaries map[string]string

// parseBinaries reads arguments such as linux=./trilha.
func parseBinaries(args []string, known func(string) bool) (binaries, error) {
	b := binaries{}
	for _, a := range args {
		platform, file, ok := strings.Cut(a, "=")
		if !ok || !known(platform) {
			return nil, fmt.Errorf("%q: give PLATFORM=FILE with a platform that packages have", a)
		}
		b[platform] = file
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("no binary: give PLATFORM=FILE")
	}
	return b, nil
}

// stageBundle lays out what the official tool packs: the manifest of the
// platforms that there are binaries of, and these.
func stageBundle(root, out string, b binaries) error {
	var with []string
	for _, p := range platforms {
		file, ok := b[p]
		if !ok {
			continue
		}
		with = append(with, p)
		if err := copyFile(file, filepath.Join(out, binaryOf(p)), 0o755); err != nil {
			return err
		}
	}
	for _, locale := range locales {
		page := filepath.Join("mcpb-resources", locale+".json")
		if err := copyFile(filepath.Join(root, "packaging", "mcpb", page), filepath.Join(out, page), 0o644); err != nil {
			return err
		}
	}
	if err := copyFile(filepath.Join(root, "LICENSE"), filepath.Join(out, "LICENSE"), 0o644); err != nil {
		return err
	}
	return writeDocument(out, document{"manifest.json", mcpbManifest(with)})
}

// locales are those that the bundle's texts are translated to.
var locales = []string{"es", "pt"}

// stagePackages lays out the npm packages, a folder each: the wrapper, and one for
// every binary.
func stagePackages(root, out string, b binaries) error {
	wrapper := filepath.Join(out, name)
	for _, file := range []string{"bin/trilha.js", "README.md"} {
		if err := copyFile(filepath.Join(root, "packaging", "npm", file), filepath.Join(wrapper, file), 0o644); err != nil {
			return err
		}
	}
	if err := stagePackage(root, wrapper, npmWrapper()); err != nil {
		return err
	}
	for platform, file := range b {
		folder := filepath.Join(out, name+"-"+platform)
		if err := copyFile(file, filepath.Join(folder, npmExecutable(platform)), 0o755); err != nil {
			return err
		}
		if err := stagePackage(root, folder, npmBinary(platform)); err != nil {
			return err
		}
	}
	return nil
}

// stagePackage adds what every npm package has.
func stagePackage(root, folder string, p packageJSON) error {
	if err := copyFile(filepath.Join(root, "LICENSE"), filepath.Join(folder, "LICENSE"), 0o644); err != nil {
		return err
	}
	return writeDocument(folder, document{"package.json", p})
}

// writeAll writes what is committed.
func writeAll(root string) error {
	for _, d := range documents() {
		if err := writeDocument(root, d); err != nil {
			return err
		}
	}
	page := filepath.Join(root, "README.md")
	before, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	text, err := install()
	if err != nil {
		return err
	}
	after, err := within(string(before), text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	return os.WriteFile(page, []byte(after), 0o644)
}

func writeDocument(root string, d document) error {
	text, err := encode(d.content)
	if err != nil {
		return fmt.Errorf("%s: %w", d.path, err)
	}
	path := filepath.Join(root, filepath.FromSlash(d.path))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func copyFile(from, to string, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return fmt.Errorf("%s: %w", to, err)
	}
	return out.Close()
}

// hash is the SHA-256 of a file, in hexadecimal.
func hash(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func isPlatform(p string) bool { return slices.Contains(platforms, p) }

func isNodePlatform(p string) bool {
	_, ok := nodePlatforms[p]
	return ok
}
