VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV ?= uv
COMPILE := $(UV) pip compile -q --universal -p 3.12 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header
# Of the tests; 0 runs them in pytest's own, which is easier to look into.
PROCESSES ?= 2
# Options for the program that a target runs, as in: make test ARGS="-k exit"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo dev test check bench lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo '  Options go in ARGS, as in: make test ARGS="-k exit"'

demo: $(INSTALLED) ## Run half a year of a small portfolio in a minute or two, and look at it
	@$(BIN)/python -m workers demo $(ARGS)

dev: $(INSTALLED) ## Run everything on this machine: Postgres, Temporal, mail, worker, web
	@$(BIN)/python -m workers dev $(ARGS)

test: $(INSTALLED) ## Run the tests, in two processes, each with servers of its own
	@$(BIN)/python -m pytest -n $(PROCESSES) --dist worksteal $(ARGS)

check: $(INSTALLED) ## Lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(INSTALLED) ## Run the benchmarks
	@$(BIN)/python -m benchmarks $(ARGS)

lock: ## Resolve the dependencies anew (needs uv)
	$(COMPILE) pyproject.toml --group application -o requirements/application.txt
	$(COMPILE) pyproject.toml --group dev -o requirements/dev.txt

clean: ## Remove the environment and the caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): requirements/dev.txt pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# A name on PATH is no proof of a Python: version managers put shims there that refuse to run. So each is run.
$(BIN)/python:
	@for python in python3.13 python3.12 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then \
	    echo "Creating $(VENV) with $$("$$python" --version)."; \
	    exec "$$python" -m venv --clear $(VENV); \
	  fi; \
	done; \
	if command -v $(UV) >/dev/null 2>&1; then \
	  exec $(UV) venv --seed --python '>=3.12' $(VENV); \
	fi; \
	echo "Tenure needs Python 3.12 or later with its venv module: install it, or uv (https://docs.astral.sh/uv/), and run make again." >&2; \
	exit 1
