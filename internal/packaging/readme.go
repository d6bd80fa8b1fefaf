package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/template"
)

// The marks between which the README's text is written here.
const (
	begin = "<!-- install: begin. Written by make packaging; edit internal/packaging. -->\n"
	end   = "<!-- install: end -->\n"
)

//go:embed install.md.tmpl
var installText string

// install is what the README says between the marks.
func install() (string, error) {
	t, err := template.New("install").Funcs(template.FuncMap{
		"settings": settings, "vscode": vscode, "cursor": cursor, "line": line,
	}).Parse(installText)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{
		"Name": name, "Repository": repository, "Bundle": bundleName, "Package": npmPackage, "Image": image,
		"Owner": strings.TrimPrefix(repository, "https://github.com/"), "Arguments": strings.Join(arguments, " "),
		"Launches": launches, "Installed": installed, "Docker": docker,
	})
	return b.String(), err
}

// within puts the text between the marks of a page.
func within(page, text string) (string, error) {
	before, rest, opened := strings.Cut(page, begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		return "", fmt.Errorf("the page has not both marks: %s%s", begin, end)
	}
	return before + begin + text + end + after, nil
}

// line is the launch as typed in a shell.
func line(l launch) string { return l.Command + " " + strings.Join(l.Args, " ") }

// settings is a launch in an assistant's file, under the given key. It is written
// as people write it, the arguments on one line.
func settings(key string, l launch) string {
	quoted := make([]string, len(l.Args))
	for i, a := range l.Args {
		quoted[i] = strconv.Quote(a)
	}
	return fmt.Sprintf(`{
  %q: {
    %q: {
      "command": %q,
      "args": [%s]
    }
  }
}`, key, name, l.Command, strings.Join(quoted, ", "))
}

// vscode is a link that makes VS Code ask whether to install a launch.
func vscode(l launch) (string, error) {
	config, err := json.Marshal(l)
	// A plus would not be read as a space by every decoder.
	return "https://insiders.vscode.dev/redirect/mcp/install?name=" + name + "&config=" + strings.ReplaceAll(url.QueryEscape(string(config)), "+", "%20"), err
}

// cursor is a link that makes Cursor do so.
func cursor(l launch) (string, error) {
	config, err := json.Marshal(l)
	return "cursor://anysphere.cursor-deeplink/mcp/install?name=" + name + "&config=" + url.QueryEscape(base64.StdEncoding.EncodeToString(config)), err
}
