package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/keyring"
)

type keysCommand struct {
	Add    keysAddCommand    `cmd:"" help:"Make a key and print it, once."`
	List   keysListCommand   `cmd:"" help:"List the keys, without their secrets."`
	Revoke keysRevokeCommand `cmd:"" help:"Revoke a key: a running server refuses it within a second."`
}

// keyFile is where the keys are.
type keyFile struct {
	File string `name:"api-keys" help:"File with the keys." placeholder:"FILE" env:"TRILHA_API_KEYS"`
}

func (f keyFile) check() error {
	if f.File == "" {
		return usageError{errors.New("which file? Give --api-keys FILE, the same as to trilha serve")}
	}
	return nil
}

type keysAddCommand struct {
	keyFile
	Name    string   `arg:"" help:"Whose key it is: tasks and paths belong to the name, and one name may have several keys."`
	Scope   []string `help:"What it may be used for: paths:read, paths:write, or both (the default)." placeholder:"SCOPE"`
	Rate    float64  `help:"Requests a second (default: --rate of the server)." placeholder:"N"`
	Waiting int      `name:"max-waiting" help:"Tasks that may wait (default: --waiting-per-owner)." placeholder:"N"`
	Running int      `name:"max-running" help:"Tasks that run at once (default: --running-per-owner)." placeholder:"N"`
	Kept    int      `name:"max-kept" help:"Tasks kept (default: as many as the server keeps)." placeholder:"N"`
}

func (c *keysAddCommand) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	scopes := c.Scope
	if len(scopes) == 0 {
		scopes = identity.Scopes()
	}
	secret, k, err := keyring.New(c.Name, scopes, identity.Limits{Rate: c.Rate, Waiting: c.Waiting, Running: c.Running, Kept: c.Kept})
	if err != nil {
		return usageError{err}
	}
	if err := keyring.Add(e.ctx, c.File, k); err != nil {
		return asUsage(err)
	}
	fmt.Fprintf(e.streams.Err, "trilha: key %s of %s is in %s, which holds no secret. This is the only time that the key is shown:\n", k.ID, k.Name, c.File)
	_, err = fmt.Fprintln(e.streams.Out, secret)
	return err
}

type keysListCommand struct{ keyFile }

func (c *keysListCommand) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	keys, err := keyring.List(c.File)
	if err != nil {
		return asUsage(err)
	}
	for i := range keys {
		k := &keys[i]
		fmt.Fprintf(e.streams.Out, "%s  %s  %s  %s%s\n", k.ID, k.CreatedAt.Format(time.DateOnly), k.Name, strings.Join(k.Scopes, " "), limits(k.Limits))
	}
	return nil
}

// limits says which limits a key has of its own.
func limits(l identity.Limits) string {
	text := ""
	if l.Rate > 0 {
		text += fmt.Sprintf("  rate %g", l.Rate)
	}
	for _, n := range []struct {
		word string
		most int
	}{{"waiting", l.Waiting}, {"running", l.Running}, {"kept", l.Kept}} {
		if n.most > 0 {
			text += fmt.Sprintf("  %s %d", n.word, n.most)
		}
	}
	return text
}

type keysRevokeCommand struct {
	keyFile
	Key string `arg:"" help:"Its id, as trilha keys list shows it, or a name, to revoke all of its keys."`
}

func (c *keysRevokeCommand) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	gone, err := keyring.Revoke(e.ctx, c.File, c.Key)
	if err != nil {
		return asUsage(err)
	}
	for _, k := range gone {
		fmt.Fprintf(e.streams.Out, "revoked %s of %s\n", k.ID, k.Name)
	}
	return nil
}

// asUsage makes an error about what was given one of usage.
func asUsage(err error) error {
	if errors.Is(err, fault.Invalid) {
		return usageError{err}
	}
	return err
}
