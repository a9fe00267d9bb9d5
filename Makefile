# What a newcomer and a maintainer run. Each target does everything it needs on a machine that has
# Python 3.11 or newer and nothing else; a step whose result is there already is skipped.

recent = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(or $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$each -c '$(recent)' 2>/dev/null && echo $$each && break; done), python3)
TORCH ?= torch==2.13.0
PYTEST_FLAGS ?= -n 2 --dist loadfile
MUTANTS_FLAGS ?= objectives

ifeq ($(OS),Windows_NT)
  SCRIPTS := Scripts
else
  SCRIPTS := bin
endif

BIN := .venv/$(SCRIPTS)
BIN_BENCH := .venv-bench/$(SCRIPTS)
BIN_INTEROP := .venv-interop/$(SCRIPTS)
BIN_FUZZ := .venv-fuzz/$(SCRIPTS)

# The stamps stand for "installed as pyproject.toml and constraints.txt say"; with a stamp for the base
# and one for the tools, `make demo` downloads no tools, and after `make test` it downloads nothing.
BASE := .venv/.base
DEV := .venv/.dev
BENCH := .venv-bench/.bench
INTEROP := .venv-interop/.interop
FUZZ := .venv-fuzz/.fuzz

# The wheel, unpacked apart from the sources.
WHEEL := build/wheel
sources = $(shell find src -name __pycache__ -prune -o -print)

# The theme advertises its successor on every build.
export NO_MKDOCS_2_WARNING := 1

# Puts the wheel before the sources, for this process and all that it starts.
tested = PYTHONPATH=$(abspath $(WHEEL)) FIRTH_TESTED=$(abspath $(WHEEL))
COVERED_BY = tests/unit/objectives tests/properties tests/kernels tests/golden/test_huffman.py \
  tests/unit/corpus/test_cooccurrence.py tests/unit/corpus/test_graph.py tests/unit/corpus/test_phrases.py tests/unit/classifier

say = @printf '==> %s\n'
pip_install = -m pip install -qq --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint pytest site test-interop coverage fuzz kills mutants bench docs format clean

help: ## List the targets
	@echo 'firth: learn vectors for words and any other tokens from your own sequences.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | while IFS='|' read -r target text; do \
	  printf '%-22s%s\n' "$$target" "$$text"; done
	@echo
	@echo 'Variables: PYTHON, PYTEST_FLAGS, TORCH, BENCH_FLAGS, FUZZ_FLAGS, KILLS_FLAGS, MUTANTS_FLAGS.'

demo: $(BASE) ## Train on the documentation of your own Python and look at the result
	$(say) 'Training on the documentation of the standard library (firth demo)'
	@$(BIN)/firth demo
	$(say) 'firth is $(BIN)/firth: try $(BIN)/firth neighbors demo-vectors file'

test: lint site pytest ## Lint, type-check, build the documentation and the wheel, run the tests

lint: $(DEV) ## Format and lint rules, types, layers of imports
	$(say) 'Checking the format (ruff format --check)'
	@$(BIN)/ruff format --quiet --check .
	$(say) 'Checking the rules (ruff check)'
	@$(BIN)/ruff check --quiet .
	$(say) 'Checking the types (mypy --strict)'
	@$(BIN)/mypy --no-error-summary
	$(say) 'Checking the layers of imports (lint-imports)'
	@$(BIN)/lint-imports --no-logo >.venv/lint-imports.log 2>&1 || { cat .venv/lint-imports.log; exit 1; }

site: $(DEV) ## Build the documentation, warnings being errors, into site/
	$(say) 'Building the documentation (mkdocs build --strict)'
	@$(BIN)/mkdocs build --quiet --strict --clean

pytest: $(WHEEL)/.unpacked ## Build the wheel and run the tests against it
	$(say) 'Running the tests (pytest)'
	@$(tested) $(BIN)/pytest --quiet $(PYTEST_FLAGS)

coverage: $(DEV) ## Run kernels as plain Python and tell which of their lines, and of the objectives', tests reach
	$(say) 'Running kernels as plain Python (NUMBA_DISABLE_JIT=1 pytest)'
	@NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest --quiet -m 'not compiled and not quality' $(COVERED_BY)
	@$(BIN)/coverage report

test-interop: $(WHEEL)/.unpacked $(INTEROP) ## Check against gensim, fastText, word2vec.c, model2vec and sentence-transformers
	$(say) 'Running the tests against other tools (pytest tests/interop)'
	@$(tested) $(BIN_INTEROP)/pytest --quiet tests/interop

fuzz: $(FUZZ) ## Give every reader hostile inputs for minutes (FUZZ_FLAGS='--reader glove --seconds 60')
	$(say) 'Fuzzing the readers (tests/fuzz/long_run.py)'
	@FIRTH_CACHE=build/test-cache $(BIN_FUZZ)/python tests/fuzz/long_run.py $(FUZZ_FLAGS)

kills: $(DEV) ## Kill a hundred runs at random moments and check what they come to (KILLS_FLAGS='--kills 20')
	$(say) 'Killing runs (python -m benchmarks.kills)'
	@FIRTH_CACHE=build/test-cache $(BIN)/python -m benchmarks.kills $(KILLS_FLAGS)

mutants: $(DEV) ## Change the sources in small ways and see whether tests notice (MUTANTS_FLAGS='formats --count 50')
	$(say) 'Changing the sources (python -m benchmarks.mutants)'
	@$(BIN)/python -m benchmarks.mutants $(MUTANTS_FLAGS)

bench: $(BENCH) ## Run the benchmarks side by side with other trainers (BENCH_FLAGS=...)
	$(say) 'Running the benchmarks (python -m benchmarks.run)'
	@$(BIN_BENCH)/python -m benchmarks.run $(BENCH_FLAGS)

docs: $(DEV) ## Serve the documentation at http://127.0.0.1:8000
	@$(BIN)/mkdocs serve

format: $(DEV) ## Put the code into its format and mend what can be mended
	@$(BIN)/ruff check --quiet --fix --exit-zero .
	@$(BIN)/ruff format .

clean: ## Remove everything that the other targets have made
	rm -rf .venv .venv-bench .venv-interop .venv-fuzz .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache build dist site demo-vectors
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A half-made environment is removed, so that the next try starts clean.
.venv/.python .venv-bench/.python .venv-interop/.python .venv-fuzz/.python:
	@$(PYTHON) -c '$(recent)' 2>/dev/null || { \
	  echo "firth needs Python 3.11 or newer, but $(PYTHON) is $$($(PYTHON) --version 2>/dev/null || echo missing):" \
	    'name another one, as in: make demo PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo '$(PYTHON) comes without venv: install it (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	$(say) "Making $(@D) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(@D) || { rm -rf $(@D); exit 1; }
	@touch $@

$(BASE): pyproject.toml constraints.txt | .venv/.python
	$(say) 'Installing firth into .venv (about 120 MB of downloads)'
	@$(BIN)/python $(pip_install) -e .
	@touch $@

$(DEV): pyproject.toml constraints.txt | .venv/.python
	$(say) "Installing firth and its developers' tools into .venv"
	@$(BIN)/python $(pip_install) -e '.[dev]'
	@touch $(BASE) $@

# All files get one time, so that what is compiled of an unchanged kernel stays in its cache.
$(WHEEL)/.unpacked: pyproject.toml README.md LICENSE $(sources) | $(DEV)
	$(say) 'Building the wheel (hatchling) into build/dist and unpacking it into $(WHEEL)'
	@rm -rf $(WHEEL) build/dist
	@$(BIN)/python -m hatchling build --target wheel --directory build/dist >/dev/null
	@$(BIN)/python $(pip_install) --no-index --no-deps --no-compile --target $(WHEEL) build/dist/*.whl
	@find $(WHEEL) -type f -exec touch -t 202001010000 {} +
	@touch $@

$(BENCH): pyproject.toml constraints.txt | .venv-bench/.python
	$(say) 'Installing firth and the trainers to compare with into .venv-bench'
	@$(BIN_BENCH)/python $(pip_install) -e '.[bench]'
	@touch $@

$(FUZZ): pyproject.toml constraints.txt | .venv-fuzz/.python
	$(say) 'Installing firth and atheris into .venv-fuzz'
	@$(BIN_FUZZ)/python $(pip_install) -e '.[fuzz]'
	@touch $@

# torch first and alone: the build of it that is wanted here is chosen by TORCH, not by a dependency.
$(INTEROP): pyproject.toml constraints.txt | .venv-interop/.python
	$(say) 'Installing firth and the tools to check against into .venv-interop ($(TORCH): large)'
	@$(BIN_INTEROP)/python $(pip_install) '$(TORCH)'
	@$(BIN_INTEROP)/python $(pip_install) -e '.[interop,dev]'
	@touch $@
