# Node and npm of the machine install the packages; the pinned Node among them runs everything else.
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Types stripped once, not at every start: half the start-up time, and 20 MB less memory.
export NODE_COMPILE_CACHE ?= $(CURDIR)/.cache/node

# `make up` takes its defaults from .envs/common.env and .envs/$(TIER).env.
TIER ?= source
IMAGE ?= trackyard
# The database of `make bench`: sqlite or postgres.
BACKEND ?= sqlite

.DEFAULT_GOAL := help
.PHONY: help up test check image bench ui

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-8s %s\n", $$1, $$2 }' Makefile

up: node_modules ui ## Start a tracking server on http://127.0.0.1:5000 (MLFLOW_PORT=5001 make up for another port)
	@exec node --env-file-if-exists=.envs/common.env --env-file-if-exists=.envs/$(TIER).env server/cli.ts server

test: node_modules ui ## Run every test this machine can run, and say what was skipped
	@vitest run

check: node_modules ## Check format, lint, types, dead code and layers
	@biome check
	@tsc --noEmit -p .
	@knip --no-config-hints
	@vitest run test/layers.test.ts

image: ## Build the image and print its size (IMAGE=name:tag)
	@docker build --file docker/Dockerfile --tag $(IMAGE) \
	  --build-arg REVISION="$$(git rev-parse HEAD 2>/dev/null)" --build-arg SOURCE="$(SOURCE)" .
	@docker image inspect $(IMAGE) --format '{{.Size}}' | awk '{ printf "$(IMAGE): %.0f MB\n", $$1 / 1e6 }'

bench: node_modules ## Measure start, then every kind of work beside mlflow server (BACKEND=postgres; under ten minutes)
	@npm run --silent bench:start; start=$$?; npm run --silent bench:compare -- --backend $(BACKEND) && exit $$start

# Without the UI the server runs and says at / how to get it, so a machine without a network may go on.
ui: node_modules
	@bin/trackyard ui >/dev/null || echo "make: going on without MLflow's web UI" >&2

node_modules: package-lock.json
	@echo 'installing packages (about a minute)'
	@PATH='$(MACHINE_PATH)' npm ci --no-progress --loglevel=error >/dev/null
	@touch node_modules
