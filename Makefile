# Every job sets up what it needs in .venv. Only Python (3.11 to 3.13) and make must be there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Stamps: touched last, so that an interrupted installation is done again.
READY := $(VENV)/ready
READY_DEV := $(VENV)/ready-dev

.DEFAULT_GOAL := help
.PHONY: help check ci test lint slow bench clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

check: $(READY) ## Model-check the kernel's default scenarios; then find each bug of the zoo
	$(BIN)/mcheck check
	$(BIN)/pytest -q -p no:cacheprovider properties/test_zoo.py

ci: $(READY) ## Model-check the kernel's larger scenarios (minutes)
	$(BIN)/mcheck check --size ci

test: lint ## Lint, check types and imports, run the tests
	$(BIN)/pytest

lint: $(READY_DEV) ## Lint, check the format, the types and who imports whom
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo

slow: $(READY_DEV) ## Run the tests that take minutes
	$(BIN)/pytest -m slow

bench: $(READY) ## Measure speed and memory, of other model checkers too; SIZES=M, ROUNDS=1 for less
	$(BIN)/python -m bench.compare $(if $(SIZES),--sizes $(SIZES)) $(if $(ROUNDS),--rounds $(ROUNDS))
	$(BIN)/python -m bench.growth

clean: ## Remove the virtual environment, caches and build output
	rm -rf $(VENV) build dist .hypothesis .import_linter_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "$(PYTHON) is not Python 3.11 to 3.13: name another with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(READY_DEV): $(READY)
	$(PIP) --editable '.[dev]'
	@touch $@
