package app

import "runtime/debug"

// linked is set by the linker of a release: -X github.com/trilha/trilha/internal/app.linked=v1.2.3
var linked string

// Version is the release, or what go install fetched, or dev.
var Version = version()

func version() string {
	if linked != "" {
		return linked
	}
	// go install module@version runs no linker flags of ours, but the module knows.
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}
