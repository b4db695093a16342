# `make demo` and `make test` are all one needs; they set up `.venv` first. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test lint verify bench docs notebooks lock clean

BIN := .venv/bin
READY := .venv/.ready
# Two test processes, a file to each, so that what a file computes once is not computed twice;
# coverage through the interpreter's monitoring, which costs a few per cent, not half the speed.
# A test process that dies ends the run: a run that starts another may wait for ever.
PYTEST := COVERAGE_CORE=sysmon $(BIN)/pytest -n 2 --dist loadfile --max-worker-restart 0

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## answer questions/heated_cavity.yaml from question to claim
	$(BIN)/aion ask questions/heated_cavity.yaml

test: lint ## checks and fast tests, with coverage
	$(PYTEST) -m "not slow" --cov --cov-report=term

lint: $(READY) ## style, types and the layers of the packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

verify: $(READY) ## slow tests, then orders of accuracy, reference values and canaries
	$(PYTEST) -m slow
	$(BIN)/aion verify

bench: $(READY) ## measure the figures of docs/performance.md
	for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python "$$benchmark"; done

docs: $(READY) ## build the documentation in docs/_build
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build
	@echo "open docs/_build/index.html"

notebooks: $(READY) ## execute every notebook; each asserts its numbers
	$(BIN)/pytest -m "" tests/test_notebooks.py

lock: $(READY) ## pin every dependency of every extra anew
	uv=$$(command -v uv || echo .tools/bin/uv); \
	"$$uv" pip compile pyproject.toml --all-extras --upgrade --python-version 3.12 --quiet \
	  --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements.lock

clean: ## remove everything that the other targets made, except stores of results
	rm -rf .venv .tools build dist docs/_build docs/api .pytest_cache .ruff_cache \
	  .import_linter_cache .hypothesis .coverage* htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock .ci/set_up
	@echo "setting up .venv (a few minutes the first time)"
	@.ci/set_up
	@touch $@
