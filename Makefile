# make help lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SERVICES := generator processor inspector standalone
# The images' tag: the chart asks for that of its appVersion.
VERSION  ?= $(shell sed -n 's/^appVersion: *//p' charts/csv-pipeline/Chart.yaml)
# What the binaries say that they are: with the commit, as in 0.3.0+1a2b3c4-dirty.
REVISION := $(shell git describe --always --dirty --exclude '*' 2>/dev/null)
BUILD    := $(VERSION)$(REVISION:%=+%)
IMAGES   ?= ghcr.io/csv-pipeline
BUCKETS  ?= false true
# Without these, Google's client brings gRPC's service mesh and html/template along, which makes
# the linker keep every method: each binary is twice as large. nethttpomithttp2 leaves out HTTP/2,
# half a megabyte: the inspector speaks plain HTTP, and the clouds' clients do without.
TAGS     := nethttpomithttp2,grpcnotrace,disable_grpc_modules
LDFLAGS  := -s -w -X csv-pipeline/internal/cli.Version=$(BUILD)
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: bin/standalone ## Run everything in one process and open http://localhost:8080
	@bin/standalone

.PHONY: build
build: $(SERVICES:%=bin/%) ## Build the services into bin/

bin/%: FORCE
	@CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags '$(LDFLAGS)' -o $@ ./services/$*

# Packages whose tests link the clouds' clients. These are by far the most to compile, so make check leaves them to
# make lint and make test, and make race-short to make race.
CLOUDS   := internal/filestore/(bucketstore|cloudtest|s3test)$$|internal/notification$$|tests/chaos$$
# No goroutines of its own, and millions of rows.
NO_RACE  := internal/resultformat$$
# What make check leaves to make test as well: tests that build programs, run the whole demo, or need servers that
# stand in for clouds. -short leaves out single tests that take a minute.
SLOW     := internal/cli$$|services/(generator|standalone)$$|internal/filestore/storeurl$$
# As the Dockerfile builds without BUCKETS: programs that tests build then share what is compiled.
PLAIN    := nethttpomithttp2,nobuckets

.PHONY: check
check: ## Check format, vet and the tests that need no more than Redis
	@scripts/install redis-server
	@unformatted=$$(git ls-files --cached --others --exclude-standard '*.go' | xargs gofmt -l); \
	  if [[ -n $$unformatted ]]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go vet -tags $(PLAIN) $$(go list ./... | grep -vE '$(CLOUDS)')
	@# The longest first, and three at once: they wait for Redis half of their time.
	go test -short -vet=off -p 3 -tags $(PLAIN) ./internal/web ./internal/queue ./internal/events $$(go list ./... | grep -vE '$(CLOUDS)|$(SLOW)')

.PHONY: test
test: ## Install what the tests need and run them
	@scripts/install redis-server
	@# Servers are built while those tests run that need none of them.
	@$(MAKE) --no-print-directory --jobs 2 test-deps test-own
	@$(MAKE) --no-print-directory test-servers

.PHONY: test-own
test-own:
	go test -tags $(PLAIN) -timeout 30m $$(go list ./... | grep -vE '$(CLOUDS)')

.PHONY: test-servers
test-servers:
	go test -tags $(TAGS) -timeout 30m $$(go list ./... | grep -E '$(CLOUDS)') ./internal/filestore/storeurl
	@# Not cached: Go does not see that the chart, outside of that module, has changed.
	cd tests/chart && go test -count=1 ./...

.PHONY: race-short
race-short: ## Look for data races where the clouds' clients are not linked, without the longest tests (needs a C compiler)
	@scripts/install redis-server
	go test -race -short -tags nobuckets -timeout 30m $$(go list ./... | grep -vE '$(CLOUDS)|$(NO_RACE)|$(SLOW)')

.PHONY: race
race: test-deps ## Look for data races in all packages, by all tests
	go test -race -timeout 60m ./...

.PHONY: test-deps
test-deps:
	@scripts/install redis-server prometheus versitygw fake-gcs-server npm tests/azurite

.PHONY: browser
browser: build ## Test the pages in a real Chromium
	@scripts/install redis-server chromium npm tests/browser
	cd tests/browser && npm test

.PHONY: screenshots
screenshots: build ## Make the pictures of the pages in docs/images, and the moving one of the README
	@scripts/install redis-server chromium npm tests/browser
	node tests/browser/screenshots.mjs docs/images
	node tests/browser/recording.mjs docs/images

.PHONY: bench-inspector
bench-inspector: test-deps ## Measure the pages with 100,000 files, and file serving beside nginx
	@scripts/install nginx wrk
	tests/load/inspector.sh

.PHONY: generate
generate: ## Make the Go code of the pages from their templates
	@scripts/generate

.PHONY: lint
lint: ## Install golangci-lint, shellcheck and yamllint, and check format, code, chart, workflows and scripts
	@scripts/lint

.PHONY: vulnerabilities
vulnerabilities: ## Look for known vulnerabilities in code that is called; asks vuln.go.dev
	@for module in $$(git ls-files '*go.mod'); do \
	  echo "govulncheck $${module%go.mod}"; (cd "$$(dirname "$$module")" && go run $(GOVULNCHECK) ./...); done

.PHONY: readme
readme: ## Run the commands of README.md, as far as this machine has what they need
	@scripts/install redis-server
	@scripts/readme

.PHONY: bench
bench: test-deps ## Measure speed and memory; prints figures
	go test -run '^$$' -bench . -benchmem ./...
	cd bench && go test -count=1 ./differential
	cd bench && go run .
	cd bench/queue && go test -count=1 -v -timeout 20m .
	cd bench && go run ./scale
	$(MAKE) --no-print-directory bench-inspector

.PHONY: differential
differential: ## Compare the engine's results with DuckDB's on random files (needs a C compiler)
	cd bench && go test -count=1 -v ./differential

.PHONY: arm64
arm64: ## Test the engine as arm64 processors run it, which qemu emulates (on Linux)
	@scripts/install qemu-user-static
	GOARCH=arm64 CGO_ENABLED=0 go test -short -exec qemu-aarch64-static ./internal/separators ./internal/groupby ./internal/dialect

.PHONY: pollock
pollock: ## Score how well polluted files are read; POLLOCK is a clone of the benchmark HPI-Information-Systems/Pollock
	go run ./tests/pollock $(POLLOCK)

.PHONY: images
images: ## Build the images that the chart asks for, without and with BUCKETS=true; GO_IMAGE and BASE_IMAGE are what they are built on
	@for service in $(SERVICES); do for buckets in $(BUCKETS); do \
	  tag=$(IMAGES)/$$service:$(VERSION); [[ $$buckets == false ]] || tag+=-buckets; \
	  DOCKER_BUILDKIT=1 docker build --quiet --target $$service --tag "$$tag" --build-arg BUCKETS=$$buckets \
	    --build-arg GO_IMAGE --build-arg BASE_IMAGE --build-arg GOPROXY --build-arg VERSION=$(BUILD) . >/dev/null; \
	  docker image ls --format '{{.Repository}}:{{.Tag}}  {{.Size}}' "$$tag"; \
	done; done

.PHONY: install
install: ## Build the images, load them into the cluster of the current context and install the chart there
	@scripts/install-release install

.PHONY: uninstall
uninstall: ## Remove what make install installed, with its files
	@scripts/install-release uninstall

.PHONY: e2e
e2e: ## Test with docker compose and on the cluster of KUBECONFIG, which has KEDA
	go test -tags e2e -count=1 -v -timeout 45m ./tests/e2e

.PHONY: e2e-chaos
e2e-chaos: ## Take parts of the pipeline away on the cluster of KUBECONFIG; see tests/e2e/chaos_test.go
	go test -tags e2e,chaos -count=1 -v -timeout 60m -run TestChaos ./tests/e2e

.PHONY: e2e-scale
e2e-scale: ## Have KEDA start 500 Jobs on nodes of kwok; see tests/e2e/scale_test.go
	go test -tags e2e,scale -count=1 -v -timeout 60m -run TestManyJobs ./tests/e2e

ROUNDS ?= 1000
.PHONY: chaos
chaos: test-deps ## Kill, stop and cut off real processes for ROUNDS=1000 random rounds
	CHAOS_ROUNDS=$(ROUNDS) go test -count=1 -v -timeout 12h -run TestRounds ./tests/chaos
	CHAOS_EVENT_ROUNDS=$(ROUNDS) CHAOS_PARALLEL=8 go test -count=1 -v -timeout 12h -run TestEventRounds ./tests/chaos
	EVENTS_ROUNDS=$(ROUNDS) go test -count=1 -timeout 12h -run TestNothingIsLost ./internal/events

.PHONY: hostile
hostile: ## Read files that strangers may send to break a Job, of a gigabyte each
	HOSTILE_MIB=1024 go test -count=1 -v -timeout 2h -run TestHostileFiles ./services/processor

.PHONY: clean
clean: ## Remove what was built, but not data/
	rm -rf bin dist .tools

FORCE:
