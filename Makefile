# What a contributor runs. Everything needs Go alone; `make smoke`, `make conformance`
# and `make interop` need Node too.

# Words can be changed on the command line: make fuzz FUZZTIME=5m
FUZZTIME   ?= 30s
BENCHFLAGS ?=
LINKFLAGS  ?=
AUDITFLAGS ?=
CHAOSFLAGS ?=
SOAKTIME   ?= 1h
SOAKFLAGS  ?=
LOADFLAGS  ?=
INTEROPFLAGS ?= -o docs/interop.md
TESTFLAGS  ?=
# Before the newest migration, unless told.
OLD        ?= $(shell git log -1 --diff-filter=A --format=%h -- internal/task/river/migrations/postgres)^

# The race detector needs a C compiler; without one Go itself says CGO_ENABLED=0.
RACE ?= $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

# SQLite is C turned into Go, which the race detector slows down tenfold for nothing.
# Only this package: one with generic functions would lend its unwatched copies of them
# to everybody, and locks would go unseen.
RACEFLAGS = $(if $(RACE),$(RACE) -gcflags='modernc.org/sqlite/lib=-race=false')

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X github.com/trilha/trilha/internal/app.linked=$(VERSION)

MCPB       = npx -y @anthropic-ai/mcpb@2.1.2
GORELEASER = go run github.com/goreleaser/goreleaser/v2@v2.15.1

# What a bundle and the npm packages made here hold: this machine's binary. A release
# names them all.
BUNDLE_BINARIES ?= $(if $(filter windows,$(shell go env GOOS)),win32,$(shell go env GOOS))=trilha
NODE_BINARIES   ?= $(shell node -p 'process.platform === "darwin" ? "darwin" : process.platform + "-" + process.arch' 2>/dev/null)=trilha

GOLANGCI_VERSION = v2.15.0
GOLANGCI         = .tools/bin/golangci-lint-$(GOLANGCI_VERSION)

.DEFAULT_GOAL := build
.PHONY: build test bench audit chaos sidebyside conformance interop soak load lint fmt fuzz docs catalog known-urls linkcheck cover smoke packaging mcpb npm release-check install-check ci clean help

build: ## ./trilha, a static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o trilha ./cmd/trilha

test: ## every test, with the race detector where there is a C compiler
	@test -n '$(RACE)' || echo 'note: no C compiler, so the tests run without the race detector' >&2
	go test $(RACEFLAGS) $(TESTFLAGS) ./...

bench: ## speed and memory beside bare servers, mcp-go's transports and a bare River client, as ratios; 6 min
	go run ./internal/bench $(BENCHFLAGS)

audit: ## judge 20,000 made-up requests by the contract; minutes
	go run ./internal/audit $(AUDITFLAGS)

chaos: ## kill instances and restart the database under load, and judge by a ledger; minutes
	go run ./internal/chaos $(CHAOSFLAGS)

sidebyside: ## an earlier commit and this on one Postgres, as in an upgrade: make sidebyside OLD=COMMIT
	go run ./internal/sidebyside -old '$(OLD)'

soak: ## clients of every transport come and go for SOAKTIME; nothing may hang or grow
	go run ./internal/soak -time $(SOAKTIME) $(SOAKFLAGS)

load: ## 1,000 idle and 200 active clients over loopback, and 50 tasks at once: memory, times; 4 min
	go run ./internal/load $(LOADFLAGS)

conformance: build ## the official conformance suite against transports and tasks, in every protocol version and on two stores, and against trilha serve (needs npx); 4 min
	go run ./internal/conformance -trilha ./trilha

interop: ## clients of others against ./trilha, over all they speak; writes docs/interop.md (needs Node 20)
	go run ./internal/interop $(INTEROPFLAGS)

lint: $(GOLANGCI) ## formatting, vet and the linters of .golangci.yml
	$(GOLANGCI) run ./...

fmt: $(GOLANGCI) ## format the code as lint wants it
	$(GOLANGCI) fmt ./...

# The version is in the name, so that a new pin is installed and an old one is not used.
$(GOLANGCI):
	@mkdir -p .tools/bin
	GOBIN='$(CURDIR)/.tools/bin' GOFLAGS= CGO_ENABLED=0 go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .tools/bin/golangci-lint $@

fuzz: ## every fuzz target for FUZZTIME each
	@set -e; found=0; \
	for pkg in $$(go list ./...); do \
		targets=$$(go test -list '^Fuzz' "$$pkg"); \
		for target in $$(echo "$$targets" | grep '^Fuzz' || true); do \
			found=$$((found + 1)); \
			echo "== $$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime '$(FUZZTIME)' "$$pkg"; \
		done; \
	done; \
	echo "$$found fuzz targets run"

docs: ## write docs/tools.md, the OpenAPI document and the golden files anew; look at the diff
	UPDATE_GOLDEN=1 go test -count=1 ./tools/... ./internal/mcpface/...
	UPDATE_GOLDEN=1 go test -count=1 -run Golden ./internal/rest

catalog: ## check the subjects in internal/catalog/data and pack them
	go generate ./internal/catalog

known-urls: ## how many links stand in public lists: make known-urls LISTS=path [V=-v]
	@test -n '$(LISTS)' || { echo 'usage: make known-urls LISTS="files or folders, *.tsv or *.gz, first column an address" [V=-v]' >&2; exit 2; }
	go run ./internal/catalog/knownurls $(V) $(LISTS)

linkcheck: ## ask every link and article of the catalogue; needs the network, goes on where it stopped
	go run ./internal/catalog/linkcheck $(LINKFLAGS)

cover: ## coverage over all packages, into cover.out
	go test -coverpkg=./... -coverprofile=cover.out ./...
	go tool cover -func=cover.out | tail -n 1

smoke: build ## a real MCP client against ./trilha, over stdio and HTTP (needs Node 20)
	bash .ci/smoke

packaging: ## write the files of registries and assistants and the README's part on installing anew
	go run ./internal/packaging write

mcpb: build ## dist/trilha.mcpb, for Claude Desktop, with this machine's binary (needs Node)
	rm -rf dist/mcpb dist/trilha.mcpb
	go run ./internal/packaging mcpb dist/mcpb $(BUNDLE_BINARIES)
	$(MCPB) validate dist/mcpb/manifest.json
	$(MCPB) pack dist/mcpb dist/trilha.mcpb

npm: build ## dist/npm/*.tgz: the wrapper, and this machine's binary (needs Node)
	rm -rf dist/npm
	go run ./internal/packaging npm dist/npm $(NODE_BINARIES)
	cd dist/npm && for package in */; do npm pack --silent "./$$package"; done

release-check: ## what a release would build, for this machine; a long first compile
	$(GORELEASER) check
	$(GORELEASER) build --snapshot --single-target --clean

install-check: mcpb npm ## install by every route that can be run here, each in a clean place (needs Node)
	bash .ci/install

ci: ## everything that CI runs
	bash .ci/run

clean: ## remove what make made, the linter excepted
	rm -f trilha cover.out
	rm -rf dist

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
