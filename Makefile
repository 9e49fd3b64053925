# make help lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SERVICES := generator processor inspector standalone
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X csv-pipeline/internal/ops.Version=$(VERSION)
# Tests look for data races where there is a C compiler.
RACE     := $(shell command -v gcc >/dev/null && echo -race)
GO_DIRS  := services internal tests

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: run
run: bin/standalone ## Run everything in one process and open http://localhost:8080
	@bin/standalone

.PHONY: build
build: $(SERVICES:%=bin/%) ## Build the services into bin/

bin/%: FORCE
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $@ ./services/$*

.PHONY: test
test: test-deps ## Install what the tests need and run them
	go test $(RACE) ./...
	cd tests/chart && go test ./...

.PHONY: test-deps
test-deps:
	@scripts/install redis-server

.PHONY: lint
lint: ## Check format, vet, staticcheck, chart and scripts
	@scripts/lint

.PHONY: bench
bench: test-deps ## Measure speed and memory; prints figures
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: clean
clean: ## Remove what was built, but not data/
	rm -rf bin dist .tools

FORCE:
