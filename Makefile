# pdev: `make demo` and `make test` are all a newcomer needs. Everything is installed into .venv, nothing outside it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: demo test check format lint types imports lock clean

demo: $(VENV)/.run  ## watch labelled issues become pull requests on a simulated GitHub
	@$(BIN)/pdev demo $(ARGS)

test: $(VENV)/.test  ## the whole suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(ARGS)

check: format lint types imports test  ## what a change must pass

format: $(VENV)/.test
	$(BIN)/ruff format --check .

lint: $(VENV)/.test
	$(BIN)/ruff check .

types: $(VENV)/.test
	$(BIN)/mypy

imports: $(VENV)/.test
	$(BIN)/lint-imports

lock: $(VENV)/.test  ## resolve the newest allowed versions again
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --upgrade pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --upgrade -c requirements/run.txt --extra test pyproject.toml -o requirements/test.txt

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "pdev needs Python 3.11 or newer on PATH (or: make PYTHON=/path/to/python3.12 …)"; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info
