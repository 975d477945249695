# Keyosk's commands. `make run` and `make test` set everything up by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ROOMS := config console gateway billing channels_app accounts foundation
# How many test processes; CI machines have two cores.
JOBS ?= 2

# What of the suite CI also runs with a silent Redis: calls, money, pages, tasks.
SILENT ?= $(addprefix tests/, foundation/test_cache.py foundation/test_queue.py foundation/test_broadcast.py foundation/test_silence.py \
  accounts/test_signin.py accounts/test_onboarding.py billing/test_settlement.py billing/test_codes.py billing/test_purse.py \
  channels_app/test_rounds.py channels_app/test_health.py console/pages/test_key_status.py console/admin/test_tenants.py \
  console/admin/test_cards.py gateway/test_boot.py gateway/test_dispatch_routing.py gateway/test_flusher.py gateway/test_handler.py \
  gateway/test_signals.py gateway/test_throttling.py)

.PHONY: help install run test paused check bench chaos fmt css messages lock

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'

run: environment ## start everything behind http://127.0.0.1:8000 (PORT=…, RELAYS=n)
	@exec $(BIN)/python manage.py up

install: environment ## make .venv with what Keyosk runs on

test: tools ## run the whole test suite with coverage, on an embedded PostgreSQL and Redis of its own
	@exec $(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term:skip-covered $(TESTS)

paused: tools ## run a part of the suite with a Redis that says nothing (SILENT=tests: all of it)
	@exec env KEYOSK_TEST_REDIS=paused $(BIN)/python -m pytest -n $(JOBS) -q $(SILENT)

check: tools ## format, lint, types, import contracts, templates, migrations, API schema
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(ROOMS) tests bench manage.py
	$(BIN)/lint-imports
	$(BIN)/djlint --check --lint templates
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null

bench: tools ## measure the relay beside a bare proxy
	@exec $(BIN)/python -m bench.run

chaos: tools ## load on four relays while everything is killed, frozen and restarted; then 0 µ$ lost or doubled
	@exec $(BIN)/python -m tests.chaos $(CHAOS)

compat: tools ## real clients (SDKs, command lines) against a running instance; prints client × feature (needs node)
	@exec $(BIN)/python -m tests.compat $(CLIENTS)

fmt: tools ## format the code and the templates
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	-$(BIN)/djlint --quiet --reformat templates

css: ## compile static/src/app.css into static/css/app.css (needs node)
	npm ci --no-audit --no-fund
	npm run build

messages: tools ## collect and compile the texts to translate (needs gettext)
	$(BIN)/python manage.py makemessages --all --no-obsolete --no-location --ignore=node_modules --ignore=var --ignore=$(VENV)
	$(BIN)/python manage.py compilemessages --ignore=$(VENV) --ignore=node_modules

lock: ## compile requirements*.in to hashed locks (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

# Looked at each time, which costs a moment: the environment may have been moved or its Python taken away.
.PHONY: environment tools
environment:
	@deploy/venv.sh $(PYTHON) $(VENV) requirements.txt $(VENV)/.lock

tools: environment
	@deploy/venv.sh $(PYTHON) $(VENV) requirements-dev.txt $(VENV)/.lock-dev
