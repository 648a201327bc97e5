# Two commands are enough: `make run` (the whole chain on generated scenes) and `make test`.
# Needs Python 3.11 or newer, a C++ compiler and make; everything else goes into .venv.

SHELL := /bin/bash
CONFIG ?= config/quickstart.yaml
# The first Python that is new enough; choose another with `make PYTHON=... env`.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
# Further options of pip, for instance an index with CPU builds of PyTorch (the usual one gives the CUDA build).
PIP_OPTIONS ?=
PYTEST_OPTIONS ?=

BIN := .venv/bin
STAMP := .venv/.installed
# One thread a test: the small arrays of the tests gain nothing from more, and results do not depend on the machine.
TEST_ENV := OMP_NUM_THREADS=1 MPLBACKEND=Agg PYTHONDONTWRITEBYTECODE=1

.PHONY: help env run test test-all test-slurm lint lint-style lint-format lint-types lint-rules lint-workflow format bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: $(STAMP) ## Make .venv with the package and its development tools

$(STAMP): pyproject.toml setup.py $(wildcard wsss_core/*/*.cpp wsss_core/*/*.h)
	@test -n "$(PYTHON)" || { echo "expected Python 3.11 or newer, found none; install one or give PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_OPTIONS) -e '.[dev]'
	@touch $@

run: env ## Run the whole chain of CONFIG and show its figures
	$(BIN)/wsss run "$(CONFIG)"
	@$(BIN)/wsss compare "$(CONFIG)"

test: env ## Run the tests, without slow ones and those that need a GPU
	$(TEST_ENV) $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not slow and not gpu" $(PYTEST_OPTIONS)

test-all: env ## Run all tests
	$(TEST_ENV) $(BIN)/python -m pytest -q $(PYTEST_OPTIONS)

test-slurm: export PATH := $(PATH):/usr/sbin:/sbin
test-slurm: env ## Run the tests that need a SLURM, on a throw-away one
	@for name in slurmctld slurmd munged sbatch; do command -v $$name >/dev/null || \
		{ echo "expected $$name, found none; install SLURM and munge (Debian: slurm-wlm munge), see docs/cluster.md" >&2; exit 1; }; done
	$(TEST_ENV) $(BIN)/python -m pytest -q tests/slurm $(PYTEST_OPTIONS)

lint: lint-style lint-format lint-types lint-rules lint-workflow ## Check style, types and the workflow

lint-style: env
	$(BIN)/ruff check .

lint-format: env
	$(BIN)/ruff format --check .

lint-types: env
	$(BIN)/mypy

lint-rules: env
	$(BIN)/snakefmt --check Snakefile rules storage

lint-workflow: env
	$(BIN)/python -m snakemake --lint --configfile "$(CONFIG)"

format: env ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules storage

bench: env ## Measure against plain baselines, see docs/benchmarks.md
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks

docs: env ## Build the pages of docs/ as a site in build/site; a link that leads nowhere is an error
	$(BIN)/python -c 'import material' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

clean: ## Remove caches, logs and build output; results and .venv stay
	rm -rf logs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
