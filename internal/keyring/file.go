package keyring

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/trilha/trilha/internal/fault"
)

// lockTime is how long a change waits for another.
const lockTime = 10 * time.Second

// maxFile bounds a file of keys, in bytes: some 40,000 of them. It is read each second.
const maxFile = 16 << 20

// read reads a file of keys.
func read(file string) (ks keys, err error) {
	raw, err := load(file)
	if err != nil {
		return ks, err
	}
	return parse(file, raw)
}

// load gives what is in a file of keys.
func load(file string) (raw []byte, err error) {
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.InField("api-keys", "there is no file %s", file).
			With("Make a first key with `trilha keys add NAME --api-keys %s`.", file)
	case err != nil:
		return nil, fmt.Errorf("read the keys: %w", err)
	case !info.Mode().IsRegular(): // reading may never end
		return nil, fault.InField("api-keys", "%s is no file", file).With("Give a file that `trilha keys add` has made.")
	case info.Size() > maxFile:
		return nil, fault.InField("api-keys", "%s has %d bytes, and may have %d", file, info.Size(), maxFile).With("Revoke keys that nobody uses.")
	}
	if raw, err = os.ReadFile(file); err != nil {
		return nil, fmt.Errorf("read the keys: %w", err)
	}
	return raw, nil
}

// parse reads what was in a file of keys.
func parse(file string, raw []byte) (ks keys, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields() // a misspelt limit is no limit
	err = d.Decode(&ks)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("something stands behind its end")
	}
	if err != nil {
		return keys{}, fault.InField("api-keys", "%s holds no keys as trilha keys add writes them: %s", file, inWords(err)).With("Mend it, or make a new one.")
	}
	return ks, ks.check()
}

// open tells whether everybody on the machine may write to a file, and so let
// themselves in.
func open(file string) bool {
	info, err := os.Stat(file)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o002 != 0
}

// inWords says what is wrong with JSON without Go's types.
func inWords(err error) string {
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		return fmt.Sprintf("%s cannot be a JSON %s", mismatch.Field, mismatch.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// List gives the keys of a file, in the order in which they were added.
func List(file string) ([]Key, error) {
	ks, err := read(file)
	return ks.Keys, err
}

// Add adds a key to a file, which is made if there is none.
func Add(ctx context.Context, file string, k Key) error {
	return change(ctx, file, true, func(ks *keys) error {
		ks.Keys = append(ks.Keys, k)
		return nil
	})
}

// Revoke takes the key with an id out of a file, or all keys of a name, and gives
// what it took.
func Revoke(ctx context.Context, file, idOrName string) (gone []Key, err error) {
	err = change(ctx, file, false, func(ks *keys) error {
		var left []Key
		for _, k := range ks.Keys {
			if k.ID == idOrName || k.Name == idOrName {
				gone = append(gone, k)
			} else {
				left = append(left, k)
			}
		}
		if len(gone) == 0 {
			return fault.New(fault.NotFound, "no key has the id or the name %q", idOrName).With("`trilha keys list` shows them.")
		}
		ks.Keys = left
		return nil
	})
	return gone, err
}

// change changes a file, one process at a time. Who reads it sees it before or after.
func change(ctx context.Context, file string, mayMake bool, edit func(*keys) error) (err error) {
	if target, err := filepath.EvalSymlinks(file); err == nil {
		file = target // what a link points at is replaced, not the link
	}
	ctx, cancel := context.WithTimeout(ctx, lockTime)
	defer cancel()
	lock := flock.New(file+".lock", flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("lock %s: %w", file, err)
	}
	defer func() { err = errors.Join(err, lock.Unlock()) }()
	ks := keys{}
	if _, statErr := os.Stat(file); !mayMake || !errors.Is(statErr, fs.ErrNotExist) {
		if ks, err = read(file); err != nil {
			return err
		}
	}
	if err := edit(&ks); err != nil {
		return err
	}
	if err := ks.check(); err != nil {
		return err
	}
	return write(file, ks)
}

// write puts a new file in the place of the old one.
func write(file string, ks keys) error {
	if ks.Keys == nil {
		ks.Keys = []Key{}
	}
	raw, err := json.MarshalIndent(ks, "", "  ")
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".new-*") // 0600
	if err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	_, err = temp.Write(append(raw, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write the keys: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
