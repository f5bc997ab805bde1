# `make` alone prints what can be made. Building and testing need Go, git and make;
# a C compiler, where there is one, adds the race detector.

GO       ?= go
FUZZTIME ?= 5s

# Packages whose results could depend on the zone of the machine.
zoned = $(wildcard internal/renewal internal/plan internal/store)
zones = UTC Europe/Paris Pacific/Tongatapu

staticcheck = bin/staticcheck-v0.8.2
govulncheck = bin/govulncheck-v1.8.0

.DEFAULT_GOAL := help
.PHONY: help build generate test test-plain test-zones test-race fuzz lint format vet check vulnerabilities generated bench cover clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the binary, ./renewd
	CGO_ENABLED=0 $(GO) build -trimpath -o renewd ./cmd/renewd

generate: ## write generated files anew
	$(GO) generate ./...

test: test-plain test-zones test-race fuzz ## every test, as CI runs them

test-plain: ## the tests, in a new order each time
	$(GO) test -shuffle=on ./...

test-zones: ## the tests of what counts days, in zones west and east of midnight
	@set -e; for zone in $(zones); do \
		echo "TZ=$$zone"; \
		TZ=$$zone $(GO) test -count=1 -shuffle=on $(addprefix ./,$(zoned)); \
	done

# Those in ./test only drive programs that are built for themselves.
test-race: ## the tests under the race detector
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ] && command -v "$$($(GO) env CC)" >/dev/null; then \
		echo "$(GO) test -race -shuffle=on, all but ./test"; \
		$(GO) test -race -shuffle=on $$($(GO) list ./... | grep -v '/test$$'); \
	else \
		echo "There is no C compiler here, so the race detector is left out."; \
	fi

# Now and then the go command takes the end of FUZZTIME itself for a failure; a
# failure without an input is none.
fuzz: ## each fuzz target for FUZZTIME (default 5s)
	@set -e; \
	list=$$($(GO) test -list '^Fuzz' ./...) || { echo "$$list"; exit 1; }; \
	echo "$$list" | awk '/^Fuzz/ { found[++n] = $$1 } /^ok/ { for (i = 1; i <= n; i++) print $$2, found[i]; n = 0 }' | \
	while read -r package target; do \
		echo "$$target of $$package for $(FUZZTIME)"; \
		said=$$($(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package" 2>&1 </dev/null) && continue; \
		echo "$$said" | grep -qi -e 'failing input' -e 'seed corpus' || \
			! echo "$$said" | grep -qx '    context deadline exceeded' || continue; \
		echo "$$said"; exit 1; \
	done

lint: format vet check generated vulnerabilities ## everything that is looked at but not run

format: ## files that gofmt would change
	@files=$$(gofmt -l .); if [ -n "$$files" ]; then echo "gofmt would change:"; echo "$$files"; exit 1; fi

vet: ## go vet
	$(GO) vet ./...

check: $(staticcheck) ## staticcheck
	$(staticcheck) ./...

# A machine without a way to the public database goes on; a database that was
# named must be there.
vulnerabilities: ## known vulnerabilities; GOVULNDB names another database than the public one
	@$(MAKE) --no-print-directory $(govulncheck) || { \
		echo "govulncheck cannot be had here: known vulnerabilities were not looked for."; exit 0; }; \
	code=0; said=$$($(govulncheck) $${GOVULNDB:+-db "$$GOVULNDB"} ./... 2>&1) || code=$$?; \
	echo "$$said"; \
	case "$$GOVULNDB:$$code:$$said" in \
	:1:*"fetching vulnerabilities"*) \
		echo "The database is out of reach: known vulnerabilities were not looked for."; exit 0;; \
	esac; \
	exit $$code

generated: ## whether the generated files are what `make generate` makes
	@git rev-parse --git-dir >/dev/null 2>&1 || { echo "This is no git checkout: generated files were not compared."; exit 0; }; \
	state() { git status --porcelain; git diff; }; \
	before=$$(state); $(GO) generate ./... || exit 1; after=$$(state); \
	if [ "$$before" != "$$after" ]; then echo "These generated files were out of date and are new now:"; git status --short; exit 1; fi

# The tools live in ./bin and outside go.mod, so that nobody who builds renewd
# needs them.
$(staticcheck):
	GOBIN="$(CURDIR)/bin" $(GO) install honnef.co/go/tools/cmd/staticcheck@$(patsubst bin/staticcheck-%,%,$@)
	mv bin/staticcheck $@

$(govulncheck):
	GOBIN="$(CURDIR)/bin" $(GO) install golang.org/x/vuln/cmd/govulncheck@$(patsubst bin/govulncheck-%,%,$@)
	mv bin/govulncheck $@

bench: ## the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

cover: ## what the tests reach: bin/cover.html
	@mkdir -p bin
	$(GO) test -coverpkg=./... -coverprofile=bin/cover.out ./...
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -n 1

# Where things go. A package is staged with PREFIX=/usr DESTDIR=…; below
# /usr/local systemd looks, too.
PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
BINARY     ?= renewd
UNITDIR    ?= $(PREFIX)/lib/systemd/system
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
BASHDIR     = $(PREFIX)/share/bash-completion/completions
FISHDIR     = $(PREFIX)/share/fish/vendor_completions.d
DOCDIR      = $(PREFIX)/share/doc/renewd
units       = renewd.service renewd@.service renewd.socket renewd-admin.socket
docs        = README.md CHANGELOG.md LICENSE config.example.toml $(wildcard docs/*.md)

.PHONY: install uninstall deb

# It does not build: whoever installs is root, and often without Go.
install: ## the binary, its units and its documents below PREFIX (default /usr/local)
	@test -x "$(BINARY)" || { echo "There is no $(BINARY) to install: make build first."; exit 1; }
	install -D -m 755 "$(BINARY)" "$(DESTDIR)$(PREFIX)/bin/renewd"
	install -d "$(DESTDIR)$(UNITDIR)" "$(DESTDIR)$(DOCDIR)" "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	@set -e; for unit in $(units); do \
		echo "packaging/$$unit -> $(DESTDIR)$(UNITDIR)/$$unit"; \
		sed -e 's|/usr/bin/renewd|$(PREFIX)/bin/renewd|' -e 's|/usr/share/doc/|$(PREFIX)/share/doc/|' "packaging/$$unit" >"$(DESTDIR)$(UNITDIR)/$$unit"; \
		chmod 644 "$(DESTDIR)$(UNITDIR)/$$unit"; \
	done
	install -D -m 644 packaging/renewd.sysusers "$(DESTDIR)$(PREFIX)/lib/sysusers.d/renewd.conf"
	install -D -m 644 packaging/renewd.tmpfiles "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/renewd.conf"
	install -m 644 $(docs) "$(DESTDIR)$(DOCDIR)"
	install -d "$(DESTDIR)$(SYSCONFDIR)/renewd"
	"$(abspath $(BINARY))" completion bash >"$(DESTDIR)$(BASHDIR)/renewd"
	"$(abspath $(BINARY))" completion zsh >"$(DESTDIR)$(ZSHDIR)/_renewd"
	"$(abspath $(BINARY))" completion fish >"$(DESTDIR)$(FISHDIR)/renewd.fish"

# The user, the data and the configuration stay.
uninstall: ## remove what install put there; data and configuration stay
	rm -f "$(DESTDIR)$(PREFIX)/bin/renewd" $(foreach unit,$(units),"$(DESTDIR)$(UNITDIR)/$(unit)") \
		"$(DESTDIR)$(PREFIX)/lib/sysusers.d/renewd.conf" "$(DESTDIR)$(PREFIX)/lib/tmpfiles.d/renewd.conf" \
		"$(DESTDIR)$(BASHDIR)/renewd" "$(DESTDIR)$(ZSHDIR)/_renewd" "$(DESTDIR)$(FISHDIR)/renewd.fish"
	rm -rf "$(DESTDIR)$(DOCDIR)"

deb: build ## a Debian package, bin/renewd_VERSION_ARCH.deb; VERSION and BINARY may be given
	VERSION="$(VERSION)" BINARY="$(BINARY)" packaging/deb.sh bin

clean: ## remove what was made
	rm -rf bin renewd renewd-demo
