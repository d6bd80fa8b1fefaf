package cli

import (
	"os"
	"strings"
)

// Parse says whether the real grammar takes these arguments. Files they name are
// not read.
func Parse(args []string) error {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer nowhere.Close()
	var g grammar
	helped := false
	parser, err := newParser(&g, Streams{Out: nowhere, Err: nowhere}, func(int) { helped = true })
	if err != nil {
		return err
	}
	_, err = parser.Parse(args)
	if helped { // --help asks for nothing else
		return nil
	}
	if err != nil {
		return err
	}
	if g.Serve.Addr != "" {
		if err := g.Serve.Check(); err != nil {
			return err
		}
	}
	if g.Generate.Topic != "" {
		g.Generate.Outline = ""
		if _, err := g.Generate.arguments(strings.NewReader("")); err != nil {
			return err
		}
	}
	return g.Config.Check()
}
