# Node and npm of the machine install the packages; the pinned Node among them runs everything else.
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Types stripped once, not at every start: half the start-up time, and 20 MB less memory.
export NODE_COMPILE_CACHE ?= $(CURDIR)/.cache/node

# source, local or team. `make up` takes its defaults from .envs/common.env and .envs/$(TIER).env.
TIER ?= source
IMAGE ?= trackyard
ENV ?= .envs/$(TIER).env
# Where the team tier's secrets are, and which backup `make restore` puts back.
SECRETS ?= $(CURDIR)/.secrets
BACKUP ?=
COMPOSE = TRACKYARD_IMAGE=$(IMAGE) TEAM_SECRETS=$(SECRETS) TEAM_ENV=$(ENV) docker compose --env-file .envs/common.env --env-file $(ENV) --profile $(TIER)
# The database of `make bench`: sqlite or postgres.
BACKEND ?= sqlite

.DEFAULT_GOAL := help
.PHONY: help up down upgrade backup restore test check image bench ui

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-8s %s\n", $$1, $$2 }' Makefile

ifeq ($(TIER),source)
up: node_modules ui ## Start a tracking server on http://127.0.0.1:5000 (TIER=local or TIER=team: in Docker)
	@exec node --env-file-if-exists=.envs/common.env --env-file-if-exists=$(ENV) server/cli.ts server
else
up: $(ENV)
	@[ $(TIER) != team ] || docker/team/make-secrets.sh $(SECRETS)
	@$(COMPOSE) up --detach --wait
endif

down: ## Stop what `make up TIER=local` or TIER=team started; the data stays
	@$(COMPOSE) down

upgrade: ## Team tier: replace the servers by the image's, one after another, while they are used
	@for server in server-1 server-2; do $(COMPOSE) up --detach --wait --no-deps $$server || exit 1; done

backup: ## Team tier: back up now
	@$(COMPOSE) exec --no-TTY backup bash /run/trackyard/backup.sh now

restore: ## Team tier: put a backup in the place of what is there (BACKUP=name)
	@$(COMPOSE) stop server-1 server-2
	@$(COMPOSE) exec --no-TTY backup bash /run/trackyard/backup.sh restore '$(BACKUP)'
	@$(COMPOSE) up --detach --wait

.envs/team.env:
	@cp .envs/team.env.example $@

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
