export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

test: node_modules
	vitest run

node_modules: package.json package-lock.json
	npm ci
	touch node_modules

.PHONY: test
