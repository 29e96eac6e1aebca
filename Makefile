# Two commands on a machine with Python 3.11, git and make: `make repro` and `make test`.
# Each sets up its own environment first; doing either twice costs a second.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

.PHONY: repro test lint setup clean help

help:  ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

repro: $(VENV)/run  ## run the pipeline for the tasks in params.yaml and print the verdicts
	@$(BIN)/python -m decant check
	@PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro
	@$(BIN)/python -m decant verdict

test: lint  ## check the code, then run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/dev  ## check the code and its format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

setup: $(VENV)/dev  ## only set up the environment

clean:  ## remove the environment and checkpoints, not the data or the cache
	rm -rf $(VENV) .work

# A stamp per set of requirements: pip runs again only when a list has changed.
$(VENV)/run: requirements.txt constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.txt --constraint constraints.txt
	@touch $@

$(VENV)/dev: requirements-dev.txt $(VENV)/run
	$(BIN)/pip install --quiet --requirement requirements-dev.txt --constraint constraints.txt
	@touch $@
