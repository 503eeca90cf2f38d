# Two commands to know: `make demo` and `make test`. `make` alone lists the rest.
PYTHON ?= python3
VENV := .venv
LAZY := .venv-lazy
BIN := $(VENV)/bin
OUT ?= demo
WORKERS ?= 2
SEED ?= 0
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo test fault-test condor-test lazy-test references check types lint imports notebooks bench lock clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/run: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version.split()[0]; sys.version_info >= (3, 11) or sys.exit("darkbelle needs Python 3.11 or newer, this is " + v + "; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

install: $(VENV)/run  ## build .venv from the hash-pinned requirements

demo: $(VENV)/run  ## from collisions to the limit on an invisible Z′, with an HTML page: OUT=demo WORKERS=2
	$(BIN)/darkbelle demo --out $(OUT) --workers $(WORKERS)

test: check  ## all checks and all tests; those on HTCondor if CONDOR_POOL names a pool
	$(BIN)/pytest -n $(WORKERS) --dist loadscope -m "not long and not (condor and slow)" tests
	$(BIN)/pytest --doctest-modules --pyargs darkbelle -p no:cacheprovider -q

condor-test: $(VENV)/dev  ## all tests on a real HTCondor pool, started for them where that can be
	.ci/with-condor $(BIN)/pytest -m condor tests/jobs

$(LAZY)/run: requirements-lazy.txt pyproject.toml
	$(PYTHON) -m venv $(LAZY)
	$(LAZY)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lazy.txt
	$(LAZY)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lazy-test: $(LAZY)/run  ## dask-awkward beside an ordinary run, in an environment of its own
	$(LAZY)/bin/python -m pytest tests/jobs/test_lazy.py

fault-test: $(VENV)/dev  ## 240 random schedules of faults, of which `make test` has 40: SEED=0
	$(BIN)/pytest -n $(WORKERS) --schedules 240 --first-schedule $(SEED) tests/jobs/faults

check: lint types imports  ## the checks that run nothing

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md docs src processors selections fitting jobs

types: $(VENV)/dev
	$(BIN)/mypy

imports: $(VENV)/dev
	$(BIN)/lint-imports

notebooks: $(VENV)/dev  ## open the notebooks in the browser's format, without outputs
	$(BIN)/jupytext --to ipynb notebooks/*.py

bench: $(VENV)/dev  ## throughput beside uproot, pandas and, where installed, RDataFrame
	$(BIN)/python -m pytest benchmarks -q -s

references: $(VENV)/dev  ## pyhf's limits of the workspaces that engines are compared on, ten minutes
	$(BIN)/python -m darkbelle.fitting.validation tests/fitting/validation/references.json

lock: $(VENV)/dev  ## resolve the pinned requirements anew (needs uv and the package index)
	$(BIN)/python .ci/lock.py

clean:  ## remove caches, not the environment
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find src processors selections fitting jobs tests benchmarks -name __pycache__ -prune -exec rm -rf {} +
