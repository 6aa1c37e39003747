# The one door: `make run`, `make test`, `make help`. Each target does its own set-up, once, behind a stamp file.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

# --ignore-scripts: none of our packages needs to run code of its own when it is installed
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r
FOR_RUN := $(VENV)/.for-run node_modules/.for-run
FOR_TEST := $(VENV)/.for-test node_modules/.for-test

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-full coverage docs lint lint-django fmt lock bench bench-% browser clean

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(FOR_RUN) ## Run Sandwarden on http://127.0.0.1:8000 with its own PostgreSQL and Redis (Ctrl-C stops all)
	@exec python -m runner.supervisor

test: $(FOR_TEST) browser ## Run the tests, those in a real browser too (ARGS="tests/events -k fold" for some)
	@exec pytest -n 3 --dist loadgroup -m "not full" $(ARGS)

coverage: $(FOR_TEST) browser ## Run the tests and measure which branches of our code they take; fails below the floor
	@exec pytest -n 2 --dist loadgroup -m "not full" --cov --cov-report=term:skip-covered $(ARGS)

test-full: $(FOR_TEST) browser ## Run every test, and search ten times as far where tests search
	@HYPOTHESIS_PROFILE=soak exec pytest -n 2 --dist loadgroup $(ARGS)

docs: $(FOR_TEST) browser ## Walk every journey in a browser and write its clicks and seconds into docs/journeys.md
	@JOURNEYS_PAGE=docs/journeys.md exec pytest -n 0 tests/journeys/test_journeys.py $(ARGS)

lint: $(FOR_TEST) ## Check style, types and the direction of imports; scripts, style sheets and templates too
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	node_modules/.bin/eslint .
	node_modules/.bin/tsc --project jsconfig.json
	node_modules/.bin/stylelint "static/css/*.css"
	djlint templates --lint --quiet
	@$(MAKE) --quiet lint-django

# Django's own check of a deployment, as behind HTTPS. That no model lacks its migration is a test: it needs a database.
lint-django: export PUBLIC_URL = https://sandwarden.example
lint-django: export SECRET_KEY = only-for-the-check-and-longer-than-fifty-characters-0123456789
lint-django: $(FOR_TEST)
	@python manage.py check --deploy --fail-level WARNING

fmt: $(FOR_TEST) ## Put the code in our format
	ruff check --fix-only --quiet .
	ruff format .

lock: $(FOR_TEST) ## Make the lock files again after a change of requirements*.txt; what they hold stays where it can
	@for name in requirements requirements-dev; do \
		uv pip compile --quiet --universal --python-version 3.11 --default-index https://pypi.org/simple \
			--generate-hashes --no-annotate --no-header $$name.txt --output-file $$name.lock; done

bench: $(FOR_TEST) ## Run every benchmark; the last line of each is one JSON object
	@set -e; found=; for file in benchmarks/bench_*.py; do \
		[ -e "$$file" ] || continue; found=1; name=$${file##*/}; \
		echo "== $${name%.py}"; python -m "benchmarks.$${name%.py}"; \
	done; [ -n "$$found" ] || echo "There is no benchmark yet: they will be benchmarks/bench_*.py"

bench-%: $(FOR_TEST) ## Run one benchmark: ingest, poll, push, query, reap, scale, accounts, alerts, pages or events-table
	@if [ -e "benchmarks/bench_$(subst -,_,$*).py" ]; then exec python -m "benchmarks.bench_$(subst -,_,$*)"; \
	else echo "There is no benchmark \"$*\" yet (it would be benchmarks/bench_$(subst -,_,$*).py)" >&2; exit 2; fi

clean: ## Remove what the set-up made (not var/, which holds your data)
	rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results

# Set-up. The test packages hold all that a run needs, so either order of `make run` and `make test` installs once.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Sandwarden needs Python 3.11 or newer: make PYTHON=python3.12 …" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "python3-venv is missing: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 2; }

$(VENV)/.for-run: requirements.lock | $(BIN)/python
	@echo "Installing Python packages …"
	@$(PIP_INSTALL) requirements.lock
	@touch $@

$(VENV)/.for-test: requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "Installing Python packages for the tests …"
	@$(PIP_INSTALL) requirements-dev.lock
	@touch $(VENV)/.for-run $@

node_modules/.for-run: package.json package-lock.json | $(VENV)/.for-run
	@echo "Installing npm packages …"
	@$(NPM_CI) --omit=dev
	@touch $@

node_modules/.for-test: package.json package-lock.json | $(VENV)/.for-test
	@echo "Installing npm packages for the tests …"
	@$(NPM_CI)
	@touch node_modules/.for-run $@

browser:
	@command -v chromium >/dev/null && exit; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium …"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "The browser tests need Chromium: sudo apt-get install chromium" >&2; exit 2; fi
